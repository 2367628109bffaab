import { errorFamily } from '@mooring/platform';

export const packageToolErrors = errorFamily({
  'package.config.malformed': 'The config of a combined package is not YAML or JSON.',
  'package.config.invalid': 'The config of a combined package says something that it cannot say, or leaves it out.',
  'package.vendor.data.unwritable': 'Vendor data holds a letter that a package cannot hold.',
  'package.image.unreadable': 'A file that is to be put into a combined package cannot be read.',
});
