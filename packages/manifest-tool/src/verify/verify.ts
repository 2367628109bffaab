import { resolve } from 'node:path';
import { type DecodedV1, encryptionModes, type ManifestV1, preSharedKeyMode } from '@mooring/manifest';
import { isMooringError, readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { type ArgumentFile, openArgument } from '../argument-file.ts';
import type { Log } from '../log.ts';
import { decodeForTool } from '../parse/decode.ts';
import { projectFiles } from '../project-folder.ts';
import { projectValues } from '../project-values.ts';
import type { PythonObject } from '../python/json.ts';
import { KnownCertificates } from './certificates.ts';
import { refuse } from './check.ts';
import { checkIdentifiers, type ExpectedIds } from './identifiers.ts';
import { checkNonce, checkPayload } from './payload.ts';
import { checkPskTable } from './psk-table.ts';
import { checkHash, checkSignatures } from './signatures.ts';
import { checkApplyPeriod, checkTimestamp } from './times.ts';

export interface VerifyOptions extends ExpectedIds {
  certificateDirectory: string | undefined;
  pskTable: string | undefined;
  /** Judge as 1.4.8 did where this command is stricter. */
  like: boolean;
}

function manifestIn({ value }: DecodedV1): ManifestV1 {
  const { resourceType, resource } = value.resource;
  if (resourceType !== 0 || resource instanceof Uint8Array) {
    throw refuse('type', 'The supplied file does not contain a manifest', 'It carries a payload.');
  }
  if (resource.manifestVersion !== 1) {
    throw refuse('version', 'Unsupported manifest version: None', `Its number is ${resource.manifestVersion}.`);
  }
  return resource;
}

function modeOf({ encryptionMode }: ManifestV1, log: Log): number {
  if (typeof encryptionMode === 'string') {
    throw refuse('mode', 'No encryptionMode specified', `It is named by an object identifier, ${encryptionMode}.`);
  }
  const name = encryptionModes[encryptionMode];
  if (encryptionMode === 0 || name === undefined) {
    throw refuse('mode', `Encryption mode ${name ?? 'None'} not supported`, `Its number is ${encryptionMode}.`);
  }
  log.info(`Encryption mode ${name}: OK`);
  return encryptionMode;
}

async function masterKey(context: CommandContext, settings: PythonObject): Promise<ArgumentFile> {
  const file = settings['psk-master-key'];
  const data = typeof file === 'string' ? await readFileIfExists(resolve(context.cwd, file)) : undefined;
  if (data && typeof file === 'string') return { file, data };
  throw refuse(
    'psk',
    'The master key of the pre-shared keys is not there',
    `${projectFiles.settings} has to name it as psk-master-key.`,
  );
}

/** What proves who made the manifest. @returns fingerprints of certificates, or names of devices */
async function authentication(
  context: CommandContext,
  decoded: DecodedV1,
  mode: number,
  settings: PythonObject,
  options: VerifyOptions,
  log: Log,
): Promise<Record<string, readonly string[]>> {
  if (options.like && mode > 2) return {};
  if (options.pskTable !== undefined) {
    const table = await openArgument(context, 'manifest-tool verify', '--psk-table', options.pskTable);
    return { devices: checkPskTable(decoded, table, await masterKey(context, settings), log) };
  }
  const folder = options.certificateDirectory ?? projectFiles.certificates;
  const known = new KnownCertificates(context.cwd, folder, settings['default-certificates'], log);
  // Mode 4 stands for pre-shared keys, whose records are in a table beside the manifest and are not here.
  if (mode === preSharedKeyMode && decoded.value.signature.signatures.length === 0) {
    throw refuse(
      'signature',
      'Nothing on the command line proves who made this manifest, which is authenticated with pre-shared keys',
      'Name the table that was made with it with --psk-table. --accept-like 1.4.8 goes without, as 1.4.8 did.',
    );
  }
  return { signers: await checkSignatures(decoded, mode, known, context.clock, log) };
}

/**
 * Whether devices of this project would take the manifest, with a line for each check.
 *
 * @param log of `manifesttool.v1.verify`
 * @throws MooringError `parse.*`, `verify.refused`
 */
export async function verifyManifest(
  context: CommandContext,
  data: Uint8Array,
  options: VerifyOptions,
  log: Log,
): Promise<{ decoded: DecodedV1; proof: Record<string, readonly string[]> }> {
  const decoded = decodeForTool(data, options.like);
  const manifest = manifestIn(decoded);
  log.info('Manifest version v1: OK');
  const settings = await projectValues(context);
  const mode = modeOf(manifest, log);
  checkIdentifiers(manifest, options, settings, log);
  checkHash(decoded, log);
  const proof = await authentication(context, decoded, mode, settings, options, log);
  checkNonce(manifest, log);
  checkPayload(manifest, log);
  checkTimestamp(manifest, context.clock, log, (refusal) => {
    if (!options.like || !isMooringError(refusal)) throw refusal;
    log.critical(refusal.message);
  });
  checkApplyPeriod(manifest, context.clock, log, options.like);
  return { decoded, proof };
}
