import { deltaRecords } from './bsdiff.ts';
import { deltaErrors } from './errors.ts';
import { type DeltaHeader, encodeDeltaHeader } from './header.ts';
import { lz4Encode } from './lz4-encode.ts';
import { encodeSigned, encodeUnsigned } from './numbers.ts';

/** What the old tool takes by default, in bytes. */
export const defaultBlockSize = 512;
export const minBlockSize = 128;
/** Frames are held in memory, twice, by whoever makes or applies a delta. */
export const maxBlockSize = 16 * 1024 * 1024;

/** Positions are kept in 32 bits, and sorting takes up to twelve times the size of the old image. */
export const maxImageSize = 0x40000000;

export interface Delta extends Omit<DeltaHeader, 'newSize'> {
  readonly delta: Uint8Array;
}

/** The frames of one run of bytes: each as much as fits into the frame size, packed and unpacked. */
class FrameWriter {
  readonly #frameSize: number;
  readonly #packed: Uint8Array;
  readonly parts: Uint8Array[] = [];
  maxCompressed = 0;

  constructor(frameSize: number) {
    this.#frameSize = frameSize;
    this.#packed = new Uint8Array(frameSize);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + this.#frameSize);
      const { consumed, written } = lz4Encode(bytes, at, end, this.#packed);
      this.parts.push(encodeUnsigned(written), this.#packed.slice(0, written));
      this.maxCompressed = Math.max(this.maxCompressed, written);
      at += consumed;
    }
  }
}

function differences(old: Uint8Array, oldAt: number, image: Uint8Array, newAt: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (image[newAt + i] as number) - (old[oldAt + i] as number);
  return bytes;
}

/**
 * The delta that makes `image` from `old`: `PELION/BSDIFF001`, byte for byte as manifest-tool 2.6.2 makes it.
 *
 * @param options.blockSize the most bytes of a frame, that is the buffer that a device needs
 * @throws MooringError `delta.image.empty`, `delta.image.large`, `delta.block.size`
 */
export function createDelta(
  old: Uint8Array,
  image: Uint8Array,
  { blockSize = defaultBlockSize }: { blockSize?: number } = {},
): Delta {
  if (image.length === 0) {
    throw deltaErrors('delta.image.empty', {
      message: 'The new image is empty.',
      next: 'Name the image that the device shall have.',
    });
  }
  const largest = Math.max(old.length, image.length);
  if (largest > maxImageSize) {
    throw deltaErrors('delta.image.large', {
      message: `An image has ${largest} bytes; a delta can be made of images of up to ${maxImageSize}.`,
      next: 'Update such a device with the whole image.',
    });
  }
  if (!Number.isInteger(blockSize) || blockSize < minBlockSize || blockSize > maxBlockSize) {
    throw deltaErrors('delta.block.size', {
      message: `A block size of ${blockSize} bytes is outside ${minBlockSize} to ${maxBlockSize}.`,
      next: `Use the size of the device's download buffer; ${defaultBlockSize} where in doubt.`,
    });
  }
  const frames = new FrameWriter(blockSize);
  for (const record of deltaRecords(old, image)) {
    const { newPosition, oldPosition, diffLength, extraLength, oldJump } = record;
    frames.parts.push(encodeUnsigned(diffLength), encodeUnsigned(extraLength), encodeSigned(oldJump));
    frames.write(differences(old, oldPosition, image, newPosition, diffLength));
    frames.write(image.subarray(newPosition + diffLength, newPosition + diffLength + extraLength));
  }
  const maxCompressed = frames.maxCompressed;
  const header = encodeDeltaHeader({ newSize: image.length, maxFrame: blockSize, maxCompressed });
  return { delta: new Uint8Array(Buffer.concat([header, ...frames.parts])), maxFrame: blockSize, maxCompressed };
}
