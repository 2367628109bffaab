import { errorFamily } from '@mooring/platform';

export const credentialErrors = errorFamily({
  'credentials.source.empty': 'A file of credentials is empty.',
  'credentials.source.binary':
    'A file of credentials is not C source: it holds binary data or another encoding than UTF-8.',
  'credentials.source.malformed':
    'A file of credentials is not the C source that the generators write; the line is given.',
  'credentials.source.kind':
    'A file of credentials is of another kind, or of a generator whose files cannot be used here.',
  'credentials.variable.missing': 'A file of credentials lacks a variable.',
  'credentials.variable.twice': 'A file of credentials defines a variable twice.',
  'credentials.variable.invalid':
    'A variable in a file of credentials has a value that cannot be right; line and reason are given.',
  'credentials.mismatch': 'Parts of one set of credentials do not belong together, such as a certificate and its key.',
  'credentials.field.unsafe': 'A value would be damaged by the C parser of the old mbl-cli, so it is not written.',
  'credentials.field.invalid': 'A value cannot be written into a file of credentials.',
  'credentials.uuid.malformed': 'A vendor or class id is not a UUID.',
});
