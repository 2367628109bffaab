import type { Option } from '@mooring/terminal';

/** With `excludes: 'key'` on the option of the key file beside it. */
export const signerOption: Option = {
  flags: ['--signer'],
  name: 'signer',
  metavar: 'SIGNER',
  excludes: 'key',
  help: 'Sign with a key that is in no file: pkcs11:token=TOKEN;object=LABEL?module-path=LIBRARY&pin-source=file:FILE (RFC 7512; without pin-source the PIN is taken from MANIFEST_TOOL_PKCS11_PIN, or asked for), ssh-agent:SHA256:… or ssh-agent:COMMENT. The key has to be that of the certificate.',
};
