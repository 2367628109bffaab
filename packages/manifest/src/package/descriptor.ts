import { type Der, DerReader, der } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { packageErrors } from './errors.ts';

/** The member of a package that describes the others; always the first. */
export const descriptorName = '_desc_';

/** What a device is told of one image before it comes. */
export interface ImageDescriptor {
  /** Name of the sub-component, and of the member that holds the image. */
  readonly name: string;
  readonly vendorData: Uint8Array;
  /** Size of the image in bytes. */
  readonly size: number;
}

/**
 * Descriptor ::= SEQUENCE { num-of-images INTEGER, descriptors-array SEQUENCE OF SEQUENCE { id UTF8String,
 * vendor-data OCTET STRING, vendor-data-size INTEGER, image-size INTEGER } }
 */
export function encodeDescriptor(images: readonly ImageDescriptor[]): Der {
  const items = images.map(({ name, vendorData, size }) =>
    der.sequence(der.utf8String(name), der.octetString(vendorData), der.integer(vendorData.length), der.integer(size)),
  );
  return der.sequence(der.integer(images.length), der.sequence(...items));
}

/**
 * Strict DER; fields that follow those above in a description are skipped, as devices do.
 *
 * @throws MooringError `package.descriptor.malformed` with the byte offset in the descriptor
 */
export function decodeDescriptor(bytes: Uint8Array): ImageDescriptor[] {
  try {
    const outer = new DerReader(bytes, `the descriptor (${descriptorName})`);
    const descriptor = outer.enter(der.tags.sequence);
    outer.finish();
    const start = descriptor.offset;
    const count = descriptor.number('num-of-images');
    const array = descriptor.enter(der.tags.sequence, 'descriptors-array');
    descriptor.finish();
    const images: ImageDescriptor[] = [];
    while (!array.done) images.push(imageDescriptor(array));
    if (count !== images.length) descriptor.fail(`num-of-images is ${count}, ${images.length} are described`, start);
    return images;
  } catch (error) {
    if (!isMooringError(error) || error.code !== 'pki.der.malformed') throw error;
    throw packageErrors('package.descriptor.malformed', {
      message: error.message,
      next: 'Make the package again with manifest-package-tool create.',
      ...(error.data ? { data: error.data } : {}),
    });
  }
}

function imageDescriptor(array: DerReader): ImageDescriptor {
  const fields = array.enter(der.tags.sequence, 'a description of an image');
  const text = fields.next(der.tags.utf8String, 'id');
  const name = Buffer.from(text.content).toString('utf8');
  if (Buffer.compare(Buffer.from(name, 'utf8'), text.content) !== 0) fields.fail('id is not UTF-8', text.start);
  const vendorData = fields.octetString('vendor-data');
  const start = fields.offset;
  const size = fields.number('vendor-data-size');
  if (size !== vendorData.length) {
    fields.fail(`vendor-data-size is ${size}, vendor-data has ${vendorData.length} bytes`, start);
  }
  const image = { name, vendorData, size: fields.number('image-size') };
  while (!fields.done) fields.next();
  return image;
}
