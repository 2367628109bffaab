import { resolve } from 'node:path';
import { keySigner, type Signer } from '@mooring/manifest';
import { isMooringError, readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import type { ArgumentFile } from '../argument-file.ts';
import { projectFiles } from '../project-folder.ts';
import { externalToolSigner } from '../signing/external-tool.ts';
import { namedSigner } from '../signing/named-signer.ts';
import { privateKeyOf, requireP256 } from '../signing/private-key.ts';
import { createErrors } from './errors.ts';
import { text } from './fields.ts';
import type { ManifestInputs } from './inputs.ts';

/** Each failure of the tool has the two lines that 1.4.8 wrote, and the reason after them. */
function asOld(signer: Signer): Signer {
  return {
    ...signer,
    sign: (toBeSigned) =>
      signer.sign(toBeSigned).catch((cause: unknown) => {
        if (!isMooringError(cause)) throw cause;
        throw createErrors('create.tool.failed', {
          message: 'Signing tool failed.',
          next: `Failed to execute signing tool.\n${cause.message}`,
          cause,
          data: { ...cause.data, reason: cause.code },
        });
      }),
  };
}

async function settingsKey(context: CommandContext, inputs: ManifestInputs): Promise<ArgumentFile> {
  const file = text('private-key', inputs.top('private-key'));
  if (file === undefined) {
    throw createErrors('create.key.missing', {
      message: 'Resource is not signed and no signing key is provided.',
      next: 'Give the private key with -k, or run `manifest-tool init` once in this folder.',
    });
  }
  const data = await readFileIfExists(resolve(context.cwd, file)).catch(() => undefined);
  if (data) return { file, data };
  throw createErrors('create.key.unreadable', {
    message: `No private key specified and default key (${file}) cannot be opened`,
    next: `Put the key back, or give it with -k; ${projectFiles.settings} names it.`,
    data: { path: file },
  });
}

/**
 * What signs: the key of `-k`, or what `--signer` names; else the signing tool of the settings, else their key.
 *
 * @throws MooringError `create.key.*`, `signing.*`
 */
export async function signerFor(
  context: CommandContext,
  inputs: ManifestInputs,
  key: ArgumentFile | undefined,
  passwordFile: string | undefined,
  signerName: string | undefined,
): Promise<Signer> {
  if (signerName !== undefined) return await namedSigner(signerName, context);
  const tool = key ? undefined : text('signing-tool', inputs.top('signing-tool'));
  if (tool !== undefined) {
    const keyId = text('signing-key-id', inputs.top('signing-key-id')) ?? '';
    return asOld(externalToolSigner({ tool, keyId, cwd: context.cwd, signal: context.signal }));
  }
  const file = key ?? (await settingsKey(context, inputs));
  const privateKey = await privateKeyOf(file, { context, command: 'manifest-tool create', passwordFile });
  return keySigner(requireP256(privateKey, file.file), `the key in ${file.file}`);
}
