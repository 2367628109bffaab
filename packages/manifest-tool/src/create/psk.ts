import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { authenticateV1, type DeviceEntry, type ManifestV1 } from '@mooring/manifest';
import { readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import type { ArgumentFile } from '../argument-file.ts';
import type { Log } from '../log.ts';
import { projectFiles } from '../project-folder.ts';
import { isFalsy } from '../python/falsy.ts';
import { createErrors } from './errors.ts';
import { text } from './fields.ts';
import { invalid, type ManifestInputs } from './inputs.ts';

export interface PskOptions {
  masterKey: ArgumentFile | undefined;
  deviceUrns: readonly string[];
  tableFile: string | undefined;
  tableEncoding: 'text' | 'protobuf';
}

const incomplete = (message: string, next: string): Error => createErrors('create.psk.incomplete', { message, next });

async function masterKeyOf(context: CommandContext, inputs: ManifestInputs, given: ArgumentFile | undefined) {
  const file = given?.file ?? text('psk-master-key', inputs.top('psk-master-key'));
  const data = given?.data ?? (file ? await readFileIfExists(resolve(context.cwd, file)) : undefined);
  if (data?.length) return data;
  throw incomplete(
    file
      ? `The PSK master key in ${file} is missing or empty.`
      : 'Resource is not signed and no PSK master key is provided.',
    'Give the master key with -k, or run `manifest-tool init --psk` once in this folder.',
  );
}

function devicesOf(inputs: ManifestInputs, named: readonly string[], log: Log): string[] {
  const stored = inputs.top('deviceURNs');
  const known = isFalsy(stored) ? [] : stored;
  if (!Array.isArray(known) || !known.every((urn) => typeof urn === 'string')) {
    throw invalid('deviceURNs', 'has to be a list of texts');
  }
  const show = (title: string, urns: readonly string[]) => {
    log.info(title);
    for (const urn of urns) log.info(`    '${urn}'`);
  };
  show(`Loaded device URNs from '${projectFiles.settings}'`, known as string[]);
  if (named.length > 0) show('Loaded device URNs from input arguments', named);
  const devices = [...new Set([...(known as string[]), ...named])];
  if (devices.length > 0) return devices;
  throw incomplete(
    'No device is named whose key the update shall be checked with.',
    'Give the endpoint name with --device-urn, or run `manifest-tool init --psk` with its developer credentials.',
  );
}

/** A line for each device: its name and its record, both as hex. */
const textTable = (entries: readonly DeviceEntry[]): string =>
  entries
    .map(({ urn, opaque }) => `${Buffer.from(urn, 'utf8').toString('hex')},${Buffer.from(opaque).toString('hex')}\n`)
    .join('');

/**
 * A manifest that devices check with their pre-shared keys, and the table that goes with it. The keys themselves are
 * worked out from the master key and written nowhere.
 *
 * @throws MooringError `create.psk.incomplete`
 */
export async function macManifest(
  context: CommandContext,
  inputs: ManifestInputs,
  manifest: ManifestV1,
  options: PskOptions,
  log: Log,
): Promise<{ manifest: Uint8Array; table: Uint8Array | string; devices: string[] }> {
  if (options.tableFile === undefined) {
    throw incomplete(
      '--mac needs a file for the table of the devices.',
      'Name it with --psk-table; it travels to the devices beside the manifest.',
    );
  }
  const master = await masterKeyOf(context, inputs, options.masterKey);
  const devices = devicesOf(inputs, options.deviceUrns, log);
  log.info('Creating per-device validation codes...');
  for (const urn of devices) log.info(`    '${urn}'`);
  const made = authenticateV1(manifest, { master, endpoints: devices, iv: new Uint8Array(randomBytes(13)) });
  return {
    manifest: made.manifest,
    table: options.tableEncoding === 'protobuf' ? made.table : textTable(made.entries),
    devices,
  };
}
