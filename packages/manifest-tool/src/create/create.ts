import { createHash } from 'node:crypto';
import { formatUuid } from '@mooring/credentials';
import { cOutput, hexOutput, preSharedKeyMode } from '@mooring/manifest';
import type { CommandContext, Values } from '@mooring/terminal';
import { type ArgumentFile, checkOutput, openArgument, requireReadable } from '../argument-file.ts';
import { manifestToolErrors } from '../errors.ts';
import { type logLevels, logOf } from '../log.ts';
import { writeOutput } from '../output-file.ts';
import { isFalsy } from '../python/falsy.ts';
import { signingErrors } from '../signing/errors.ts';
import { warnOfEnd } from '../validity/warn-of-end.ts';
import { certificatesOf } from './certificates.ts';
import { createErrors } from './errors.ts';
import { type ManifestInputs, manifestInputs } from './inputs.ts';
import { manifestFrom } from './manifest.ts';
import { macManifest } from './psk.ts';
import { signedManifest } from './signature.ts';
import { signerFor } from './signer.ts';

const command = 'manifest-tool create';

/** In 1.4.8 always wrong usage; later the JSON input could name the payload, and so it can here. */
function requirePayload(inputs: ManifestInputs, payload: string | undefined): void {
  const named = [
    payload,
    inputs.find('payloadFile', 'payload.reference.file'),
    inputs.find('payloadUri', 'payload.reference.uri'),
    inputs.find('payloadHash', 'payload.reference.hash'),
    inputs.long('dependencies'),
  ];
  if (named.some((value) => !isFalsy(value))) return;
  throw manifestToolErrors('manifest.argument', {
    message: `${command}: error: the following arguments are required: -p/--payload`,
    exitCode: 2,
  });
}

/** Options that 1.4.8 had and that never did anything. */
function refuseUnsupported(values: Values): void {
  for (const [name, message] of [
    ['filter_id', 'Device Filters not supported yet.'],
    ['payload_key', '--payload-key is for encrypted payloads, which were never finished in this schema.'],
  ] as const) {
    if (values[name] === undefined) continue;
    throw createErrors('create.mode.unsupported', { message, next: 'Leave the option out.' });
  }
}

/** Pre-shared keys of devices come from the master key itself. */
function refuseSigner(): never {
  throw signingErrors('signing.options.conflict', {
    message: 'A manifest with --mac is not signed: --signer has nothing to do there.',
    next: 'Give the master key with -k, or leave --mac out.',
  });
}

/** `-x` and `-C` together are the C array of the hex text, as in 1.4.8. */
function outputForm(manifest: Uint8Array, hex: boolean, c: boolean): Uint8Array | string {
  const text = hex ? hexOutput(manifest) : undefined;
  if (!c) return text ?? manifest;
  return cOutput(text === undefined ? manifest : Buffer.from(text, 'latin1'));
}

/**
 * Everything is read, checked, made and signed first; then the output is written as a whole.
 *
 * @throws MooringError `create.*`, `signing.*`, `manifest.argument`
 */
export async function create(context: CommandContext, values: Values): Promise<unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const log = logOf(context.io, values.log_level as keyof typeof logLevels, 'manifesttool.v1.create');
  const [payload, keyFile, outputFile, tableFile] = ['payload', 'private_key', 'output_file', 'psk_table'].map(text);
  if (payload !== undefined) await requireReadable(context, command, '-p/--payload', payload);
  const key: ArgumentFile | undefined =
    keyFile === undefined ? undefined : await openArgument(context, command, '-k/--private-key', keyFile);
  await checkOutput(context, command, '-o/--output-file', outputFile);
  await checkOutput(context, command, '--psk-table', tableFile);

  refuseUnsupported(values);
  const inputs = await manifestInputs(context, text('input_file'));
  requirePayload(inputs, payload);
  const mac = Boolean(values.mac);
  const wishes = { payload, uri: text('uri'), format: text('payload_format'), signal: context.signal, mac };
  const manifest = await manifestFrom(inputs, wishes, context.clock, log);

  let made: Uint8Array;
  let details: Record<string, unknown>;
  if (manifest.encryptionMode === preSharedKeyMode) {
    if (values.signer !== undefined) refuseSigner();
    const urns = (values.device_urn ?? []) as readonly string[];
    const tableEncoding = text('psk_table_encoding') as 'text' | 'protobuf';
    const psk = await macManifest(
      context,
      inputs,
      manifest,
      { masterKey: key, deviceUrns: urns, tableFile, tableEncoding },
      log,
    );
    await writeOutput(context, tableFile, psk.table);
    made = psk.manifest;
    details = { devices: psk.devices, pskTable: tableFile };
  } else {
    const signer = await signerFor(context, inputs, key, text('password_file'), text('signer'));
    const certificates = await certificatesOf(inputs, context.signal);
    for (const { certificate, name } of certificates) warnOfEnd(certificate, name, context.clock.now(), log);
    made = await signedManifest(inputs, manifest, signer, certificates);
    details = {
      signedWith: signer.description,
      certificates: certificates.map(({ certificate, name }) => ({ file: name, fingerprint: certificate.fingerprint })),
    };
  }
  await writeOutput(context, outputFile, outputForm(made, Boolean(values.hex), Boolean(values.c_file)));
  const id = (bytes: Uint8Array) => (bytes.length === 16 ? formatUuid(bytes) : null);
  return {
    schema: 'v1',
    vendorId: id(manifest.vendorId),
    classId: id(manifest.classId),
    deviceId: id(manifest.deviceId),
    timestamp: String(manifest.timestamp),
    payload: manifest.payload && {
      hash: hexOutput(manifest.payload.reference.hash),
      size: manifest.payload.reference.size,
      uri: manifest.payload.reference.uri ?? null,
    },
    ...details,
    size: made.length,
    sha256: createHash('sha256').update(made).digest('hex'),
    ...(outputFile === undefined || outputFile === '-' ? { manifest: hexOutput(made) } : { output: outputFile }),
  };
}
