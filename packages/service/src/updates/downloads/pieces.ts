import type { OpenBlob } from '../images/blobs.ts';

/** Bytes of one piece. */
export const pieceSize = 1 << 20;

/** Pieces that are kept: two hundred devices that load one image read it from the disk once. */
const kept = 64;

/**
 * Reads what many read at a time, a piece once. What is kept is bounded, whatever the images' size and however many
 * there are who read.
 */
export class Pieces {
  readonly #pieces = new Map<string, Promise<Uint8Array>>();

  /** The bytes from here to the end of their piece, or fewer. @param key names the content, which never changes */
  async read(key: string, blob: Pick<OpenBlob, 'size' | 'read'>, offset: number): Promise<Uint8Array> {
    const number = Math.floor(offset / pieceSize);
    const piece = await this.#piece(`${key} ${number}`, blob, number);
    return piece.subarray(offset - number * pieceSize);
  }

  #piece(name: string, blob: Pick<OpenBlob, 'size' | 'read'>, number: number): Promise<Uint8Array> {
    const found = this.#pieces.get(name);
    if (found) {
      // The one that was used last goes last.
      this.#pieces.delete(name);
      this.#pieces.set(name, found);
      return found;
    }
    const begin = number * pieceSize;
    const length = Math.min(pieceSize, blob.size - begin);
    const read = (async () => {
      const into = new Uint8Array(length);
      const got = await blob.read(into, begin);
      if (got !== length) throw new RangeError(`a blob gave ${got} bytes instead of ${length} at ${begin}`);
      return into;
    })();
    this.#pieces.set(name, read);
    read.catch(() => this.#pieces.delete(name));
    for (const oldest of this.#pieces.keys()) {
      if (this.#pieces.size <= kept) break;
      this.#pieces.delete(oldest);
    }
    return read;
  }
}
