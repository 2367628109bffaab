import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { contextTag, type Der, derBytes, tags } from './der.ts';
import { DerReader } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { type Extension, readExtensionFacts, readExtensions } from './extensions.ts';
import { fingerprint, isPair, keyTypeOf } from './keys.ts';
import { type Name, readName } from './name.ts';
import { signatureAlgorithmNames } from './object-identifiers.ts';
import { derOfAll, derOfEither, type Pem, pemOf } from './pem.ts';

/** What an X.509 certificate (RFC 5280) says. */
export interface Certificate {
  der: Der;
  pem: Pem;
  /** Unsigned, big endian, without leading zeros. */
  serial: Uint8Array;
  subject: Name;
  issuer: Name;
  /** `C=GB,O=…,CN=…` in the order of the certificate, escaped as in RFC 4514. */
  subjectText: string;
  issuerText: string;
  notBefore: Date;
  notAfter: Date;
  spki: Der;
  publicKey: KeyObject;
  subjectKeyIdentifier?: Uint8Array;
  authorityKeyIdentifier?: Uint8Array;
  /** basicConstraints says CA:TRUE, and keyUsage, where it is there, allows to sign certificates. */
  isAuthority: boolean;
  /** How many authorities may come below this one on the way to a leaf; absent for any number. */
  pathLength?: number;
  /** Names as in RFC 5280 (`digitalSignature`, `keyCertSign` …); absent without the extension. */
  keyUsage?: string[];
  /** `clientAuth`, `serverAuth`, `codeSigning` …, dotted where there is no such name; absent without the extension. */
  extendedKeyUsage?: string[];
  dnsNames?: string[];
  ipAddresses?: string[];
  extensions: Extension[];
  /** SHA-256 of the DER, lower-case hex. */
  fingerprint: string;
  /** Subject and issuer are equal and the signature is by its own key. */
  selfSigned: boolean;
  /** `ecdsa-with-SHA256` …, dotted where there is no such name. */
  signatureAlgorithm: string;
  /** `P-256`, `RSA-2048`, `Ed25519` … */
  keyType: string;
}

/** Serial numbers as bytes: a positive INTEGER's sign padding is not part of the number. */
const unsigned = (octets: Uint8Array): Uint8Array =>
  new Uint8Array(octets.length > 1 && octets[0] === 0 ? octets.subarray(1) : octets);

function readFields(der: Uint8Array) {
  const whole = new DerReader(der, 'the certificate');
  const outer = whole.enter(tags.sequence);
  whole.finish();
  const body = outer.enter(tags.sequence, 'the part that is signed');
  const signatureAlgorithm = outer.enter(tags.sequence, 'the signature algorithm').objectIdentifier();
  outer.bitString('the signature');
  outer.finish();

  const versionField = body.optionalContext(0);
  const version = versionField ? versionField.number('the version', 1, 2) : 0;
  versionField?.finish();
  const serial = unsigned(body.integerOctets('the serial number'));
  const innerAlgorithm = body.enter(tags.sequence, 'the signature algorithm').objectIdentifier();
  if (innerAlgorithm !== signatureAlgorithm) body.fail('the two signature algorithms differ');
  const issuer = readName(body, 'the issuer');
  const validity = body.enter(tags.sequence, 'the validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.finish();
  const subject = readName(body, 'the subject');
  const spki = derBytes(body.next(tags.sequence, 'the public key').bytes);
  for (const number of [1, 2]) body.optional(contextTag(number, false));
  const extensionField = body.optionalContext(3);
  if (extensionField && version < 2) body.fail('only version 3 has extensions');
  const extensions = extensionField ? readExtensions(extensionField) : [];
  extensionField?.finish();
  body.finish();
  return { serial, issuer, subject, notBefore, notAfter, spki, extensions, signatureAlgorithm };
}

function openSslReading(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw pkiErrors('pki.certificate.malformed', {
      message: 'The certificate has the right outline, but OpenSSL cannot read it.',
      next: 'Check that the file is complete and was not changed on its way.',
      cause,
    });
  }
}

/** @throws MooringError `pki.key.unsupported` */
export function readPublicKey(spki: Der): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    keyTypeOf(key);
    return key;
  } catch (cause) {
    throw pkiErrors('pki.key.unsupported', {
      message: 'The public key is damaged or of a kind that is not known here.',
      next: 'Use an elliptic curve key (P-256).',
      cause,
    });
  }
}

function parseDer(input: Uint8Array): Certificate {
  const der = derBytes(input);
  const fields = readFields(der);
  const publicKey = readPublicKey(fields.spki);
  const x509 = openSslReading(der);
  return {
    der,
    pem: pemOf('CERTIFICATE', der),
    serial: fields.serial,
    subject: fields.subject.name,
    issuer: fields.issuer.name,
    subjectText: fields.subject.text,
    issuerText: fields.issuer.text,
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    spki: fields.spki,
    publicKey,
    ...readExtensionFacts(fields.extensions),
    extensions: fields.extensions,
    fingerprint: fingerprint(der),
    selfSigned: Buffer.compare(fields.subject.der, fields.issuer.der) === 0 && isSignedBy(x509, publicKey),
    signatureAlgorithm: signatureAlgorithmNames.get(fields.signatureAlgorithm) ?? fields.signatureAlgorithm,
    keyType: keyTypeOf(publicKey),
  };
}

function isSignedBy(x509: X509Certificate, key: KeyObject): boolean {
  try {
    return x509.verify(key);
  } catch {
    // A key of another kind than the signature: OpenSSL throws instead of saying no.
    return false;
  }
}

const labels = ['CERTIFICATE', 'X509 CERTIFICATE'];

/**
 * Reads a certificate, DER or PEM; of a bundle the first one, which is the leaf.
 *
 * @throws MooringError `pki.certificate.malformed`, `pki.der.malformed`, `pki.pem.malformed`, `pki.key.unsupported`
 */
export const parseCertificate = (input: Uint8Array | string): Certificate => parseDer(derOfEither(input, labels));

/**
 * The subject of a certificate and nothing more, for certificates that were made here and are known by their fingerprint:
 * reading all of one costs as much as half a handshake.
 *
 * @param input DER
 * @throws MooringError `pki.der.malformed`
 */
export const subjectOf = (input: Uint8Array): Name => readFields(derBytes(input)).subject.name;

/** All certificates of a PEM bundle in order, or the one of a DER file. */
export const parseCertificates = (input: Uint8Array | string): Certificate[] =>
  derOfAll(input, labels).map((der) => parseDer(der));

/** Whether the private key is the certificate's. */
export const matches = (privateKey: KeyObject, certificate: Certificate): boolean =>
  isPair(privateKey, certificate.publicKey);

/**
 * Whether the issuer's name is the one that the certificate names, and its key made the signature. Dates and what the
 * issuer may sign are not judged here.
 */
export function verifySignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const fields = readFields(certificate.der);
  if (Buffer.compare(fields.issuer.der, readFields(issuer.der).subject.der) !== 0) return false;
  return isSignedBy(openSslReading(certificate.der), issuer.publicKey);
}
