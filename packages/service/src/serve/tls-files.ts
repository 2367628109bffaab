import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Clock, fileError } from '@mooring/platform';
import { settingsErrors } from '../errors.ts';

/** PEM, the certificate with those that issued it after it. */
export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
}

function unusable(message: string, next: string, cause?: unknown): Error {
  return settingsErrors('settings.tls.unusable', { message, next, ...(cause === undefined ? {} : { cause }) });
}

function certificateOf(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw unusable(
      `${path} does not hold a certificate.`,
      'A PEM file is expected: -----BEGIN CERTIFICATE-----',
      cause,
    );
  }
}

function privateKeyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const locked = /ENCRYPTED/.test(pem);
    throw locked
      ? unusable(
          `The private key in ${path} is protected by a passphrase.`,
          `Take it off: openssl pkey -in ${path} -out NEW-FILE`,
          cause,
        )
      : unusable(`${path} does not hold a private key.`, 'A PEM file is expected: -----BEGIN PRIVATE KEY-----', cause);
  }
}

/**
 * Reads and checks the certificate and key of HTTPS before anything else happens.
 *
 * @returns what TLS is done with, and a warning about the certificate if there is one
 * @throws MooringError `settings.tls.unusable`, `file.*`
 */
export async function readTlsFiles(
  files: { cert: string; key: string },
  clock: Clock,
): Promise<{ material: TlsMaterial; warning: string | undefined }> {
  const [cert, key] = [await read(files.cert), await read(files.key)];
  const certificate = certificateOf(cert, files.cert);
  if (!certificate.checkPrivateKey(privateKeyOf(key, files.key))) {
    throw unusable(
      `The private key in ${files.key} does not belong to the certificate in ${files.cert}.`,
      'The certificate has to be the first one in its file; those that issued it follow.',
    );
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw unusable(
      `TLS does not take the certificate in ${files.cert}: ${(cause as Error).message}.`,
      'Check the file.',
      cause,
    );
  }
  const now = clock.now().getTime();
  const outside =
    now > certificate.validToDate.getTime()
      ? `expired on ${certificate.validTo}`
      : now < certificate.validFromDate.getTime()
        ? `is not valid before ${certificate.validFrom}`
        : undefined;
  return {
    material: { key, cert },
    warning: outside && `The certificate in ${files.cert} ${outside}; clients will refuse it.`,
  };
}
