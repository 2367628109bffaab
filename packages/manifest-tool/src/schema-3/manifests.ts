import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ManifestV1,
  type ManifestV3,
  type PayloadFormatV3,
  payloadFormatsV3,
  signedMode,
  signV1,
  signV3,
} from '@mooring/manifest';
import { type Certificate, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { pythonReason } from '../argument-file.ts';
import type { Config } from './config.ts';
import { configErrors } from './errors.ts';
import type { Image } from './image.ts';
import type { Signing } from './sign-with.ts';

export interface ManifestIds {
  vendorId: Uint8Array;
  classId: Uint8Array;
}

const nothing = new Uint8Array();

/** Custom data of the config's vendor, undefined where there is none. */
export async function customData({ vendor }: Config, cwd: string): Promise<Uint8Array | undefined> {
  const file = vendor['custom-data-path'];
  if (file === undefined) return undefined;
  try {
    return new Uint8Array(await readFile(resolve(cwd, file)));
  } catch (cause) {
    throw configErrors('config.file.unreadable', {
      message: pythonReason(cause, file),
      next: 'Paths in a config are relative to the current folder, not to the config file.',
      cause,
      data: { path: file },
    });
  }
}

/** A signed manifest of schema v3. */
export async function manifestV3(
  config: Config,
  ids: ManifestIds,
  version: string,
  image: Image,
  vendorData: Uint8Array | undefined,
  { signer, signDigest }: Signing,
): Promise<Uint8Array> {
  const signImage = config['sign-image'] === true;
  if (signImage && !signDigest) {
    throw configErrors('config.unsupported', {
      message: `"sign-image" cannot be done with ${signer.description}, which signs no digest that is made already.`,
      next: 'Leave "sign-image" out, or sign with a key file or a PKCS#11 token.',
    });
  }
  const installedSignature = signImage && signDigest ? await signDigest(image.installed.hash) : nothing;
  const manifest: ManifestV3 = {
    ...ids,
    updatePriority: config.priority ?? 0,
    componentName: config.component ?? 'MAIN',
    payloadVersion: version,
    payloadDigest: image.downloaded.hash,
    payloadSize: image.downloaded.size,
    payloadUri: image.url,
    payloadFormat: payloadFormatsV3[image.format],
    installedSignature,
    ...(image.format === 'raw-binary'
      ? {}
      : {
          payloadMetadata: {
            installedSize: image.installed.size,
            installedDigest: image.installed.hash,
            ...(image.precursorDigest ? { precursorDigest: image.precursorDigest } : {}),
          },
        }),
    ...(vendorData ? { vendorData } : {}),
  };
  return await signV3(manifest, signer);
}

const formatsOfV1: Partial<Record<PayloadFormatV3, number>> = { 'raw-binary': 1, 'arm-patch-stream': 5 };

/** @throws MooringError `config.unsupported` for what schema v1 has no place for */
export function checkForV1({ payload, ...config }: Config): void {
  if (config['sign-image']) {
    throw configErrors('config.unsupported', {
      message: 'sign-image is unexpected for manifest schema v1',
      next: 'Leave "sign-image" out, or make a manifest of schema v3 with `manifest-tool create`.',
    });
  }
  if (formatsOfV1[payload.format] !== undefined) return;
  throw configErrors('config.unsupported', {
    message: `The payload format ${payload.format} does not exist in manifest schema v1.`,
    next: 'Use raw-binary or arm-patch-stream, or make a manifest of schema v3 with `manifest-tool create`.',
    data: { format: payload.format },
  });
}

/** @throws MooringError `config.certificate.malformed` */
export function updateCertificate(data: Uint8Array, file: string): Certificate {
  try {
    return parseCertificate(data);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw configErrors('config.certificate.malformed', {
      message: `${file} holds no certificate that can be used. ${cause.message}`,
      next: 'Give the update certificate of the devices, DER or PEM.',
      cause,
      data: { path: file },
    });
  }
}

/**
 * A signed manifest of schema v1 as the 2.x tools make it: no nonce, and a version in place of the time.
 *
 * @throws MooringError `config.key.mismatch`
 */
export async function manifestV1(
  config: Config,
  ids: ManifestIds,
  version: bigint,
  image: Image,
  vendorData: Uint8Array | undefined,
  { signer }: Signing,
  { certificate, file }: { certificate: Certificate; file: string },
): Promise<Uint8Array> {
  const manifest: ManifestV1 = {
    manifestVersion: 1,
    timestamp: version,
    ...ids,
    deviceId: nothing,
    nonce: nothing,
    vendorInfo: vendorData ?? nothing,
    ...(image.precursorDigest ? { precursorDigest: image.precursorDigest } : {}),
    applyImmediately: true,
    ...(config.priority === undefined ? {} : { priority: config.priority }),
    encryptionMode: signedMode,
    aliases: [],
    dependencies: [],
    payload: {
      format: formatsOfV1[image.format] as number,
      storageIdentifier: 'default',
      reference: { hash: image.downloaded.hash, uri: image.url, size: image.downloaded.size },
      ...(image.precursorDigest ? { installedSize: image.installed.size, installedDigest: image.installed.hash } : {}),
    },
  };
  try {
    return await signV1(manifest, signer, certificate);
  } catch (cause) {
    if (!isMooringError(cause) || cause.code !== 'manifest.signature.mismatch') throw cause;
    throw configErrors('config.key.mismatch', {
      message: `What ${signer.description} signed does not verify with the update certificate in ${file}: devices would refuse this update.`,
      next: 'Give the key and the certificate that were made together.',
      cause,
      data: { certificate: file },
    });
  }
}
