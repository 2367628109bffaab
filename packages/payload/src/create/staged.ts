import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fileError, openForReading, piecesOf } from '@mooring/platform';
import { byteSum, type CpioInput } from '../archive/cpio.ts';
import type { ByteSource } from '../byte-reader.ts';

/** A member that is finished and lies in a file of its own, since an archive says sizes and sums before the bytes. */
export interface Staged {
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sum: number;
  /** Hex. */
  readonly sha256: string;
}

/** @throws MooringError `file.*` */
export async function stage(name: string, path: string, content: ByteSource): Promise<Staged> {
  const digest = createHash('sha256');
  let size = 0;
  let sum = 0;
  const file = await open(path, 'w').catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    for await (const piece of content) {
      digest.update(piece);
      sum = byteSum(piece, sum);
      size += piece.length;
      await file.writeFile(piece);
    }
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file.close();
  }
  return { name, path, size, sum, sha256: digest.digest('hex') };
}

/** The pieces of a file, which is closed at the end or when nobody reads on. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await openForReading(path);
  try {
    yield* piecesOf(file);
  } finally {
    await file.close();
  }
}

export const cpioInput = ({ name, path, size, sum }: Staged): CpioInput => ({
  name,
  size,
  sum,
  content: fileBytes(path),
});
