import { errorFamily } from '@mooring/platform';

export const renewErrors = errorFamily({
  'renew.certificate.missing': 'There is no update certificate that could be renewed.',
  'renew.key.mismatch': 'The key that is to sign the successor is not that of the certificate.',
  'renew.validity.invalid': 'The validity of a successor is not a number of days that a certificate can have.',
  'renew.place.missing':
    'Where to write a successor, its key or its C file is not said, or what belongs in it is not known.',
  'renew.exists': 'A file that renewing would write exists; devices may have been given what is in it.',
});
