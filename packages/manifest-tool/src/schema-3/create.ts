import { createHash } from 'node:crypto';
import { hexOutput, isVersion, versionNumber } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput, openArgument } from '../argument-file.ts';
import { manifestToolErrors } from '../errors.ts';
import { argumentError2x, type Log2x } from '../logging-2x.ts';
import { writeOutput } from '../output-file.ts';
import { endLogOf, warnOfEnd } from '../validity/warn-of-end.ts';
import { type Config, checkedConfig, classIdIn, readYaml, vendorIdIn } from './config.ts';
import { readNamed } from './delta-metadata.ts';
import { configErrors } from './errors.ts';
import { imageOf } from './image.ts';
import { checkForV1, customData, type ManifestIds, manifestV1, manifestV3, updateCertificate } from './manifests.ts';
import { keySigning, namedSigning, type Signing, toolSigning } from './sign-with.ts';

export const attention =
  "Attention: When updating Mbed OS devices, candidate features must match the device's bootloader features. Incompatibility may result in damaged devices.";

/** What argparse said of a version that is none. */
export const notAVersion = (value: string): string =>
  `"${value}" is not a valid SemVer format. Min. 0.0.1, max 999.999.999`;

const wrongVersion = (command: string, option: string, value: string): Error =>
  argumentError2x(command, option, notAVersion(value));

/** @throws MooringError `manifest.argument` */
export function checkedVersion(command: string, option: string, value: string): string {
  if (isVersion(value)) return value;
  throw wrongVersion(command, option, value);
}

/**
 * The version of `create-v1`: a number, or a version as a number; the time where none is given, or 0.
 *
 * @throws MooringError `manifest.argument`
 */
export function versionOfV1(context: CommandContext, command: string, values: Values): bigint {
  const migrate = values.fw_migrate_ver as string | undefined;
  if (migrate !== undefined) return versionNumber(checkedVersion(command, '--fw-migrate-ver', migrate));
  const given = values.fw_version as string | undefined;
  if (given !== undefined && !/^\s*\+?\d+\s*$/.test(given)) {
    throw argumentError2x(command, '-v/--fw-version', `"${given}" is an invalid non-negative integer value`);
  }
  return BigInt(given ?? 0) || BigInt(Math.floor(context.clock.now().getTime() / 1000));
}

/** The signing tool has no way to sign a digest. */
function refuseImageSignature(): never {
  throw configErrors('config.unsupported', {
    message: 'sign-image option is not supported together                     with signing-tool option',
    next: 'Leave "sign-image" out, or sign with a key file.',
  });
}

export function idsIn(config: Config, log: Log2x): ManifestIds {
  const vendorId = vendorIdIn(config);
  log.info(`Vendor-ID: ${Buffer.from(vendorId).toString('hex')}`);
  const classId = classIdIn(config, vendorId);
  log.info(`Class-ID: ${Buffer.from(classId).toString('hex')}`);
  return { vendorId, classId };
}

/** In the words of argparse, for which the key is no longer required: a signer will do. */
function requireKey(command: string, values: Values): void {
  if (values.key !== undefined || values.signer !== undefined) return;
  throw manifestToolErrors('manifest.argument', {
    message: `${command}: error: the following arguments are required: -k/--key`,
    exitCode: 2,
  });
}

/** What is the same for `create` and `create-v1`, in the order of 2.6.2. */
async function prepared(context: CommandContext, values: Values, command: string, schema: 'v1' | 'v3', log: Log2x) {
  requireKey(command, values);
  const configFile = await openArgument(context, command, '-c/--config', values.config as string);
  await checkOutput(context, command, '-o/--output', values.output as string);
  const parsed = readYaml(configFile);
  const signerName = values.signer as string | undefined;
  const keyName = values.key as string;
  const hasTool = signerName === undefined && typeof parsed === 'object' && parsed !== null && 'signing-tool' in parsed;
  const keyFile = hasTool || signerName !== undefined ? undefined : await readNamed(context.cwd, keyName);
  const config = checkedConfig(parsed, configFile.file, schema);
  const ids = idsIn(config, log);
  const signing = async (): Promise<Signing> => {
    if (signerName !== undefined) return await namedSigning(context, signerName);
    if (keyFile) {
      log.debug('no external signing tool');
      return await keySigning(context, command, keyFile, values.password_file as string | undefined);
    }
    return toolSigning(context, config['signing-tool'] as string, keyName, log);
  };
  if (schema === 'v1') checkForV1(config);
  else if (config['sign-image'] && hasTool) refuseImageSignature();
  return { config, ids, signing };
}

async function finished(
  context: CommandContext,
  values: Values,
  made: Uint8Array,
  ids: ManifestIds,
  log: Log2x,
  version: string,
) {
  const output = values.output as string;
  await writeOutput(context, output, made);
  log.info(attention);
  return {
    vendorId: hexOutput(ids.vendorId),
    classId: hexOutput(ids.classId),
    version,
    size: made.length,
    sha256: createHash('sha256').update(made).digest('hex'),
    ...(output === '-' ? { manifest: hexOutput(made) } : { output }),
  };
}

/** @throws MooringError `config.*`, `signing.*`, `manifest.argument` */
export async function create(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const command = 'manifest-tool create';
  const version = checkedVersion(command, '-v/--fw-version', values.fw_version as string);
  const { config, ids, signing } = await prepared(context, values, command, 'v3', log);
  const image = await imageOf(config, context.cwd);
  const data = await customData(config, context.cwd);
  const made = await manifestV3(config, ids, version, image, data, await signing());
  return { schema: 'v3', ...(await finished(context, values, made, ids, log, version)) };
}

/** @throws MooringError `config.*`, `signing.*`, `manifest.argument` */
export async function createV1(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const command = 'manifest-tool create-v1';
  const version = versionOfV1(context, command, values);
  const file = values.update_certificate as string;
  const certificateFile = await readNamed(context.cwd, file).catch((error: unknown) => {
    if (!isMooringError(error)) throw error;
    throw argumentError2x(command, '--update-certificate', `File "${file}" is not found`);
  });
  const { config, ids, signing } = await prepared(context, values, command, 'v1', log);
  const certificate = updateCertificate(certificateFile.data, file);
  const image = await imageOf(config, context.cwd);
  const data = await customData(config, context.cwd);
  const made = await manifestV1(config, ids, version, image, data, await signing(), { certificate, file });
  warnOfEnd(certificate, file, context.clock.now(), endLogOf(context.output));
  return { schema: 'v1', ...(await finished(context, values, made, ids, log, String(version))) };
}
