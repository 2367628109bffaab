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
  'signing.signer.malformed': 'What --signer names is no signer: a pkcs11: URI or an ssh-agent: key is expected.',
  'signing.pin.missing': 'A PKCS#11 token needs a PIN, and none was given.',
  'signing.token.failed': 'A PKCS#11 token did not sign; the reason is that of pkcs11-tool.',
  'signing.token.tool.missing':
    'The program pkcs11-tool (OpenSC), which PKCS#11 tokens are used through, is not there.',
  'signing.agent.failed': 'There is no ssh-agent, or its answer cannot be used.',
  'signing.agent.refused': 'The ssh-agent refuses to sign with the key.',
  'signing.agent.key': 'The ssh-agent does not hold the key, or holds one that devices cannot check with.',
  'signing.options.conflict': 'A signer was asked for something that it cannot do.',
});
