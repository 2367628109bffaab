import { type PayloadDescription, payloadFormatsV1, type ResourceReference } from '@mooring/manifest';
import { isFalsy } from '../python/falsy.ts';
import { createErrors } from './errors.ts';
import { count, hex, objects, text } from './fields.ts';
import { invalid, type ManifestInputs } from './inputs.ts';
import { type Digest, digestOfFile, digestOfUrl } from './resources.ts';

export interface PayloadOptions {
  /** `-p` */
  payload: string | undefined;
  /** `-u` */
  uri: string | undefined;
  /** `-f` of 1.5 */
  format: string | undefined;
  signal: AbortSignal;
}

const rawBinary = 1;
const bsdiffStream = 5;

function formatOf(inputs: ManifestInputs, options: PayloadOptions): number {
  const given = options.format ?? inputs.find('payloadFormat', 'payload.format.enum');
  if (isFalsy(given)) return rawBinary;
  if (typeof given === 'number' && payloadFormatsV1[given]) return given;
  const number = payloadFormatsV1.indexOf(given as (typeof payloadFormatsV1)[number]);
  if (number > 0) return number;
  throw invalid('payloadFormat', `has to be one of ${payloadFormatsV1.slice(1).join(', ')}`);
}

async function referenceOf(inputs: ManifestInputs, options: PayloadOptions): Promise<ResourceReference | undefined> {
  const uri = options.uri || text('payloadUri', inputs.find('payloadUri', 'payload.reference.uri'));
  const file = options.payload ?? text('payloadFile', inputs.find('payloadFile', 'payload.reference.file'));
  const hash = hex('payloadHash', inputs.find('payloadHash', 'payload.reference.hash'), 32);
  if (!hash && !file && !uri) return undefined;
  const located = uri ? { uri } : {};
  if (!hash) {
    return {
      ...(file ? await digestOfFile(inputs.at(file), file) : await digestOfUrl(uri as string, options.signal)),
      ...located,
    };
  }
  const size = count('payloadSize', inputs.find('payloadSize', 'payload.reference.size'));
  if (size !== undefined) return { hash, size, ...located };
  throw createErrors('create.payload.incomplete', {
    message: '"payloadHash" is given without "payloadSize".',
    next: 'Give both, or neither and the file itself.',
  });
}

/** A digest that is given, or that of a file: `precursorDigest` or `precursorFile`, as of 1.5. */
async function digestNamed(
  inputs: ManifestInputs,
  name: 'precursor' | 'installed',
  place: string,
): Promise<Partial<Digest>> {
  const hash = hex(`${name}Digest`, inputs.find(`${name}Digest`, `${place}${name}Digest`), 32);
  if (hash) return { hash };
  const file = text(`${name}File`, inputs.find(`${name}File`, `${place}${name}File`));
  return file ? await digestOfFile(inputs.at(file), file) : {};
}

export interface Payload {
  payload?: PayloadDescription;
  precursorDigest?: Uint8Array;
}

/**
 * What a manifest says about its payload: given as hash and size, or worked out from a file, or from what lies at the
 * address where no file is named.
 *
 * @throws MooringError `create.payload.*`, `create.value.invalid`, `create.download.failed`
 */
export async function payloadOf(inputs: ManifestInputs, options: PayloadOptions): Promise<Payload> {
  const reference = await referenceOf(inputs, options);
  if (!reference) {
    if (objects('dependencies', inputs.long('dependencies')).length > 0) return {};
    throw createErrors('create.payload.missing', {
      message: 'No payload was specified and no dependencies were provided.',
      next: 'Name the firmware image with -p.',
    });
  }
  const format = formatOf(inputs, options);
  const precursor = await digestNamed(inputs, 'precursor', '');
  const installed = await digestNamed(inputs, 'installed', 'payload.');
  const installedSize = count('installedSize', inputs.find('installedSize', 'payload.installedSize')) ?? installed.size;
  if (format === bsdiffStream && !(precursor.hash && installed.hash && installedSize !== undefined)) {
    throw createErrors('create.payload.incomplete', {
      message: 'A delta (bsdiff-stream) needs the digest of the old image, and digest and size of the new one.',
      next: 'Give "precursorFile" and "installedFile", or "precursorDigest", "installedDigest" and "installedSize".',
    });
  }
  return {
    payload: {
      format,
      storageIdentifier:
        text('storageIdentifier', inputs.find('storageIdentifier', 'payload.storageIdentifier')) ?? 'default',
      reference,
      ...(installedSize === undefined ? {} : { installedSize }),
      ...(installed.hash ? { installedDigest: installed.hash } : {}),
    },
    ...(precursor.hash ? { precursorDigest: precursor.hash } : {}),
  };
}
