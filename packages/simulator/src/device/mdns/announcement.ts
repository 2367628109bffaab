import { setTimeout as pause } from 'node:timers/promises';
import makeSocket, { type MulticastDNS } from 'multicast-dns';
import { simulatorErrors } from '../../errors.ts';
import type { Answer, Packet, Query, Question } from './dns.ts';
import { type Link, linksFor } from './links.ts';
import {
  type Announced,
  conflictsWith,
  forLegacy,
  goodbye,
  hostNameOf,
  instanceNameOf,
  losesTo,
  recordsOf,
  replyTo,
  uniqueRecords,
} from './records.ts';

export interface AnnouncementOptions {
  hostname: string;
  port: number;
  /** The address that the device listens on. */
  address: string;
  interfaces?: readonly string[] | undefined;
}

export interface Announcement {
  /** Says goodbye and leaves the links. */
  close(): Promise<void>;
}

const groups = { udp4: '224.0.0.251', udp6: 'ff02::fb' } as const;
const multicastPort = 5353;
/** RFC 6762 §8.1: three probes, a quarter of a second apart. */
const probes = 3;
const probePause = 250;

/** Announces a device by mDNS once nobody else has its name, and answers for it until closed. */
export async function announce(options: AnnouncementOptions): Promise<Announcement | 'taken'> {
  const links = linksFor(options.address, options.interfaces);
  if (links.length === 0) {
    throw simulatorErrors('device.announcement.impossible', {
      message: `No interface of this machine fits the device's address ${options.address}, so it cannot be announced.`,
      next: 'Give an address of this machine, or start the device without its announcement.',
      data: { address: options.address },
    });
  }
  const responders: Responder[] = [];
  const close = async () => void (await Promise.all(responders.map((responder) => responder.close())));
  try {
    const own = new Set(links.flatMap(({ addresses }) => addresses));
    for (const link of links) responders.push(await Responder.open(link, options, own));
    const free = await Promise.all(responders.map((responder) => responder.probe()));
    if (free.includes(false)) {
      await close();
      return 'taken';
    }
    await Promise.all(responders.map((responder) => responder.announce()));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The device on one link. */
class Responder {
  readonly #socket: MulticastDNS;
  readonly #announced: Announced;
  readonly #records: ReturnType<typeof recordsOf>;
  /** Addresses of the device on all its links: a socket hears what another one of ours sends. */
  readonly #own: ReadonlySet<string>;
  #state: 'new' | 'probing' | 'taken' | 'owner' = 'new';
  #again: NodeJS.Timeout | undefined;

  private constructor(socket: MulticastDNS, announced: Announced, own: ReadonlySet<string>) {
    this.#socket = socket;
    this.#own = own;
    this.#announced = announced;
    this.#records = recordsOf(announced);
    socket.on('query', (packet, sender) => this.#asked(packet, sender));
    socket.on('response', (packet) => this.#heard(packet));
  }

  static async open(link: Link, { hostname, port }: AnnouncementOptions, own: ReadonlySet<string>): Promise<Responder> {
    const socket = makeSocket({
      type: link.family,
      ip: groups[link.family],
      port: multicastPort,
      interface: link.interface,
      // Bound to one address, a socket would get no multicast.
      ...(link.family === 'udp4' ? { bind: '0.0.0.0' } : {}),
      reuseAddr: true,
      loopback: true,
    });
    await new Promise<void>((resolve, reject) => {
      // Foreign packets that cannot be read, and interfaces that went away.
      socket.on('warning', () => undefined);
      socket.on('ready', resolve);
      socket.on('error', (cause) => {
        socket.destroy();
        reject(
          simulatorErrors('device.announcement.impossible', {
            message: `The device cannot be announced: UDP port ${multicastPort} could not be opened on ${link.interface}.`,
            next: 'End the program that keeps the port for itself, or start the device without its announcement.',
            cause,
            data: { interface: link.interface },
          }),
        );
      });
    });
    return new Responder(socket, { hostname, port, addresses: link.addresses }, own);
  }

  /** @returns false if the name is somebody else's */
  async probe(): Promise<boolean> {
    this.#state = 'probing';
    // All devices of a house start at once after a power cut: not all at the same instant.
    await pause(Math.random() * probePause);
    for (let count = 0; count < probes && this.#state === 'probing'; count++) {
      const names = [hostNameOf(this.#announced), instanceNameOf(this.#announced)];
      this.#socket.query({
        // The type definitions do not know ANY, the library does.
        questions: names.map((name) => ({ type: 'ANY', name }) as unknown as Question),
        authorities: uniqueRecords(this.#records).map((record): Answer => ({ ...record, flush: false })),
      } satisfies Query);
      await pause(probePause);
    }
    return this.#state === 'probing';
  }

  async announce(): Promise<void> {
    this.#state = 'owner';
    await this.#respond(this.#records, []);
    // RFC 6762 §8.3: at least twice, a second apart.
    this.#again = setTimeout(() => void this.#respond(this.#records, []), 1000);
    this.#again.unref();
  }

  #asked(packet: Packet, sender: { address: string; port: number }): void {
    const questions = packet.questions ?? [];
    const authorities = this.#foreign(packet.authorities ?? []);
    if (this.#state === 'probing' && losesTo(authorities, this.#records)) {
      this.#state = 'taken';
      return;
    }
    if (this.#state !== 'owner') return;
    const legacy = sender.port !== multicastPort;
    const reply = replyTo(questions, packet.answers ?? [], this.#records);
    if (!reply) return;
    if (!legacy) {
      void this.#respond(reply.answers, reply.additionals);
      return;
    }
    // A plain DNS client knows its answer by id and question.
    const { id } = packet;
    const answers = forLegacy(reply.answers);
    const additionals = forLegacy(reply.additionals);
    this.#socket.respond({ id, questions, answers, additionals }, { address: sender.address, port: sender.port });
  }

  #heard(packet: Packet): void {
    const others = this.#foreign([...(packet.answers ?? []), ...(packet.additionals ?? [])]);
    if (this.#state === 'probing' && conflictsWith(others, this.#records)) this.#state = 'taken';
  }

  #foreign(records: readonly Answer[]): Answer[] {
    return records.filter(({ type, ...rest }) => {
      return (type !== 'A' && type !== 'AAAA') || !('data' in rest && this.#own.has(String(rest.data)));
    });
  }

  #respond(answers: Answer[], additionals: Answer[]): Promise<void> {
    return new Promise((resolve) => this.#socket.respond({ answers, additionals }, () => resolve()));
  }

  async close(): Promise<void> {
    clearTimeout(this.#again);
    if (this.#state === 'owner') await this.#respond(goodbye(this.#records), []);
    this.#state = 'taken';
    await new Promise<void>((resolve) => this.#socket.destroy(() => resolve()));
  }
}
