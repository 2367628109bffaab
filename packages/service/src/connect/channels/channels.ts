import { ClockJumps, type Timer, type Timers } from '@mooring/platform';
import type { Actor, Domain } from '../../storage/context.ts';
import type { ConnectLimits } from '../limits.ts';
import { Refusal } from '../refusal.ts';
import { CallbackDelivery, type CallbackTarget, type SendCallback, tookIt } from './callback.ts';
import { type Channel, ChannelStore } from './channel-store.ts';
import { LongPolling, type Polled } from './long-polling.ts';
import { NotificationQueue } from './queue.ts';
import type { Serialization } from './serialization.ts';
import { closeCode, type Socket, Sockets } from './sockets.ts';

const sweepPeriod = 60_000;
/** By how much a clock has to be set, in ms, to make a difference here; more than the period. */
const leastJump = 120_000;

/** The notification channels: one for an API key, of one of three kinds. */
export class Channels {
  readonly queue: NotificationQueue;
  readonly #domain: Domain;
  readonly #limits: ConnectLimits;
  readonly #timers: Timers;
  readonly #send: SendCallback;
  readonly #store: ChannelStore;
  readonly #polling: LongPolling;
  readonly #sockets: Sockets;
  readonly #callbacks = new Map<string, CallbackDelivery>();
  readonly #jumps: ClockJumps;
  #sweep: Timer | undefined;

