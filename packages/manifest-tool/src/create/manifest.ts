import { randomBytes } from 'node:crypto';
import {
  encryptionModes,
  type ManifestV1,
  preSharedKeyMode,
  type ResourceAlias,
  type ResourceReference,
  signedMode,
} from '@mooring/manifest';
import type { Clock } from '@mooring/platform';
import type { Log } from '../log.ts';
import { isFalsy } from '../python/falsy.ts';
import { createErrors } from './errors.ts';
import { count, hex, latin1, objects, text, uuid, whole } from './fields.ts';
import { invalid, type ManifestInputs } from './inputs.ts';
import { type PayloadOptions, payloadOf } from './payload.ts';
import { digestOfFile, digestOfUrl } from './resources.ts';

/**
 * The number of the encryption mode. 1.4.8 took an unknown name for the usual mode and said nothing; this one says so.
 *
 * @throws MooringError `create.mode.unsupported` for the modes whose payload is encrypted, which nothing ever made
 */
export function encryptionModeOf(inputs: ManifestInputs, mac: boolean, log: Log): number {
  const usual = mac ? preSharedKeyMode : signedMode;
  const given = inputs.find('encryptionMode', 'encryptionMode.enum');
  if (isFalsy(given)) return usual;
  const number = typeof given === 'number' ? given : encryptionModes.indexOf(given as (typeof encryptionModes)[number]);
  if (number === 1 || number === 5) {
    throw createErrors('create.mode.unsupported', {
      message: `The encryption mode ${encryptionModes[number]} means an encrypted payload, which no released tool or client supports in this schema.`,
      next: 'Leave "encryptionMode" out; schema v3 knows encrypted payloads (encrypted-raw).',
      data: { encryptionMode: given },
    });
  }
  if (number > 0 && number < encryptionModes.length) return number;
  log.warning(`"${given}" is not an encryption mode; ${encryptionModes[usual]} is used.`);
  return usual;
}

function identifiersOf(inputs: ManifestInputs): Pick<ManifestV1, 'vendorId' | 'classId' | 'deviceId'> {
  const given = (name: string) => inputs.find(name);
  const [device, vendor, kind] = [given('deviceId'), given('vendorId'), given('classId')];
  if (isFalsy(device) && (isFalsy(vendor) || isFalsy(kind))) {
    const shown = (value: unknown) => (value === undefined || value === null ? 'None' : String(value));
    throw createErrors('create.ids.missing', {
      message: `Input file must contain either Device ID, or both Vendor and Class IDs, or all three\ndeviceId:"${shown(device)}"\nvendorId:"${shown(vendor)}"\nclassId:"${shown(kind)}"`,
      next: 'Run `manifest-tool init` once in this folder, or give the ids in the JSON input.',
    });
  }
  return { vendorId: uuid('vendorId', vendor), classId: uuid('classId', kind), deviceId: uuid('deviceId', device) };
}

function applyPeriodOf(inputs: ManifestInputs): Pick<ManifestV1, 'applyPeriod'> {
  const [validFrom, validTo] = (['validFrom', 'validTo'] as const).map((name) =>
    whole(`applyPeriod.${name}`, inputs.find(`applyPeriod.${name}`)),
  );
  if (!validFrom && !validTo) return {};
  if (validFrom === undefined || validTo === undefined) {
    throw invalid('applyPeriod', 'needs both "validFrom" and "validTo"');
  }
  return { applyPeriod: { validFrom, validTo } };
}

function checkVersion(inputs: ManifestInputs): void {
  const version = inputs.long('version');
  if (isFalsy(version) || version === 1 || version === 'v1') return;
  throw invalid('version', 'has to be "v1"');
}

async function aliasesOf(inputs: ManifestInputs): Promise<ResourceAlias[]> {
  const aliases: ResourceAlias[] = [];
  for (const [index, alias] of objects('aliases', inputs.long('aliases')).entries()) {
    const file = text(`aliases[${index}].file`, alias.file);
    const uri = text(`aliases[${index}].uri`, alias.uri);
    if (file === undefined || uri === undefined) throw invalid(`aliases[${index}]`, 'needs both "file" and "uri"');
    aliases.push({ hash: (await digestOfFile(inputs.at(file), file)).hash, uri });
  }
  return aliases;
}

async function dependenciesOf(inputs: ManifestInputs, signal: AbortSignal): Promise<ResourceReference[]> {
  const dependencies: ResourceReference[] = [];
  for (const [index, link] of objects('dependencies', inputs.long('dependencies')).entries()) {
    const file = text(`dependencies[${index}].file`, link.file);
    const uri = text(`dependencies[${index}].uri`, link.uri) ?? file;
    if (uri === undefined) throw invalid(`dependencies[${index}]`, 'needs a "file" or a "uri"');
    const found = file === undefined ? await digestOfUrl(uri, signal) : await digestOfFile(inputs.at(file), file);
    dependencies.push({ ...found, uri });
  }
  return dependencies;
}

/**
 * The manifest that the inputs describe.
 *
 * @throws MooringError `create.*`
 */
export async function manifestFrom(
  inputs: ManifestInputs,
  options: PayloadOptions & { mac: boolean },
  clock: Clock,
  log: Log,
): Promise<ManifestV1> {
  const ids = identifiersOf(inputs);
  checkVersion(inputs);
  const applyPeriod = applyPeriodOf(inputs);
  const encryptionMode = encryptionModeOf(inputs, options.mac, log);
  const description = text('description', inputs.find('description'));
  const nonce = hex('nonce', inputs.long('nonce'));
  const timestamp = whole('timestamp', inputs.long('timestamp'));
  const priority = count('priority', inputs.find('priority'));
  const vendorInfo =
    hex('vendorInfoHex', inputs.find('vendorInfoHex')) ?? latin1('vendorInfo', inputs.find('vendorInfo'));
  const applyImmediately = !isFalsy(inputs.find('applyImmediately'));
  if (!applyImmediately) {
    log.warning(
      'applyImmediately is currently ignored by the update client; manifests are always applied immediately.',
    );
  }
  const { payload, precursorDigest } = await payloadOf(inputs, options);
  if (payload?.reference.size === 0) log.warning('The payload is empty; devices and `verify` refuse it.');
  return {
    manifestVersion: 1,
    ...(description === undefined ? {} : { description }),
    timestamp: timestamp || BigInt(Math.floor(clock.now().getTime() / 1000)),
    ...ids,
    nonce: nonce ?? new Uint8Array(randomBytes(16)),
    vendorInfo,
    ...(precursorDigest ? { precursorDigest } : {}),
    ...applyPeriod,
    applyImmediately,
    ...(priority === undefined ? {} : { priority }),
    encryptionMode,
    aliases: await aliasesOf(inputs),
    dependencies: await dependenciesOf(inputs, options.signal),
    ...(payload ? { payload } : {}),
  };
}
