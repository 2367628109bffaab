import type { Source } from './pipe.ts';

/** Reads a source in the portions that a protocol or a text command wants. */
export class ByteReader implements Source {
  readonly #source: Source;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: Source) {
    this.#source = source;
  }

  async #more(): Promise<boolean> {
    const chunk = await this.#source.read();
    if (chunk === null) return false;
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    return true;
  }

  /** Whatever comes next, at most `limit` bytes; null at the end. */
  async read(limit = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    while (this.#rest.length === 0) if (!(await this.#more())) return null;
    const chunk = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  }

  async byte(): Promise<number | null> {
    return (await this.read(1))?.[0] ?? null;
  }

  /**
   * Up to and without the next line feed; what is left at the end counts as a line.
   *
   * @returns null at the end, or when a line is longer than `limit`
   */
  async line(limit = 1024 * 1024): Promise<Buffer | null> {
    let searched = 0;
    for (;;) {
      const end = this.#rest.indexOf(0x0a, searched);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      searched = this.#rest.length;
      if (searched > limit) return null;
      if (!(await this.#more())) {
        const line = this.#rest;
        this.#rest = Buffer.alloc(0);
        return line.length === 0 ? null : line;
      }
    }
  }

  /** Everything up to the end. */
  async all(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}
