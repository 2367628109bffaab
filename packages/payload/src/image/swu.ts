import { type CpioMember, readCpio } from '../archive/cpio.ts';
import { type ByteSource, collect } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';
import {
  type Description,
  descriptionName,
  descriptionSignatureName,
  type ImageDescription,
  parseDescription,
} from './description.ts';

/** Descriptions have some hundred bytes. */
const largestDescription = 256 * 1024;

export interface SwuImage extends ImageDescription {
  /** Bytes in the archive, compressed as they may be. */
  readonly size: number;
  /** As it is in the archive, once. */
  readonly content: AsyncIterable<Uint8Array>;
}

const mismatch = (reason: string) =>
  payloadErrors('payload.malformed', {
    message: `The payload and its description do not fit together: ${reason}.`,
    next: 'Get the payload again, or make it again with mooring payload create.',
  });

/**
 * The description of a `.swu`, and its images as they come, each where the description says it is. Who takes all of them
 * knows at the end that none is missing, and that each had its checksum.
 *
 * @throws MooringError `payload.*`
 */
export async function openSwu(
  source: ByteSource,
): Promise<{ description: Description; images: AsyncGenerator<SwuImage> }> {
  const members = readCpio(source, 'the payload');
  try {
    const first = await members.next();
    if (first.done || first.value.name !== descriptionName) throw mismatch(`it does not start with ${descriptionName}`);
    const text = await collect(first.value.content, largestDescription, descriptionName);
    const description = parseDescription(Buffer.from(text).toString('utf8'));
    return { description, images: imagesOf(members, description) };
  } catch (error) {
    await members.return(undefined);
    throw error;
  }
}

async function* imagesOf(members: AsyncGenerator<CpioMember>, { images }: Description): AsyncGenerator<SwuImage> {
  const missing = new Map(images.map((image) => [image.filename, image]));
  let isSecond = true;
  for await (const { name, size, content } of members) {
    const isSignature = isSecond && name === descriptionSignatureName;
    isSecond = false;
    if (isSignature) continue;
    const image = missing.get(name);
    if (!image) throw mismatch(`${name} is there and not described`);
    missing.delete(name);
    yield { ...image, size, content };
  }
  const [left] = missing.keys();
  if (left !== undefined) throw mismatch(`${left} is described and not there`);
}
