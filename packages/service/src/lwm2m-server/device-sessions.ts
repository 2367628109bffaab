import type { CoapConnection, Observation, Response } from '@mooring/coap';
import {
  autoObservations,
  parsePath,
  pathOfSegments,
  pathText,
  type Reading,
  type RegisteredLink,
  ServerSession,
} from '@mooring/lwm2m';
import { backgroundTimers, isMooringError, type Timers } from '@mooring/platform';
import { type DeviceAnswer, type DeviceLinks, type DeviceOperation, LinkFailure } from '../connect/index.ts';
import type { Registration } from '../registry/index.ts';
import type { Domain } from '../storage/context.ts';
import { plainAnswer } from './plain-value.ts';
import { linksOf } from './registered-links.ts';

/** What the sessions tell the rest of the service. */
export interface SessionListener {
  /** Paths that have to be observed of a device. */
  wantedPaths(deviceId: string): Promise<string[]>;
  /** A value that the device told. Resolves when it is on disk. */
  notified(accountId: string, deviceId: string, path: string, answer: DeviceAnswer): Promise<void>;
  /** The device can be asked. */
  reachable(deviceId: string): void;
  fault(error: unknown, deviceId: string): void;
}

/** A device that sleeps listens for this long after it was heard last (MAX_TRANSMIT_WAIT, RFC 7252 §4.8.2; LwM2M 1.1 §6.5). */
const awakeTime = 93_000;

/** How long a ping may take before its device counts as gone. */
const pingTime = 5_000;

interface Session {
  readonly accountId: string;
  readonly connection: CoapConnection;
  readonly lwm2m: ServerSession;
  readonly observations: Map<string, Observation>;
  /** Paths that the device notifies of itself. */
  auto: ReadonlySet<string>;
  queueMode: boolean;
}

const failureOf: Readonly<Record<string, LinkFailure['reason']>> = {
  'coap.timeout': 'no-answer',
  'coap.busy': 'no-answer',
  'coap.closed': 'lost',
  'coap.reset': 'lost',
  'coap.cancelled': 'lost',
  'coap.message.too.large': 'too-large',
  'coap.body.too.large': 'too-large',
};

/** What CoAP says of a failure as the connect interface has it; anything else is a fault. */
function linkFailure(error: unknown): unknown {
  if (!isMooringError(error)) return error;
  const reason = failureOf[error.code] ?? (error.code.startsWith('coap.') ? 'no-answer' : undefined);
  return reason === undefined ? error : new LinkFailure(reason, { cause: error });
}

const answerOf = ({ code, contentFormat, maxAge, payload }: Response | Reading): DeviceAnswer => ({
  code,
  ...(contentFormat === undefined ? {} : { contentFormat }),
  ...(maxAge === undefined ? {} : { maxAge }),
  payload,
});

/** The devices that are connected to this process and registered. */
export class DeviceSessions implements DeviceLinks {
  readonly #domain: Domain;
  readonly #listener: SessionListener;
  readonly #timers: Timers;
  readonly #sessions = new Map<string, Session>();
  readonly #devices = new WeakMap<CoapConnection, string>();

