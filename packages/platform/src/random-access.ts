import { open } from 'node:fs/promises';
import { fileError, platformErrors } from './platform-errors.ts';

/** Bytes that are read in pieces: a file, a partition of flash. */
export interface RandomAccess {
  readonly size: number;
  /**
   * Exactly these bytes; they may be overwritten once the next ones are read.
   *
   * @throws where so many are not there
   */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** Bytes that are in memory already. */
export const inMemory = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: async (position, length) => {
    if (position + length > bytes.length) throw new RangeError(`bytes ${position} to ${position + length}`);
    return bytes.subarray(position, position + length);
  },
});

/**
 * A file, of which no more is held than what is asked for.
 *
 * @throws MooringError `file.*`; from `read` too, where the file has become shorter
 */
export async function openForReading(path: string): Promise<RandomAccess & { close(): Promise<void> }> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw fileError(error, path);
  });
  const { size } = await file.stat();
  // Kept from read to read, since most are of one length.
  let buffer = new Uint8Array();
  return {
    size,
    async read(position, length) {
      if (buffer.length < length) buffer = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(buffer, done, length - done, position + done).catch((error: unknown) => {
          throw fileError(error, path);
        });
        if (bytesRead === 0) {
          throw platformErrors('file.failed', {
            message: `${path} ends at byte ${position + done}: it has become shorter while it was read.`,
            next: 'Repeat once nothing else changes it.',
            data: { path },
          });
        }
        done += bytesRead;
      }
      return buffer.subarray(0, length);
    },
    close: () => file.close(),
  };
}

/** In pieces of at most `piece` bytes, each valid until the next one. */
export async function* piecesOf(
  source: RandomAccess,
  { start = 0, end = source.size, piece = 65_536 } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end; at += piece) yield await source.read(at, Math.min(piece, end - at));
}
