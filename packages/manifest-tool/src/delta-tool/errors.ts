import { errorFamily } from '@mooring/platform';

export const deltaToolErrors = errorFamily({
  'delta.version.missing': 'The current image does not contain the version string of a client that can apply deltas.',
  'delta.version.unknown': 'The client in the current image applies deltas of another version.',
  'delta.over.threshold': 'The delta is not much smaller than the new image; nothing was written.',
});
