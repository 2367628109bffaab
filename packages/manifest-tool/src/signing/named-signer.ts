import type { CommandContext } from '@mooring/terminal';
import { signingErrors } from './errors.ts';
import type { NamedSigner } from './key-holder-signer.ts';

/**
 * The signer that `--signer` names: `pkcs11:…` or `ssh-agent:…`.
 *
 * @throws MooringError `signing.signer.malformed`, and what the holder of the key says
 */
export async function namedSigner(name: string, context: CommandContext): Promise<NamedSigner> {
  if (name.startsWith('pkcs11:')) {
    const { pkcs11Signer } = await import('./pkcs11.ts');
    return await pkcs11Signer(name, context);
  }
  if (/^ssh-agent:./.test(name)) {
    const { sshAgentSigner } = await import('./ssh-agent.ts');
    return await sshAgentSigner(name.slice('ssh-agent:'.length), context);
  }
  throw signingErrors('signing.signer.malformed', {
    message: `"${name.slice(0, 60)}" names no signer.`,
    next: 'Signers are pkcs11:token=…;object=…?module-path=… and ssh-agent:SHA256:… or ssh-agent:COMMENT; a key file goes with -k.',
  });
}
