import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { hexOutput, type PayloadFormatV3 } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput } from '../argument-file.ts';
import { argumentError2x, type Log2x } from '../logging-2x.ts';
import { writeOutput } from '../output-file.ts';
import type { Config } from '../schema-3/config.ts';
import { attention, checkedVersion, idsIn, versionOfV1 } from '../schema-3/create.ts';
import { readNamed } from '../schema-3/delta-metadata.ts';
import { imageOf } from '../schema-3/image.ts';
import { checkForV1, customData, manifestV1, manifestV3, updateCertificate } from '../schema-3/manifests.ts';
import { keySigning, type Signing, toolSigning } from '../schema-3/sign-with.ts';
import { endLogOf, warnOfEnd } from '../validity/warn-of-end.ts';
import { type DevConfig, devConfig, keepVersion, lastVersions } from './cache.ts';
import { devToolErrors } from './errors.ts';
import { beforeFirst, nextVersion } from './next-version.ts';

const usualComponent = 'MAIN';
const deltaMark = 'PELION/BSDIFF';

/** 2.6.2 took any image for a delta beside which a file of its name ending in .yaml lay; a delta says so itself. */
async function isDelta(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(deltaMark.length);
    await file.read(head, 0, head.length, 0);
    return head.toString('latin1') === deltaMark;
  } finally {
    await file.close();
  }
}

function nonNegative(command: string, option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\+?\d+\s*$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw argumentError2x(command, option, `"${value}" is an invalid non-negative integer value`);
}

function encryptedOf(command: string, values: Values): { digest: string; size: number } | undefined {
  const digest = values.encrypted_digest as string | undefined;
  const size = nonNegative(command, '--encrypted-size', values.encrypted_size as string | undefined);
  if (!digest !== !size) {
    throw devToolErrors('dev.options.conflict', {
      message: 'manifest-dev-tool: error: require --encrypted-digest and --encrypted-size or none of those.',
      next: `'${command} -h' explains the options.`,
      exitCode: 2,
    });
  }
  if (!digest || !size) return undefined;
  if (/^[0-9a-fA-F]{64}$/.test(digest)) return { digest, size };
  throw argumentError2x(command, '--encrypted-digest', `"${digest}" is not a SHA-256 digest of 64 hexadecimal digits`);
}

async function formatOf(path: string, values: Values, encrypted: boolean): Promise<PayloadFormatV3> {
  if (await isDelta(path)) {
    if (!encrypted) return 'arm-patch-stream';
    throw devToolErrors('dev.delta.encrypted', {
      message: 'Unexpected combination (Delta+Encrypted)',
      next: 'Encrypt whole images only.',
    });
  }
  if (values.combined_image) return encrypted ? 'encrypted-combined' : 'combined';
  return encrypted ? 'encrypted-raw' : 'raw-binary';
}

async function signing(
  context: CommandContext,
  command: string,
  dev: DevConfig,
  values: Values,
  log: Log2x,
): Promise<Signing> {
  if (dev.signingTool !== undefined) return toolSigning(context, dev.signingTool, dev.keyFile, log);
  const file = await readNamed(context.cwd, dev.keyFile);
  return await keySigning(context, command, file, values.password_file as string | undefined);
}

async function configFrom(context: CommandContext, command: string, dev: DevConfig, values: Values): Promise<Config> {
  const path = values.payload_path as string;
  const encrypted = encryptedOf(command, values);
  const format = await formatOf(resolve(context.cwd, path), values, encrypted !== undefined).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw argumentError2x(command, '-p/--payload-path', `File "${path}" is not found`);
  });
  const priority = nonNegative(command, '-r/--priority', values.priority as string | undefined);
  const data = values.vendor_data as string | undefined;
  return {
    vendor: { 'vendor-id': dev.vendorId, ...(data === undefined ? {} : { 'custom-data-path': data }) },
    device: { 'class-id': dev.classId },
    ...(priority === undefined ? {} : { priority }),
    payload: { url: values.payload_url as string, 'file-path': path, format, ...(encrypted ? { encrypted } : {}) },
    component: (values.component_name as string | undefined) ?? usualComponent,
    'sign-image': Boolean(values.sign_image),
  };
}

export function announce({ payload }: Config, schema: 'v1' | 'v3', log: Log2x): void {
  log.info(attention);
  const kind = payload.format === 'arm-patch-stream' ? 'delta' : 'full';
  log.info(`Created manifest in ${schema} schema for ${kind} update campaign`);
}

