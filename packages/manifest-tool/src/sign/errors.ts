import { errorFamily } from '@mooring/platform';

export const signErrors = errorFamily({
  'sign.key.missing': 'Neither the command line nor the settings name a key to sign with.',
  'sign.certificate.missing': 'Neither the command line nor the settings name the certificate of the key.',
  'sign.certificate.unreadable': 'The certificate of the new signature cannot be read.',
  'sign.mismatch': 'The new signature does not verify with the certificate that it would name.',
});
