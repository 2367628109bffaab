import { errorFamily } from '@mooring/platform';

export const parseErrors = errorFamily({
  'parse.not.manifest': 'The input does not begin as a manifest does.',
  'parse.unrecognized': 'The input begins as a manifest does, but is of no schema that the command reads.',
  'parse.malformed': 'The input is a damaged manifest; field and byte offset are given.',
  'parse.trailing': 'Something follows the end of the manifest.',
});
