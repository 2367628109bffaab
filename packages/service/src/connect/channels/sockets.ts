import type { Timer, Timers } from '@mooring/platform';
import type { ConnectLimits } from '../limits.ts';
import { Pump } from './pump.ts';
import type { NotificationQueue } from './queue.ts';
import type { Serialization } from './serialization.ts';

/** As much of a websocket as is used. */
export interface Socket {
  send(text: string, sent: (error?: Error | null) => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'close' | 'pong', listener: () => void): unknown;
}

/** Close codes of the contract, which are those of RFC 6455 §7.4.1. */
export const closeCode = { deleted: 1000, replaced: 1001, keyLost: 1008, noChannel: 1011, restart: 1012 } as const;

interface Open {
  socket: Socket;
  pump: Pump;
  ping: Timer;
  /** Answered the last ping. */
  isAlive: boolean;
}

/** The websockets of all keys, one at a time for a key: a newer one takes the place of an older one. */
export class Sockets {
  readonly #queue: NotificationQueue;
  readonly #limits: ConnectLimits;
  readonly #timers: Timers;
  readonly #open = new Map<string, Open>();
  readonly #isKeyValid: (apiKeyId: string) => Promise<boolean>;
  readonly #closed: (apiKeyId: string) => void;

  constructor(
    queue: NotificationQueue,
    world: {
      limits: ConnectLimits;
      timers: Timers;
      isKeyValid: (apiKeyId: string) => Promise<boolean>;
      closed: (apiKeyId: string) => void;
    },
  ) {
    this.#queue = queue;
    this.#limits = world.limits;
    this.#timers = world.timers;
    this.#isKeyValid = world.isKeyValid;
    this.#closed = world.closed;
  }

  isOpen(apiKeyId: string): boolean {
    return this.#open.has(apiKeyId);
  }

  wake(apiKeyId: string): void {
    this.#open.get(apiKeyId)?.pump.wake();
  }

  add(apiKeyId: string, serialization: Serialization, socket: Socket): void {
    this.close(apiKeyId, closeCode.replaced, 'another socket was opened');
    const pump = new Pump(this.#queue, apiKeyId, {
      serialization,
      limits: this.#limits,
      deliver: (message) =>
        new Promise((resolve, reject) => {
          socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
        }),
    });
    const open: Open = { socket, pump, ping: this.#nextPing(apiKeyId), isAlive: true };
    this.#open.set(apiKeyId, open);
    socket.on('pong', () => {
      open.isAlive = true;
    });
    socket.on('close', () => {
      pump.stop();
      open.ping.cancel();
      if (this.#open.get(apiKeyId) !== open) return;
      this.#open.delete(apiKeyId);
      this.#closed(apiKeyId);
    });
    pump.wake();
  }

  close(apiKeyId: string, code: number, reason: string): void {
    const open = this.#open.get(apiKeyId);
    if (!open) return;
    this.#open.delete(apiKeyId);
    open.pump.stop();
    open.ping.cancel();
    open.socket.close(code, reason);
  }

  closeAll(code: number, reason: string): void {
    for (const apiKeyId of [...this.#open.keys()]) this.close(apiKeyId, code, reason);
  }

  #nextPing(apiKeyId: string): Timer {
    return this.#timers.after(this.#limits.socketPing, () => void this.#check(apiKeyId));
  }

  /** A peer that went away without a word, and a key that was deleted, are noticed here. */
  async #check(apiKeyId: string): Promise<void> {
    const open = this.#open.get(apiKeyId);
    if (!open) return;
    if (!open.isAlive) {
      open.socket.terminate();
      return;
    }
    if (!(await this.#isKeyValid(apiKeyId).catch(() => true))) {
      this.close(apiKeyId, closeCode.keyLost, 'the API key is not valid any more');
      return;
    }
    if (this.#open.get(apiKeyId) !== open) return;
    open.isAlive = false;
    open.socket.ping();
    open.ping = this.#nextPing(apiKeyId);
  }
}
