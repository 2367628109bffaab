import type { KeyObject } from 'node:crypto';
import { type Certificate, importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { ErrorKind, Finding } from './findings.ts';

type ErrorFinding = Finding<ErrorKind>;

const sequenceTag = 0x30;

function unreadable(kind: ErrorKind, item: string, what: string, error: unknown): ErrorFinding {
  if (!isMooringError(error)) throw error;
  return { kind, item, reason: `${what}: ${error.message}` };
}

/** A certificate as the devices store it: one, in DER. */
export function readCertificate(item: string, data: Uint8Array): Certificate | ErrorFinding {
  const kind = 'certificateSyntax';
  if (data[0] !== sequenceTag)
    return { kind, item, reason: 'It is not a certificate in DER form (PEM text does not do).' };
  try {
    return parseCertificate(data);
  } catch (error) {
    return unreadable(kind, item, 'The certificate cannot be read', error);
  }
}

/** A private key as the devices use it: P-256, SEC1 or PKCS#8, in DER. */
export function readPrivateKey(item: string, data: Uint8Array): KeyObject | ErrorFinding {
  const kind = 'keySyntax';
  if (data[0] !== sequenceTag)
    return { kind, item, reason: 'It is not a private key in DER form (PEM text does not do).' };
  try {
    const key = importPrivateKey(data);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
    return { kind, item, reason: 'It is not a P-256 key, the only kind that devices and service speak.' };
  } catch (error) {
    return unreadable(kind, item, 'The private key cannot be read', error);
  }
}

export function isFinding(value: object): value is ErrorFinding {
  return 'kind' in value && 'reason' in value;
}

/**
 * What the client checks before it connects, in its order: the key, the use, the name (fcc_verification.c).
 * A certificate without extended key usage passes: older developer certificates have none.
 */
export function judgeDeviceCertificate(
  item: string,
  certificate: Certificate,
  key: KeyObject,
  endpointName: Uint8Array,
): ErrorFinding | undefined {
  if (!matches(key, certificate)) {
    return { kind: 'keyMismatch', item, reason: 'The private key does not belong to this certificate.' };
  }
  if (certificate.extendedKeyUsage && !certificate.extendedKeyUsage.includes('clientAuth')) {
    const reason = `The certificate is for ${certificate.extendedKeyUsage.join(', ')} and not for a client (clientAuth).`;
    return { kind: 'certificate', item, reason };
  }
  const commonName = certificate.subject.commonName ?? '';
  if (!Buffer.from(commonName).equals(endpointName)) {
    const name = Buffer.from(endpointName).toString();
    return {
      kind: 'name',
      item,
      reason: `Its CN is ${JSON.stringify(commonName)}, and the endpoint name is ${JSON.stringify(name)}.`,
    };
  }
  return undefined;
}
