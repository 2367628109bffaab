import type { KeyObject } from 'node:crypto';
import {
  createRequest,
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  keyIdentifierOf,
  matches,
  type Pem,
  pemOf,
  spkiOf,
} from '@mooring/pki';
import type { SecureStorage, Snapshot } from '../secure-storage/storage.ts';
import { isFinding, readCertificate } from './device-certificate.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { securityObjects } from './security-objects.ts';

/** A key that was made here and waits for its certificate. A factory reset forgets it. */
export const pendingKeyItem = 'mooring.PendingDevicePrivateKey';

export interface KeyRequest {
  /** PKCS#10 (RFC 2986): CN is the endpoint name, OU the account. */
  readonly csr: Pem;
  /** 40 hexadecimal digits: the subject key identifier that certificates of this service will have. */
  readonly keyId: string;
}

const mostNameBytes = 64;

function checkName(endpointName: string): void {
  const size = Buffer.byteLength(endpointName);
  const wrong =
    size === 0 || size > mostNameBytes
      ? `it has ${size} bytes and has to have 1 to ${mostNameBytes}`
      : /\p{Cc}/u.test(endpointName)
        ? 'it holds a control character'
        : undefined;
  if (wrong === undefined) return;
  throw provisioningErrors('provisioning.name.invalid', {
    message: `The endpoint name ${JSON.stringify(endpointName)} cannot be used: ${wrong}.`,
    next: 'Give another one; no key was made.',
  });
}

/**
 * Makes a P-256 key inside the secure storage and a request for its certificate. While one waits it is used again, so
 * that a command repeated after a lost connection gives a request for the same key, also under another name.
 *
 * @throws MooringError `provisioning.name.invalid`, `pki.name.invalid`, `storage.*`, `file.*`
 */
export async function requestCertificate(
  storage: SecureStorage,
  { endpointName, accountId }: { readonly endpointName: string; readonly accountId?: string },
): Promise<KeyRequest> {
  checkName(endpointName);
  const subject = { commonName: endpointName, ...(accountId !== undefined && { organizationalUnit: accountId }) };
  const requestFor = (key: KeyObject): KeyRequest => ({
    csr: pemOf('CERTIFICATE REQUEST', createRequest({ subject, key })),
    keyId: Buffer.from(keyIdentifierOf(spkiOf(key))).toString('hex'),
  });
  let made: KeyRequest | undefined;
  await storage.transaction(async (current) => {
    const waiting = await current.get(pendingKeyItem);
    const key = waiting ? importPrivateKey(waiting.data) : generateKeyPair().privateKey;
    // Before anything is stored: a name that cannot stand in a request ends it here.
    made = requestFor(key);
    if (waiting) return {};
    const data = exportPrivateKey(key, 'pkcs8', 'der');
    return { put: [{ name: pendingKeyItem, type: 'private-key', factory: false, data }] };
  });
  return made as unknown as KeyRequest;
}

/**
 * The private key for credentials that came without one: the key that waits, or the one in use if the same credentials
 * come again.
 *
 * @returns undefined where the device has no key of its own to offer
 * @throws MooringError `provisioning.key.unknown` if one waits and the certificate is for another
 */
export async function keyMadeHere(current: Snapshot, certificateData: Uint8Array): Promise<Uint8Array | undefined> {
  const { certificate: name, key: keyName } = securityObjects.bootstrap;
  const certificate = readCertificate(name, certificateData);
  const waiting = await current.get(pendingKeyItem);
  // What is wrong with it will be said with all the rest.
  if (isFinding(certificate)) return waiting?.data;
  for (const candidate of [waiting, await current.get(keyName)]) {
    if (candidate && matches(importPrivateKey(candidate.data), certificate)) return candidate.data;
  }
  if (!waiting) return undefined;
  throw provisioningErrors('provisioning.key.unknown', {
    message: 'The credentials came without a private key, and their certificate is for none that this device made.',
    next: 'Make a request anew (--make-key) and provision with the certificate that it gets.',
  });
}
