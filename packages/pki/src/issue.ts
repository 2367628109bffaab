import { type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  context,
  type Der,
  integer,
  objectIdentifier,
  sequence,
  tags,
  time,
  unsignedInteger,
} from './der.ts';
import { DerReader } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { readExtensionFacts, readExtensions } from './extensions.ts';
import { isP256, keyTypeOf, spkiOf } from './keys.ts';
import { encodeName, type Name } from './name.ts';
import { ecdsaWithSha256 } from './object-identifiers.ts';
import { keyIdentifierOf, type Profile, profileExtensions } from './profiles.ts';
import { checkOrder } from './validity.ts';

export interface Issuer {
  certificate: Der;
  key: KeyObject;
}

export interface CertificateTemplate {
  subject: Name;
  /** P-256; public, or the private key itself. */
  subjectKey: KeyObject;
  /** Absent: self-signed by `key`. */
  issuer?: Issuer;
  key?: KeyObject;
  notBefore: Date;
  notAfter: Date;
  profile: Profile;
  dnsNames?: string[];
  ipAddresses?: string[];
  /** Unsigned, big endian, at most 20 bytes; random where it is absent. */
  serial?: Uint8Array;
}

/** What is signed with an issuer's key needs of its certificate. */
export interface IssuerFacts {
  /** The Name, byte for byte as it stands in the certificate. */
  name: Der;
  spki: Der;
  keyIdentifier: Uint8Array;
}

const version3 = context(0, integer(2));
export const ecdsaSha256 = sequence(objectIdentifier(ecdsaWithSha256));

/** mbed TLS takes a stored certificate of up to 1024 bytes; an ECDSA signature varies by two. */
const largestForDevice = 1023;
const largestSignature = 72;

/** @throws MooringError `pki.key.unsupported` */
export function requireP256(key: KeyObject, what: string): void {
  if (isP256(key)) return;
  throw pkiErrors('pki.key.unsupported', {
    message: `${what} is ${keyTypeOf(key)}; only P-256 can be used here, since old devices know nothing else.`,
    next: 'Make a P-256 key.',
  });
}

/** @throws MooringError `pki.der.malformed` */
export function readIssuer(certificate: Der): IssuerFacts {
  const outer = new DerReader(certificate, 'the issuer certificate').enter(tags.sequence);
  const body = outer.enter(tags.sequence);
  body.optionalContext(0);
  for (const field of ['the serial number', 'the algorithm', 'the issuer', 'the validity']) body.next(undefined, field);
  const name = body.next(tags.sequence, 'the subject').bytes;
  const spki = body.next(tags.sequence, 'the public key').bytes;
  let extensions = body.optionalContext(3);
  while (!extensions && !body.done) {
    body.next();
    extensions = body.optionalContext(3);
  }
  const { subjectKeyIdentifier } = readExtensionFacts(extensions ? readExtensions(extensions) : []);
  return { name, spki, keyIdentifier: subjectKeyIdentifier ?? keyIdentifierOf(spki) };
}

// One authority issues thousands of certificates.
const knownIssuers = new WeakMap<Der, IssuerFacts>();

/** As `readIssuer`, once the key is known to be its. @throws MooringError `pki.issuer.mismatch` */
export function checkedIssuer({ certificate, key }: Issuer): IssuerFacts {
  requireP256(key, "The issuer's key");
  const facts = knownIssuers.get(certificate) ?? readIssuer(certificate);
  knownIssuers.set(certificate, facts);
  if (key.type === 'private' && Buffer.compare(spkiOf(key), facts.spki) === 0) return facts;
  throw pkiErrors('pki.issuer.mismatch', {
    message: 'The private key that is to sign does not belong to the issuer certificate.',
    next: 'Give the issuer certificate and its own key.',
  });
}

export const signDer = (body: Der, key: KeyObject): Der =>
  sequence(body, ecdsaSha256, bitString(sign('sha256', body, key)));

