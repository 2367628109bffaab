import { resolve } from 'node:path';
import { type PayloadFormatV3, payloadFormatsV3 } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import { pythonReason } from '../argument-file.ts';
import { type Digest, digestOfFile } from '../create/resources.ts';
import type { Config } from './config.ts';
import { type DeltaMetadata, deltaMetadata } from './delta-metadata.ts';
import { configErrors } from './errors.ts';

/** An image as it is downloaded, and as it is installed. */
export interface Image {
  format: PayloadFormatV3;
  url: string;
  downloaded: Digest;
  installed: Digest;
  /** Of a delta: SHA-256 of the image it applies to. */
  precursorDigest?: Uint8Array;
}

async function fileDigest(cwd: string, file: string): Promise<Digest> {
  try {
    return await digestOfFile(resolve(cwd, file), file);
  } catch (error) {
    const cause = isMooringError(error) && isMooringError(error.cause) ? error.cause.cause : error;
    throw configErrors('config.file.unreadable', {
      message: pythonReason(cause, file),
      next: 'Paths in a config are relative to the current folder, not to the config file.',
      cause,
      data: { path: file },
    });
  }
}

/**
 * Reads what the config says about the image, from the image itself.
 *
 * @throws MooringError `config.file.unreadable`, `config.delta.malformed`
 */
export async function imageOf({ payload }: Config, cwd: string): Promise<Image> {
  const { format, url, encrypted } = payload;
  const file = payload['file-path'];
  if (format === 'arm-patch-stream') {
    const metadata: DeltaMetadata = await deltaMetadata(cwd, file);
    return {
      format,
      url,
      downloaded: await fileDigest(cwd, file),
      installed: { hash: metadata.installedDigest, size: metadata.installedSize },
      precursorDigest: metadata.precursorDigest,
    };
  }
  const installed = await fileDigest(cwd, file);
  const isEncrypted = payloadFormatsV3[format] >= 0x100;
  const downloaded =
    isEncrypted && encrypted
      ? { hash: new Uint8Array(Buffer.from(encrypted.digest, 'hex')), size: encrypted.size }
      : installed;
  return { format, url, downloaded, installed };
}
