import { keySigner, type Signer } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import type { ArgumentFile } from '../argument-file.ts';
import type { Log2x } from '../logging-2x.ts';
import { signDigest } from '../signing/digest-signature.ts';
import { externalToolSigner } from '../signing/external-tool.ts';
import { namedSigner } from '../signing/named-signer.ts';
import { privateKeyOf, requireP256 } from '../signing/private-key.ts';

export interface Signing {
  signer: Signer;
  /** Where a digest alone can be signed: r‖s, 64 bytes. */
  signDigest?(digest: Uint8Array): Promise<Uint8Array>;
}

/** What `--signer` names. @throws MooringError `signing.*` */
export async function namedSigning(context: CommandContext, name: string): Promise<Signing> {
  const signer = await namedSigner(name, context);
  return { signer, ...(signer.signDigest ? { signDigest: signer.signDigest } : {}) };
}

/**
 * The signing tool of the config, to which the value of `--key` is no more than a name; 2.6.2 did not look at its exit
 * status.
 */
export function toolSigning(context: CommandContext, tool: string, keyId: string, log: Log2x): Signing {
  const signer = externalToolSigner({
    tool,
    keyId,
    cwd: context.cwd,
    signal: context.signal,
    starting: (command) => log.info(`Running ${command.join(' ')} to sign manifest.`),
  });
  return {
    signer: {
      ...signer,
      sign: (toBeSigned) =>
        signer.sign(toBeSigned).catch((error: unknown) => {
          if (isMooringError(error)) log.critical('Signing tool failed.');
          throw error;
        }),
    },
  };
}

/** @throws MooringError `signing.*` */
export async function keySigning(
  context: CommandContext,
  command: string,
  file: ArgumentFile,
  passwordFile: string | undefined,
): Promise<Signing> {
  const key = requireP256(await privateKeyOf(file, { context, command, passwordFile }), file.file);
  return { signer: keySigner(key, `the key in ${file.file}`), signDigest: async (digest) => signDigest(key, digest) };
}
