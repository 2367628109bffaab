import { errorFamily } from '@mooring/platform';

export const payloadErrors = errorFamily({
  'payload.malformed': 'An update payload, or an archive in it, is damaged, cut off, or not what it is called.',
  'payload.unsafe': 'An archive has a member that would be written outside of its place, or written twice.',
  'payload.unsupported': 'An update payload has a form that is not known here.',
  'payload.too.large': 'Something in an update payload is larger than what is allowed.',
  'payload.compression': 'A compressed part of a payload is damaged, or the program for it is missing.',
  'payload.input': 'What a payload is to be made of is missing, or does not fit together.',
});
