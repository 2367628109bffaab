import { errorFamily } from '@mooring/platform';

export const verifyErrors = errorFamily({
  'verify.refused':
    'A check of verify failed: the manifest is not one that devices of this project would or should take.',
  'verify.option.invalid': 'An id on the command line of verify, or in the settings, is not a UUID.',
});
