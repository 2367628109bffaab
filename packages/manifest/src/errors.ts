import { errorFamily } from '@mooring/platform';

export const manifestErrors = errorFamily({
  'manifest.unrecognized': 'The data is not an update manifest of a known schema.',
  'manifest.malformed': 'An update manifest breaks its schema or DER; the field and the byte offset are given.',
  'manifest.trailing.data': 'Something follows the end of an update manifest.',
  'manifest.field.invalid': 'A value cannot be written into an update manifest.',
  'manifest.signature.malformed': 'An ECDSA signature has neither of the two forms in use, or does not fit P-256.',
  'manifest.signature.mismatch': 'A new signature does not verify with the certificate that is to stand beside it.',
  'manifest.key.unsupported': 'A key is of a kind or curve with which devices cannot check update manifests.',
  'manifest.key.damaged': 'The two halves of a signing key do not belong together.',
  'manifest.key.table.malformed': 'A key table, or a record in it, could not be read.',
  'manifest.key.table.refused': 'A record of a key table does not open with the pre-shared key of the device.',
});
