import { errorFamily } from '@mooring/platform';

export const deltaErrors = errorFamily({
  'delta.image.empty': 'A delta cannot be made to an image without a byte.',
  'delta.image.large': 'An image is too large for a delta to be made.',
  'delta.block.size': 'The block size of a delta is not a number of bytes that a device could have.',
  'delta.header.malformed': 'A file does not start as a delta of version PELION/BSDIFF001 does.',
  'delta.too.large': 'A delta asks for more memory, or makes a larger image, than was allowed.',
  'delta.malformed': 'A delta is damaged, cut off, or not for this old image.',
  'delta.block.malformed': 'A compressed block within a delta is damaged.',
});
