/** Something in SSH's own encoding (RFC 4251 §5) breaks off or makes no sense. */
export class SshWireFault extends Error {}

/** Length in four bytes, then the bytes. */
export function sshString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads values one after the other. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  #take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    if (taken.length < count) throw new SshWireFault(`${count} bytes announced, ${taken.length} there`);
    this.#at += count;
    return taken;
  }

  byte(): number {
    return this.#take(1)[0] as number;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  /** A positive number in at most `size` bytes, filled up to that. */
  positive(size: number): Buffer {
    const octets = this.string();
    if (octets.length === 0 || (octets[0] as number) >= 0x80) throw new SshWireFault('a number that is not positive');
    const digits = octets[0] === 0 ? octets.subarray(1) : octets;
    if (digits.length > size) throw new SshWireFault(`a number of more than ${size} bytes`);
    return Buffer.concat([Buffer.alloc(size - digits.length), digits]);
  }
}
