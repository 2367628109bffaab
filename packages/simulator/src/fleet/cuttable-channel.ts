import type { ChannelListener, SecureChannel } from '@mooring/transport';

/** A channel whose network can fail. */
export class CuttableChannel implements SecureChannel {
  readonly #channel: SecureChannel;
  #isSilent = false;

  constructor(channel: SecureChannel) {
    this.#channel = channel;
  }

  /** Breaks, and both sides hear of it. */
  cut(): void {
    this.#channel.destroy();
  }

  /**
   * Nothing comes through any more, and nobody is told: as when a router forgets the connection. It stays as it is until the
   * other end gives it up.
   */
  silence(): void {
    this.#isSilent = true;
  }

  get kind() {
    return this.#channel.kind;
  }

  get peer() {
    return this.#channel.peer;
  }

  get alpn() {
    return this.#channel.alpn;
  }

  get lastHeard() {
    return this.#channel.lastHeard;
  }

  get pending() {
    return this.#channel.pending;
  }

  send(data: Uint8Array): boolean {
    return this.#isSilent || this.#channel.send(data);
  }

  #listener: ChannelListener | undefined;
  #isOver = false;

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    this.#channel.listen({
      message: (data) => {
        if (!this.#isSilent) listener.message(data);
      },
      ended: (end) => {
        if (this.#isSilent || this.#isOver) return;
        this.#isOver = true;
        listener.ended(end);
      },
    });
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  close(): void {
    if (this.#isSilent) this.#giveUp();
    else this.#channel.close();
  }

  destroy(error?: Error): void {
    if (this.#isSilent) this.#giveUp(error);
    else this.#channel.destroy(error);
  }

  /** The device ends it, and the other side does not hear that. */
  #giveUp(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const end = { byPeer: false, ...(error === undefined ? {} : { error }) };
    queueMicrotask(() => this.#listener?.ended(end));
  }
}
