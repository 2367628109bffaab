import { errorFamily } from '@mooring/platform';

export const signingErrors = errorFamily({
  'signing.key.unreadable': 'A private key is empty, damaged or not a private key.',
  'signing.key.unsuitable': 'A key is not on P-256, so that devices cannot check its signatures.',
  'signing.key.mismatch':
    'A signature does not verify with the certificate that the manifest names: the key is that of another certificate.',
  'signing.password.missing': 'A private key is protected by a password, and none was given.',
  'signing.password.wrong': 'A private key does not open with the password that was given.',
  'signing.tool.missing': 'The signing tool cannot be started.',
  'signing.tool.failed': 'The signing tool ended with a failure, or left no signature that can be used.',
});