  constructor(domain: Domain, listener: SessionListener, timers: Timers = backgroundTimers) {
    this.#domain = domain;
    this.#listener = listener;
    this.#timers = timers;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The device that a connection belongs to, once it has registered or updated its registration there. */
  deviceOf(connection: CoapConnection): string | undefined {
    return this.#devices.get(connection);
  }

  /**
   * A device is registered and at the other end of this connection; one that it had before is closed. What is wanted of it
   * is observed after what is being answered now has gone out.
   */
  attach(connection: CoapConnection, registration: Registration, links?: readonly RegisteredLink[]): void {
    const { deviceId, accountId, queueMode } = registration;
    const current = this.#sessions.get(deviceId);
    const known = links ?? linksOf(registration.resources);
    const facts = {
      version: registration.version,
      root: registration.root,
      contentFormats: [...registration.contentFormats],
      links: known,
      clientVersion: undefined,
    };
    const auto = new Set([...autoObservations(known).values()].map(pathText));
    if (current?.connection === connection) {
      current.lwm2m.registered(facts);
      current.auto = auto;
      current.queueMode = queueMode;
    } else {
      if (current) void current.connection.close();
      const lwm2m = new ServerSession(connection, facts, {
        autoObserved: (reading) => this.#told(deviceId, reading),
        fault: (error) => this.#listener.fault(error, deviceId),
      });
      this.#sessions.set(deviceId, { accountId, connection, lwm2m, observations: new Map(), auto, queueMode });
      this.#devices.set(connection, deviceId);
    }
    this.#timers.after(0, () => void this.#begin(deviceId, connection));
  }

  /** The connection is over. @returns the device that was there */
  detach(connection: CoapConnection): string | undefined {
    const deviceId = this.#devices.get(connection);
    if (deviceId === undefined || this.#sessions.get(deviceId)?.connection !== connection) return undefined;
    this.#sessions.delete(deviceId);
    return deviceId;
  }

  /** Ends the connection of a device, if it has one. */
  close(deviceId: string): void {
    const session = this.#sessions.get(deviceId);
    if (!session) return;
    this.#sessions.delete(deviceId);
    void session.connection.close();
  }

  /** For `CoapOptions.unsolicited`. */
  unsolicited(token: Uint8Array, response: Response, connection: CoapConnection): boolean | Promise<void> {
    const deviceId = this.#devices.get(connection);
    return (deviceId !== undefined && this.#sessions.get(deviceId)?.lwm2m.unsolicited(token, response)) ?? false;
  }

  isReachable(deviceId: string): boolean {
    const session = this.#sessions.get(deviceId);
    if (!session) return false;
    const { channel } = session.connection;
    // Over TCP a device that is connected is there; over UDP one that sleeps is there while it was heard of late.
    if (!session.queueMode || channel.kind === 'tls') return true;
    return this.#domain.clock.now().getTime() - channel.lastHeard < awakeTime;
  }

  /** Whether the device is connected and answers. */
  async isLive(deviceId: string): Promise<boolean> {
    const session = this.#sessions.get(deviceId);
    if (!session) return false;
    return session.connection.ping(pingTime).then(
      () => true,
      () => false,
    );
  }

  async send(deviceId: string, operation: DeviceOperation): Promise<DeviceAnswer> {
    const { lwm2m, accountId } = this.#session(deviceId);
    const { method, path, query, accept, contentFormat, payload } = operation;
    try {
      const response = await lwm2m.request({
        method,
        path: path.split('/').filter((segment) => segment !== ''),
        query: [...query],
        ...(accept === undefined ? {} : { accept }),
        ...(contentFormat === undefined ? {} : { contentFormat }),
        payload,
      });
      this.#count(accountId, payload, response.payload);
      // Who names a format gets that one.
      if (method !== 'GET' || accept !== undefined) return answerOf(response);
      return plainAnswer(pathOfSegments(segments(path)), answerOf(response));
    } catch (error) {
      throw linkFailure(error);
    }
  }

  async observe(deviceId: string, path: string): Promise<DeviceAnswer> {
    const session = this.#session(deviceId);
    try {
      // What the device notifies of itself it refuses to have observed: 4.00, with the value as payload.
      if (session.auto.has(path)) {
        const response = await session.lwm2m.request({ method: 'GET', path: segments(path) });
        return plainAnswer(parsePath(path), answerOf(response));
      }
      session.observations.get(path)?.forget();
      session.observations.delete(path);
      const { observation, reading } = await session.lwm2m.observe(parsePath(path), {
        notification: (told) => this.#told(deviceId, told),
        ended: () => session.observations.delete(path),
      });
      this.#count(session.accountId, reading.payload);
      if (observation.active) session.observations.set(path, observation);
      return plainAnswer(reading.path, answerOf(reading));
    } catch (error) {
      if (isMooringError(error) && error.code === 'lwm2m.device.refused') return refusedAnswer(error.data?.code);
      throw linkFailure(error);
    }
  }

  async cancelObservation(deviceId: string, path: string): Promise<void> {
    const session = this.#sessions.get(deviceId);
    const observation = session?.observations.get(path);
    if (!session || !observation) return;
    session.observations.delete(path);
    await observation.cancel().catch(() => undefined);
  }

  #session(deviceId: string): Session {
    const session = this.#sessions.get(deviceId);
    if (!session) throw new LinkFailure('not-connected');
    return session;
  }

  /** Transactions, as the old service counted them: each begun 512 bytes that go to a device or come from it. */
  #count(accountId: string, ...payloads: readonly Uint8Array[]): void {
    const blocks = payloads.map(({ length }) => Math.max(1, Math.ceil(length / 512)));
    const sum = blocks.reduce((all, each) => all + each, 0);
    this.#domain.usage.count(accountId, 'transactions', sum);
  }

  /** Resolves when the value is on disk: only then the device is thanked. */
  async #told(deviceId: string, reading: Reading): Promise<void> {
    const session = this.#sessions.get(deviceId);
    if (!session) return;
    this.#count(session.accountId, reading.payload);
    const answer = plainAnswer(reading.path, answerOf(reading));
    await this.#listener.notified(session.accountId, deviceId, pathText(reading.path), answer);
  }

  /** Observes what is wanted, one after the other, then lets what waits for the device go out. */
  async #begin(deviceId: string, connection: CoapConnection): Promise<void> {
    const session = this.#sessions.get(deviceId);
    if (session?.connection !== connection) return;
    try {
      for (const path of await this.#listener.wantedPaths(deviceId)) {
        if (this.#sessions.get(deviceId) !== session) return;
        if (session.auto.has(path) || session.observations.has(path)) continue;
        const answer = await this.observe(deviceId, path);
        if (answer.code >> 5 === 2) await this.#listener.notified(session.accountId, deviceId, path, answer);
      }
    } catch (error) {
      // A device that went away in between is observed when it comes again.
      if (!(error instanceof LinkFailure)) this.#listener.fault(error, deviceId);
    }
    if (this.#sessions.get(deviceId) === session) this.#listener.reachable(deviceId);
  }
}

const segments = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

/** `4.05` as the answer that it was. */
function refusedAnswer(text: unknown): DeviceAnswer {
  const [kind = '5', detail = '0'] = String(text).split('.');
  return { code: (Number(kind) << 5) | Number(detail), payload: new Uint8Array() };
}
