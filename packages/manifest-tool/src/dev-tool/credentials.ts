import { createPublicKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { type Certificate, matches } from '@mooring/pki';
import { readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { makeIdentity } from '../init/update-certificate.ts';
import { argumentError2x } from '../logging-2x.ts';
import { configErrors } from '../schema-3/errors.ts';
import { updateCertificate } from '../schema-3/manifests.ts';
import { privateKeyOf } from '../signing/private-key.ts';

/** Twenty years of 365 days. */
const validDays = 20 * 365;
export const initCommandName = 'manifest-dev-tool init';

export interface DevCredentials {
  certificate: Certificate;
  certificateData: Uint8Array;
  /** Undefined where a signing tool keeps it. */
  keyData?: Uint8Array;
  publicKey: KeyObject;
}

/** A new key and its certificate. */
export function madeCredentials(context: CommandContext): DevCredentials {
  const { identity, files } = makeIdentity({ subject: { commonName: 'localhost' }, days: validDays }, context.clock);
  const [key, certificate] = files;
  return {
    certificate: identity.certificate,
    certificateData: certificate?.data as Uint8Array,
    keyData: Buffer.from((key?.data ?? '') as string),
    publicKey: identity.certificate.publicKey,
  };
}

async function opened(context: CommandContext, option: string, file: string): Promise<Uint8Array> {
  const data = await readFileIfExists(resolve(context.cwd, file)).catch(() => undefined);
  if (data) return data;
  throw argumentError2x(initCommandName, option, `File "${file}" is not found`);
}

/**
 * The key and certificate that were named.
 *
 * @param hasTool whether a signing tool keeps the key, of which only a name is given then
 * @throws MooringError `config.key.mismatch`, `config.certificate.malformed`, `signing.*`, `manifest.argument`
 */
export async function givenCredentials(
  context: CommandContext,
  keyFile: string,
  certificateFile: string,
  hasTool: boolean,
  passwordFile: string | undefined,
): Promise<DevCredentials> {
  const certificateData = await opened(context, '--update-certificate', certificateFile);
  const certificate = updateCertificate(certificateData, certificateFile);
  if (hasTool) return { certificate, certificateData: certificate.der, publicKey: certificate.publicKey };
  const keyData = await opened(context, '--key', keyFile);
  const key = await privateKeyOf({ file: keyFile, data: keyData }, { context, command: initCommandName, passwordFile });
  if (!matches(key, certificate)) {
    throw configErrors('config.key.mismatch', {
      message: `The key in ${keyFile} does not belong to the certificate in ${certificateFile}.`,
      next: 'Give the key and the certificate that were made together.',
    });
  }
  return { certificate, certificateData: certificate.der, keyData, publicKey: createPublicKey(key) };
}

/** 04 ‖ x ‖ y */
export function pointOf(publicKey: KeyObject): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}
