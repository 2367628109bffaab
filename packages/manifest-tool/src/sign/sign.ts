import { createHash } from 'node:crypto';
import { addSignatureV1, hexOutput, keySigner, type Signer } from '@mooring/manifest';
import type { Certificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { type ArgumentFile, checkOutput, openArgument } from '../argument-file.ts';
import { certificateIn, certificatesOf } from '../create/certificates.ts';
import { ManifestInputs } from '../create/inputs.ts';
import { signerFor } from '../create/signer.ts';
import { type logLevels, logOf } from '../log.ts';
import { writeOutput } from '../output-file.ts';
import { projectValues } from '../project-values.ts';
import { privateKeyOf, requireP256 } from '../signing/private-key.ts';
import { warnOfEnd } from '../validity/warn-of-end.ts';
import { verifyOptionsOf } from '../verify/options.ts';
import { verifyManifest } from '../verify/verify.ts';
import { signErrors } from './errors.ts';

const command = 'manifest-tool sign';

async function given(
  context: CommandContext,
  option: string,
  file: string | undefined,
): Promise<ArgumentFile | undefined> {
  return file === undefined ? undefined : await openArgument(context, command, option, file);
}

/** The certificate of `-c`, else the first of the settings. */
async function certificateFor(inputs: ManifestInputs, file: ArgumentFile | undefined, signal: AbortSignal) {
  if (file) return { certificate: certificateIn(file.data, file.file), name: file.file };
  const [first] = await certificatesOf(inputs, signal);
  if (first) return first;
  throw signErrors('sign.certificate.missing', {
    message: 'No certificate is named for the new signature.',
    next: 'Give the certificate of the key with -c.',
  });
}

async function added(
  manifest: Uint8Array,
  signer: Signer,
  certificate: Certificate,
  name: string,
): Promise<Uint8Array> {
  try {
    return await addSignatureV1(manifest, signer, certificate);
  } catch (cause) {
    if (!isMooringError(cause) || cause.code !== 'manifest.signature.mismatch') throw cause;
    throw signErrors('sign.mismatch', {
      message: `New signature failed to verify with supplied certificate (${name})`,
      next: 'Give the key and the certificate that were made together.',
      cause,
      data: { certificate: name },
    });
  }
}

/**
 * Verifies the manifest as `verify` does, and adds one signature; what was there stays, byte for byte.
 *
 * @throws MooringError `sign.*`, `verify.refused`, `parse.*`, `signing.*`, `manifest.argument`
 */
export async function sign(context: CommandContext, values: Values): Promise<unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const level = values.log_level as keyof typeof logLevels;
  const log = logOf(context.io, level, 'manifesttool.v1.sign');
  const manifest = await openArgument(context, command, '-m/--manifest', text('manifest') as string);
  const key = await given(context, '-k/--private-key', text('private_key'));
  const certificateFile = await given(context, '-c/--certificate', text('certificate'));
  const outputFile = text('output_file');
  await checkOutput(context, command, '-o/--output-file', outputFile);

  await verifyManifest(
    context,
    manifest.data,
    verifyOptionsOf(values),
    logOf(context.io, level, 'manifesttool.v1.verify'),
  );

  log.info('Signing manifest...');
  const inputs = new ManifestInputs(await projectValues(context), context.cwd);
  const passwordFile = text('password_file');
  const signer = key
    ? keySigner(
        requireP256(await privateKeyOf(key, { context, command, passwordFile }), key.file),
        `the key in ${key.file}`,
      )
    : await signerFor(context, inputs, undefined, passwordFile, text('signer'));
  const { certificate, name } = await certificateFor(inputs, certificateFile, context.signal);
  log.info('Verifying signature with supplied certificate...');
  const made = await added(manifest.data, signer, certificate, name);
  warnOfEnd(certificate, name, context.clock.now(), log);
  await writeOutput(context, outputFile, made);
  return {
    signer: certificate.fingerprint,
    size: made.length,
    sha256: createHash('sha256').update(made).digest('hex'),
    ...(outputFile === undefined || outputFile === '-' ? { manifest: hexOutput(made) } : { output: outputFile }),
  };
}