/** 16 random bytes as the service always gave, 20 as manifest-tool does; the first one in 40…7F, so the length is fixed. */
export function randomSerial(profile: Profile): Uint8Array {
  const serial = new Uint8Array(randomBytes(profile === 'update' ? 20 : 16));
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

/** @throws MooringError `pki.serial.invalid` */
export function encodeSerial(serial: Uint8Array): Der {
  const encoded = unsignedInteger(serial);
  if (encoded.length <= 22 && serial.some((octet) => octet !== 0)) return encoded;
  throw pkiErrors('pki.serial.invalid', {
    message: 'The serial number is zero, or longer than the 20 bytes of RFC 5280 §4.1.2.2.',
    next: 'Use a positive number of up to 159 bits.',
  });
}

function subjectOf({ profile, subject }: CertificateTemplate): Der {
  const isEmpty = Object.values(subject).every((value) => value === undefined || value === '');
  // manifest-tool's certificate has CN=localhost when nothing at all was answered.
  if (profile === 'update') return encodeName(isEmpty ? { commonName: 'localhost' } : subject, false);
  if (!isEmpty) return encodeName(subject);
  throw pkiErrors('pki.name.invalid', {
    message: 'The subject has no name at all.',
    next: 'Give it a common name.',
  });
}

/** TBSCertificate. */
export function encodeBody(template: CertificateTemplate): Der {
  const { issuer, profile } = template;
  checkOrder(template.notBefore, template.notAfter, ['notBefore', 'notAfter']);
  const facts = issuer && checkedIssuer(issuer);
  const subject = subjectOf(template);
  const spki = spkiOf(template.subjectKey);
  return sequence(
    version3,
    encodeSerial(template.serial ?? randomSerial(profile)),
    ecdsaSha256,
    facts?.name ?? subject,
    sequence(time(template.notBefore), time(template.notAfter)),
    subject,
    spki,
    profileExtensions(profile, {
      subjectKeyIdentifier: keyIdentifierOf(spki),
      authorityKeyIdentifier: facts?.keyIdentifier,
      dnsNames: template.dnsNames ?? [],
      ipAddresses: template.ipAddresses ?? [],
    }),
  );
}

/**
 * Makes a certificate: X.509 v3, P-256, ECDSA with SHA-256, extensions of the profile.
 *
 * @throws MooringError `pki.name.invalid`, `pki.validity.invalid`, `pki.serial.invalid`, `pki.key.unsupported`,
 *   `pki.issuer.mismatch`, `pki.alternative.name.invalid`, `pki.certificate.too.large`
 */
export function issueCertificate(template: CertificateTemplate): Der {
  const signingKey = template.issuer?.key ?? template.key ?? template.subjectKey;
  requireP256(template.subjectKey, "The subject's key");
  requireP256(signingKey, 'The key that is to sign');
  if (!template.issuer && (signingKey.type !== 'private' || !isOwnKey(signingKey, template.subjectKey))) {
    throw pkiErrors('pki.issuer.mismatch', {
      message: 'A self-signed certificate is signed by the private key of its subject; another key was given, or none.',
      next: 'Give the private key, or an issuer.',
    });
  }
  const body = encodeBody(template);
  if (template.profile !== 'server') requireDeviceSize(body);
  return signDer(body, signingKey);
}

/** @throws MooringError `pki.certificate.too.large` */
export function requireDeviceSize(body: Der): void {
  const largest = sequence(body, ecdsaSha256, bitString(new Uint8Array(largestSignature))).length;
  if (largest <= largestForDevice) return;
  throw pkiErrors('pki.certificate.too.large', {
    message: `The certificate would have ${largest} bytes; devices store at most ${largestForDevice}.`,
    next: 'Shorten the names in the subject.',
    data: { size: largest, limit: largestForDevice },
  });
}

const isOwnKey = (key: KeyObject, subjectKey: KeyObject): boolean =>
  key === subjectKey || Buffer.compare(spkiOf(key), spkiOf(subjectKey)) === 0;
