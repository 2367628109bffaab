import { errorFamily } from '@mooring/platform';

export const packageErrors = errorFamily({
  'package.image.refused': 'An image cannot be put into a combined package under this name, or with this size.',
  'package.alignment': 'Images of a combined package cannot be aligned in this way.',
  'package.not.tar': 'A combined package is not a tar archive.',
  'package.malformed': 'A combined package is damaged, cut off, or holds what does not belong there.',
  'package.descriptor.malformed': 'The descriptor of a combined package is missing or damaged.',
  'package.mismatch': 'The descriptor of a combined package and the images in it do not fit together.',
});