  constructor(domain: Domain, world: { limits: ConnectLimits; timers: Timers; send: SendCallback }) {
    this.#domain = domain;
    this.#limits = world.limits;
    this.#timers = world.timers;
    this.#send = world.send;
    this.#jumps = new ClockJumps(domain.clock, world.timers, leastJump);
    this.queue = new NotificationQueue(domain, world.limits);
    this.#store = new ChannelStore(domain);
    this.#polling = new LongPolling(this.queue, world.limits, world.timers);
    this.#sockets = new Sockets(this.queue, {
      limits: world.limits,
      timers: world.timers,
      isKeyValid: (apiKeyId) => this.#isKeyValid(apiKeyId),
      closed: (apiKeyId) => void this.#store.alive(apiKeyId).catch(() => undefined),
    });
    this.queue.onAppended((apiKeyId) => {
      this.#polling.wake(apiKeyId);
      this.#sockets.wake(apiKeyId);
      this.#callbacks.get(apiKeyId)?.wake();
    });
  }

  /** Goes on with the callbacks there are. */
  async start(): Promise<void> {
    this.#jumps.look();
    for (const channel of await this.#store.all()) this.#deliver(channel);
    this.#armSweep();
  }

  stop(): void {
    this.#sweep?.cancel();
    for (const callback of this.#callbacks.values()) callback.stop();
    this.#callbacks.clear();
    this.#sockets.closeAll(closeCode.restart, 'the service stops');
    this.#polling.endAll();
  }

  keysOfAccount(accountId: string): Promise<string[]> {
    return this.#store.keysOfAccount(accountId);
  }

  get(apiKeyId: string): Promise<Channel | undefined> {
    return this.#store.get(apiKeyId);
  }

  /** @throws Refusal 400, 409 */
  async poll(actor: Actor, gone: AbortSignal): Promise<Polled | undefined> {
    const channel = await this.#ofKind(actor, 'LONG_POLLING');
    if (channel) await this.#store.alive(actor.id);
    else
      await this.#store.put({
        apiKeyId: actor.id,
        accountId: actor.accountId,
        kind: 'LONG_POLLING',
        serialization: {},
      });
    const polled = await this.#polling.poll(actor.id, channel?.serialization ?? {}, gone);
    if (!polled && !gone.aborted && !(await this.#store.get(actor.id))) throw new Refusal(410, 'CHANNEL_DELETED');
    return polled;
  }

  /** @throws Refusal 400 where the callback does not answer, or another kind of channel exists */
  async setCallback(actor: Actor, callback: CallbackTarget, serialization: Serialization): Promise<void> {
    await this.#ofKind(actor, 'CALLBACK');
    const status = await this.#send(callback, '{}', this.#limits.callbackTimeout);
    if (!tookIt(status)) {
      const said = status === undefined ? 'did not answer' : `answered ${status}`;
      throw new Refusal(
        400,
        'CALLBACK_NOT_ACCESSIBLE',
        `A PUT of {} to the URL has to be answered with 200 or 204; it ${said}.`,
      );
    }
    const channel = {
      apiKeyId: actor.id,
      accountId: actor.accountId,
      kind: 'CALLBACK',
      callback,
      serialization,
    } as const;
    await this.#store.put(channel);
    this.#deliver({ ...channel, aliveAt: this.#now() });
  }

  /** @returns whether it is new; one that is there stays as it is. @throws Refusal 400 */
  async registerSocket(actor: Actor, serialization: Serialization): Promise<{ channel: Channel; isNew: boolean }> {
    const there = await this.#ofKind(actor, 'WEB_SOCKET');
    if (there) return { channel: there, isNew: false };
    const channel = { apiKeyId: actor.id, accountId: actor.accountId, kind: 'WEB_SOCKET', serialization } as const;
    await this.#store.put(channel);
    return { channel: { ...channel, aliveAt: this.#now() }, isNew: true };
  }

  /** Closes it again where the key has no websocket channel. */
  async openSocket(actor: Actor, socket: Socket): Promise<void> {
    const channel = await this.#store.get(actor.id);
    if (channel?.kind !== 'WEB_SOCKET') {
      socket.close(closeCode.noChannel, 'register the channel with PUT /v2/notification/websocket first');
      return;
    }
    this.#sockets.add(actor.id, channel.serialization, socket);
  }

  isSocketOpen(apiKeyId: string): boolean {
    return this.#sockets.isOpen(apiKeyId);
  }

  /** @returns whether there was one of this kind */
  async delete(actor: Actor, kind: Channel['kind']): Promise<boolean> {
    if ((await this.#store.get(actor.id))?.kind !== kind) return false;
    await this.#drop(actor.id);
    return true;
  }

  async #drop(apiKeyId: string): Promise<void> {
    await this.#domain.storage.transaction(async () => {
      await this.#store.delete(apiKeyId);
      await this.queue.clear(apiKeyId);
    });
    this.#callbacks.get(apiKeyId)?.stop();
    this.#callbacks.delete(apiKeyId);
    this.#sockets.close(apiKeyId, closeCode.deleted, 'the channel was deleted');
    this.#polling.end(apiKeyId);
  }

  async #ofKind(actor: Actor, kind: Channel['kind']): Promise<Channel | undefined> {
    const channel = await this.#store.get(actor.id);
    if (channel && channel.kind !== kind) {
      throw new Refusal(
        400,
        'ANOTHER_CHANNEL_EXISTS',
        `The API key has a channel of kind ${channel.kind}; delete that one first.`,
      );
    }
    return channel;
  }

  #deliver(channel: Channel): void {
    const { apiKeyId, callback } = channel;
    if (channel.kind !== 'CALLBACK' || callback === undefined) return;
    this.#callbacks.get(apiKeyId)?.stop();
    const delivery = new CallbackDelivery(
      this.queue,
      { ...channel, callback },
      {
        limits: this.#limits,
        timers: this.#timers,
        clock: this.#domain.clock,
        send: this.#send,
        delivered: () => void this.#store.alive(apiKeyId).catch(() => undefined),
        gaveUp: () => void this.#drop(apiKeyId).catch(() => undefined),
      },
    );
    this.#callbacks.set(apiKeyId, delivery);
    delivery.wake();
  }

  #now(): number {
    return this.#domain.clock.now().getTime();
  }

  async #isKeyValid(apiKeyId: string): Promise<boolean> {
    const row = await this.#domain.storage.db
      .selectFrom('api_keys')
      .select(['status', 'expires_at'])
      .where('id', '=', apiKeyId)
      .executeTakeFirst();
    return row?.status === 'ACTIVE' && (row.expires_at === null || row.expires_at > this.#now());
  }

  #armSweep(): void {
    this.#sweep = this.#timers.after(sweepPeriod, () => {
      this.#expire()
        .catch(() => undefined)
        .finally(() => this.#sweep && this.#armSweep());
    });
  }

  async #followClock(): Promise<void> {
    const jump = this.#jumps.look();
    if (jump === 0) return;
    await this.#domain.storage.transaction(async () => {
      await this.#store.moveTimes(jump);
      await this.queue.moveTimes(jump);
    });
    this.#jumps.taken(jump);
  }

  /** Channels that nobody uses any more, and messages that are too old. */
  async #expire(): Promise<void> {
    await this.#followClock();
    const now = this.#now();
    const idle = { LONG_POLLING: this.#limits.pollIdle, WEB_SOCKET: this.#limits.socketIdle, CALLBACK: undefined };
    for (const channel of await this.#store.all()) {
      const most = idle[channel.kind];
      if (most === undefined || now - channel.aliveAt < most || this.#sockets.isOpen(channel.apiKeyId)) continue;
      await this.#drop(channel.apiKeyId);
    }
    await this.queue.sweep();
  }
}
