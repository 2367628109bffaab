import { padded, paxRecord, tarBlock, tarHeader } from './tar-header.ts';

/** The size that archives are filled up to: tar's record of 20 blocks. */
const tarRecord = 20 * tarBlock;

/** Makes a tar archive piece by piece; the same members give the same bytes. */
export class TarWriter {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /**
   * @param unit the position of the contents in the archive becomes a multiple of this, itself a multiple of 512, by a
   *   pax header before the member that holds nothing but a comment
   */
  add(name: string, data: Uint8Array, unit = tarBlock): void {
    if ((this.#size + tarBlock) % unit !== 0) {
      // A header and at least one block of its own, then the header of the member.
      const least = this.#size + 3 * tarBlock;
      this.#pax(Math.ceil(least / unit) * unit - least + tarBlock);
    }
    this.#push(tarHeader(Buffer.from(name, 'latin1'), data.length, '0'));
    this.#fill(data);
  }

  finish(): Uint8Array {
    this.#push(new Uint8Array(2 * tarBlock));
    const rest = this.#size % tarRecord;
    if (rest > 0) this.#push(new Uint8Array(tarRecord - rest));
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  /** A pax header whose contents have exactly this many bytes. */
  #pax(size: number): void {
    let record = paxRecord('comment', '');
    for (let filling = size - record.length; record.length !== size; filling--) {
      record = paxRecord('comment', ' '.repeat(filling));
    }
    this.#push(tarHeader(Buffer.from('././@PaxHeader', 'latin1'), size, 'x'));
    this.#fill(record);
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  #fill(data: Uint8Array): void {
    this.#push(data);
    this.#push(new Uint8Array(padded(data.length) - data.length));
  }
}