/** Where the version goes up by itself it is kept before the manifest is written: no number is given out twice. */
async function written(
  context: CommandContext,
  values: Values,
  made: Uint8Array,
  schema: 'v1' | 'v3',
  config: Config,
  version: string,
  log: Log2x,
): Promise<unknown> {
  await writeOutput(context, values.output as string, made);
  announce(config, schema, log);
  return {
    schema,
    version,
    format: config.payload.format,
    size: made.length,
    sha256: createHash('sha256').update(made).digest('hex'),
    ...(values.output === '-' ? { manifest: hexOutput(made) } : { output: values.output }),
  };
}

/** Schema v3 names no certificate, and yet devices were given one: nothing depends on it here but this warning. */
async function warnOfDevCertificate(context: CommandContext, { certificate: file }: DevConfig): Promise<void> {
  try {
    const { data } = await readNamed(context.cwd, file);
    warnOfEnd(updateCertificate(data, file), file, context.clock.now(), endLogOf(context.output));
  } catch (error) {
    if (!isMooringError(error)) throw error;
  }
}

/** What a manifest is made with, known before anything is made. */
export interface DevProject {
  readonly command: string;
  readonly dev: DevConfig;
  readonly version: string;
}

export interface DevManifest {
  manifest: Uint8Array;
  config: Config;
}

/** @throws MooringError `dev.*`, `version.exhausted`, `manifest.argument` */
export async function devProject(
  context: CommandContext,
  command: string,
  values: Values,
  log: Log2x,
): Promise<DevProject> {
  const given = values.fw_version as string | undefined;
  if (given !== undefined) checkedVersion(command, '-v/--fw-version', given);
  encryptedOf(command, values);
  const folder = values.cache_dir as string;
  const dev = await devConfig(context.cwd, folder);
  const component = (values.component_name as string | undefined) ?? usualComponent;
  const version = given ?? nextVersion((await lastVersions(context.cwd, folder))[component] ?? beforeFirst);
  log.info(`FW version: ${version}`);
  return { command, dev, version };
}

/** @throws MooringError `dev.*`, `config.*`, `signing.*`, `manifest.argument` */
export async function devManifest(
  context: CommandContext,
  { command, dev, version }: DevProject,
  values: Values,
  log: Log2x,
): Promise<DevManifest> {
  const config = await configFrom(context, command, dev, values);
  const ids = idsIn(config, log);
  const image = await imageOf(config, context.cwd);
  const data = await customData(config, context.cwd);
  const signed = await signing(context, command, dev, values, log);
  const manifest = await manifestV3(config, ids, version, image, data, signed);
  await keepVersion(context.cwd, values.cache_dir as string, config.component ?? usualComponent, version);
  await warnOfDevCertificate(context, dev);
  return { manifest, config };
}

/** @throws MooringError `dev.*`, `config.*`, `signing.*`, `version.exhausted`, `manifest.argument` */
export async function create(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const command = 'manifest-dev-tool create';
  await checkOutput(context, command, '-o/--output', values.output as string);
  const project = await devProject(context, command, values, log);
  const { manifest, config } = await devManifest(context, project, values, log);
  return await written(context, values, manifest, 'v3', config, project.version, log);
}

/** The same for schema v1, whose version is a number. */
export async function devProjectV1(
  context: CommandContext,
  command: string,
  values: Values,
  log: Log2x,
): Promise<DevProject> {
  const version = String(versionOfV1(context, command, values));
  const migrate = values.fw_migrate_ver as string | undefined;
  const dev = await devConfig(context.cwd, values.cache_dir as string);
  log.info(`FW version: ${version}${migrate === undefined ? '' : ` (${migrate})`}`);
  return { command, dev, version };
}

export async function devManifestV1(
  context: CommandContext,
  { command, dev, version }: DevProject,
  values: Values,
  log: Log2x,
): Promise<DevManifest> {
  const config = await configFrom(context, command, dev, values);
  checkForV1(config);
  const ids = idsIn(config, log);
  const { file, data: bytes } = await readNamed(context.cwd, dev.certificate);
  const certificate = updateCertificate(bytes, file);
  const image = await imageOf(config, context.cwd);
  const data = await customData(config, context.cwd);
  const signed = await signing(context, command, dev, values, log);
  const manifest = await manifestV1(config, ids, BigInt(version), image, data, signed, { certificate, file });
  warnOfEnd(certificate, file, context.clock.now(), endLogOf(context.output));
  const migrate = values.fw_migrate_ver as string | undefined;
  if (migrate !== undefined) await keepVersion(context.cwd, values.cache_dir as string, usualComponent, migrate);
  return { manifest, config };
}

/** @throws MooringError `dev.*`, `config.*`, `signing.*`, `manifest.argument` */
export async function createV1(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const command = 'manifest-dev-tool create-v1';
  await checkOutput(context, command, '-o/--output', values.output as string);
  const project = await devProjectV1(context, command, values, log);
  const { manifest, config } = await devManifestV1(context, project, values, log);
  return await written(context, values, manifest, 'v1', config, project.version, log);
}
