/** Where a command writes. Rejects with BrokenPipe when nobody reads any more. */
export interface Sink {
  write(data: Uint8Array | string): Promise<void>;
}

/** Where a command reads: chunks of any length, null at the end. */
export interface Source {
  read(): Promise<Uint8Array | null>;
}

export class BrokenPipe extends Error {}

const highWater = 256 * 1024;

/**
 * Bytes on their way from a writer to a reader, with a bound: `write` waits while there is much unread, `offer` takes
 * it and tells.
 */
export class Pipe implements Sink, Source {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void)[] = [];
  /** Called when there is room again after `offer` said that there is none. */
  onRoom: (() => void) | undefined;

  offer(chunk: Uint8Array): boolean {
    if (this.#ended || this.#broken) return true;
    if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wakeAll();
    }
    return this.#bytes < highWater;
  }

  async write(data: Uint8Array | string): Promise<void> {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data;
    while (this.#bytes >= highWater && !this.#broken) await this.#change();
    if (this.#broken) throw new BrokenPipe();
    this.offer(chunk);
  }

  end(): void {
    this.#ended = true;
    this.#wakeAll();
  }

  /** The reader has gone. */
  breakOff(): void {
    this.#broken = true;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#wakeAll();
    this.onRoom?.();
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        const wasFull = this.#bytes >= highWater;
        this.#bytes -= chunk.length;
        if (wasFull && this.#bytes < highWater) this.onRoom?.();
        this.#wakeAll();
        return chunk;
      }
      if (this.#ended || this.#broken) return null;
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export const emptySource: Source = { read: async () => null };

export const nowhere: Sink = { write: async () => undefined };

/** Keeps what is written, for command substitution and for tests. */
export class Collected implements Sink {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  readonly #limit: number;

  constructor(limit = 1024 * 1024) {
    this.#limit = limit;
  }

  async write(data: Uint8Array | string): Promise<void> {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) throw new BrokenPipe();
    this.#chunks.push(chunk);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}
