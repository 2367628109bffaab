import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { applyDeltaStream, openPackage } from '@mooring/manifest';
import { type RandomAccess, removeTree } from '@mooring/platform';
import { updateErrors } from '../errors.ts';

const part = (source: RandomAccess, offset: number, size: number): RandomAccess => ({
  size,
  read(position, length) {
    if (position + length > size) throw new RangeError(`bytes ${position} to ${position + length}`);
    return source.read(offset + position, length);
  },
});

/**
 * The payloads in a combined package, one for each sub-component that it names, in its order.
 *
 * @throws MooringError `package.*`
 */
export async function payloadsOf(source: RandomAccess): Promise<RandomAccess[]> {
  const images = await openPackage(source);
  return images.map(({ offset, size }) => part(source, offset, size));
}

async function* chunks(source: RandomAccess): AsyncGenerator<Uint8Array> {
  const piece = 65_536;
  for (let at = 0; at < source.size; at += piece)
    yield (await source.read(at, Math.min(piece, source.size - at))).slice();
}

/**
 * Makes the new image out of the old one and a delta, into a file.
 *
 * @param installed what has to come out of it
 * @throws MooringError `delta.*`, `update.image.wrong`, `file.*`
 */
export async function applyDeltaToFile(
  old: RandomAccess,
  delta: RandomAccess,
  path: string,
  installed: { readonly size: number; readonly digest: Uint8Array },
): Promise<void> {
  const digest = createHash('sha256');
  let size = 0;
  const file = await open(path, 'w', 0o600);
  try {
    // A frame of more than the image that is to come out would be a waste of memory, or a trap.
    for await (const bytes of applyDeltaStream(old, chunks(delta), { maxSize: installed.size })) {
      digest.update(bytes);
      size += bytes.length;
      await file.writeFile(bytes);
    }
    await file.sync();
  } catch (error) {
    await removeTree(path);
    throw error;
  } finally {
    await file.close();
  }
  if (size === installed.size && digest.digest().equals(installed.digest)) return;
  await removeTree(path);
  throw updateErrors('update.image.wrong', {
    message: 'What comes out of the delta is not the image that the manifest describes.',
    next: 'Make the delta again, from the image that this device runs.',
  });
}
