import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {
  bitString,
  context,
  type Der,
  derBytes,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  tags,
} from './der.ts';
import { DerReader } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { ecPublicKey, prime256v1 } from './object-identifiers.ts';
import { looksLikePem, type Pem, pemBlocks, pemOf } from './pem.ts';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  spki: Der;
}

/** A new P-256 key, the only kind that the old clients take. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return { privateKey, publicKey, spki: spkiOf(publicKey) };
}

// A key never changes, and its export costs more than a signature with it.
const knownSpki = new WeakMap<KeyObject, Der>();

/** SubjectPublicKeyInfo of a public key, or of the public half of a private one. */
export function spkiOf(key: KeyObject): Der {
  const known = knownSpki.get(key);
  if (known) return known;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const spki = derBytes(publicKey.export({ type: 'spki', format: 'der' }));
  knownSpki.set(key, spki);
  return spki;
}

/** SHA-256, lower-case hex. */
export const fingerprint = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');

/** `P-256`, `P-384`, `RSA-2048`, `Ed25519` …, as people name them. */
export function keyTypeOf(key: KeyObject): string {
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const curve = details.namedCurve ?? 'unnamed curve';
      return { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[curve] ?? curve;
    }
    case 'rsa':
    case 'rsa-pss':
      return `RSA-${details.modulusLength}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    default:
      return key.asymmetricKeyType ?? key.type;
  }
}

export const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

const p256Algorithm = sequence(objectIdentifier(ecPublicKey), objectIdentifier(prime256v1));

// Written by ourselves because OpenSSL leaves the public point out, or compresses it, when the key came in so:
// old parsers and clients want curve and point (121 bytes), and PKCS#8 in its usual 138 bytes.
function p256Key(key: KeyObject, form: 'pkcs8' | 'sec1'): Der {
  const { d = '', x = '', y = '' } = key.export({ format: 'jwk' });
  const scalar = octetString(Buffer.from(d, 'base64url'));
  const point = bitString(Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]));
  if (form === 'sec1') {
    return sequence(integer(1), scalar, context(0, objectIdentifier(prime256v1)), context(1, point));
  }
  return sequence(integer(0), p256Algorithm, octetString(sequence(integer(1), scalar, context(1, point))));
}

/**
 * A private key, unencrypted. P-256 always with its public point: SEC1 (RFC 5915) is 121 bytes of DER, PKCS#8 138.
 *
 * @throws MooringError `pki.key.unsupported` for SEC1 of a key that is not elliptic
 */
export function exportPrivateKey(key: KeyObject, form: 'pkcs8' | 'sec1', encoding: 'der'): Der;
export function exportPrivateKey(key: KeyObject, form: 'pkcs8' | 'sec1', encoding: 'pem'): Pem;
export function exportPrivateKey(key: KeyObject, form: 'pkcs8' | 'sec1', encoding: 'der' | 'pem'): Der | Pem {
  if (key.type !== 'private' || (form === 'sec1' && key.asymmetricKeyType !== 'ec')) {
    throw pkiErrors('pki.key.unsupported', {
      message: `A ${key.type === 'private' ? keyTypeOf(key) : key.type} key cannot be written as ${form === 'sec1' ? 'SEC1' : 'PKCS#8'}.`,
      next: 'Use an elliptic curve private key.',
    });
  }
  const der = isP256(key) ? p256Key(key, form) : derBytes(key.export({ type: form, format: 'der' }));
  return encoding === 'der' ? der : pemOf(form === 'sec1' ? 'EC PRIVATE KEY' : 'PRIVATE KEY', der);
}

type KeyForm = 'pkcs8' | 'sec1' | 'pkcs1';

const encrypted = () =>
  pkiErrors('pki.key.encrypted', {
    message: 'The private key is protected by a password.',
    next: 'Write it out without one first: openssl pkey -in KEY -out PLAIN-KEY',
  });

/** Tells the three private key structures apart by their first fields (RFC 5208, RFC 5915, RFC 8017). */
function formOf(der: Uint8Array): KeyForm {
  const outer = new DerReader(der, 'the private key');
  const fields = outer.enter(tags.sequence);
  outer.finish();
  if (fields.peek() === tags.sequence) {
    fields.next();
    if (fields.peek() === tags.octetString) throw encrypted();
    throw pkiErrors('pki.key.malformed', {
      message: 'The data is a certificate, a public key or something else, not a private key.',
      next: 'Give the file with the private key.',
    });
  }
  fields.number('the version', 0, 1);
  switch (fields.peek()) {
    case tags.octetString:
      return 'sec1';
    case tags.sequence:
      return 'pkcs8';
    default:
      return 'pkcs1';
  }
}

function keyFromDer(der: Uint8Array): KeyObject {
  const type = formOf(der);
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type });
  } catch (cause) {
    throw pkiErrors('pki.key.malformed', {
      message: `The private key has the form of ${{ pkcs8: 'PKCS#8', sec1: 'SEC1', pkcs1: 'PKCS#1' }[type]}, but is damaged or of an unknown kind.`,
      next: 'Check that the file is complete; make a new key with its certificate if it is.',
      cause,
    });
  }
}

const keyLabels: ReadonlySet<string> = new Set(['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY']);

/**
 * Reads the first private key of a PEM text, or a DER one: SEC1, PKCS#8, or PKCS#1 (RSA).
 *
 * @throws MooringError `pki.key.*`, `pki.pem.malformed`, `pki.der.malformed`
 */
export function importPrivateKey(input: Uint8Array | string): KeyObject {
  if (!looksLikePem(input)) return keyFromDer(input as Uint8Array);
  const blocks = pemBlocks(input);
  const block = blocks.find(({ label }) => keyLabels.has(label) || label === 'ENCRYPTED PRIVATE KEY');
  if (!block) {
    const found = blocks.map(({ label }) => label).join(', ');
    throw pkiErrors('pki.key.malformed', {
      message: `There is no private key in this text${found ? `, only: ${found}` : ''}.`,
      next: 'Give the file with the private key.',
    });
  }
  if (block.headers || block.label === 'ENCRYPTED PRIVATE KEY') throw encrypted();
  return keyFromDer(block.der);
}

const probe = Buffer.from('mooring');

/** Whether the private key belongs to the public one: tried by signing, since a key file can carry a false public half. */
export function isPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  if (privateKey.asymmetricKeyType !== publicKey.asymmetricKeyType) return false;
  const digest = privateKey.asymmetricKeyType?.startsWith('ed') ? null : 'sha256';
  try {
    return verify(digest, probe, publicKey, sign(digest, probe, privateKey));
  } catch {
    return false;
  }
}
