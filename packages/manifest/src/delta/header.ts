import { deltaErrors } from './errors.ts';
import { decodeFixed, encodeFixed } from './numbers.ts';

/** What a delta starts with, and what an image contains whose bootloader or client can apply it. */
export const deltaMagic = 'PELION/BSDIFF001';
export const deltaHeaderSize = 40;

export interface DeltaHeader {
  /** Size of the image that the delta makes, in bytes. */
  readonly newSize: number;
  /** The most bytes a frame has, packed or not: what a device needs as buffer. */
  readonly maxFrame: number;
  /** The most bytes a packed frame of this delta has. */
  readonly maxCompressed: number;
}

export function encodeDeltaHeader(header: DeltaHeader): Uint8Array {
  const numbers = [header.newSize, header.maxFrame, header.maxCompressed].map(encodeFixed);
  return new Uint8Array(Buffer.concat([Buffer.from(deltaMagic, 'latin1'), ...numbers]));
}

export const looksLikeDelta = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 13)).toString('latin1') === deltaMagic.slice(0, 13);

const fields = ['the size of the new image', 'the largest frame', 'the largest packed frame'];

/** @throws MooringError `delta.header.malformed` with the byte offset */
export function readDeltaHeader(bytes: Uint8Array): DeltaHeader {
  const fail = (offset: number, reason: string) =>
    deltaErrors('delta.header.malformed', {
      message: `Byte ${offset} of the delta: ${reason}.`,
      next: 'Check that this is the file that manifest-delta-tool wrote, and the whole of it.',
      data: { offset },
    });
  const magic = Buffer.from(bytes.subarray(0, deltaMagic.length)).toString('latin1');
  if (!looksLikeDelta(bytes)) throw fail(0, `${deltaMagic} expected`);
  if (magic !== deltaMagic) throw fail(13, `version ${JSON.stringify(magic.slice(13))}, only 001 is known`);
  if (bytes.length < deltaHeaderSize) throw fail(bytes.length, `it ends within its header of ${deltaHeaderSize} bytes`);
  const [newSize, maxFrame, maxCompressed] = fields.map((field, index) => {
    const offset = deltaMagic.length + 8 * index;
    const value = decodeFixed(bytes, offset);
    if (value === undefined || value < 1) throw fail(offset, `${field} is no number of bytes that there could be`);
    return value;
  }) as [number, number, number];
  if (maxCompressed > maxFrame) throw fail(32, `packed frames of ${maxCompressed} bytes, more than ${maxFrame}`);
  return { newSize, maxFrame, maxCompressed };
}
