import { type KeyObject, verify } from 'node:crypto';
import { readPublicKey } from './certificate.ts';
import { context, type Der, derBytes, integer, sequence, tags } from './der.ts';
import { DerReader } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { requireP256, signDer } from './issue.ts';
import { keyTypeOf, spkiOf } from './keys.ts';
import { encodeName, type Name, readName } from './name.ts';
import { signatureAlgorithmNames } from './object-identifiers.ts';
import { derOfEither } from './pem.ts';

/** A PKCS#10 certificate request (RFC 2986) whose signature was checked. Wishes for extensions are not read. */
export interface CertificateRequest {
  der: Der;
  subject: Name;
  subjectText: string;
  spki: Der;
  publicKey: KeyObject;
  keyType: string;
}

/** @throws MooringError `pki.name.invalid`, `pki.key.unsupported` */
export function createRequest({ subject, key }: { subject: Name; key: KeyObject }): Der {
  requireP256(key, 'The key of the request');
  return signDer(sequence(integer(0), encodeName(subject), spkiOf(key), context(0)), key);
}

/** Digest by signature algorithm; null where the algorithm brings its own. */
const digests: ReadonlyMap<string, string | null> = new Map([
  ['ecdsa-with-SHA256', 'sha256'],
  ['ecdsa-with-SHA384', 'sha384'],
  ['ecdsa-with-SHA512', 'sha512'],
  ['sha256WithRSAEncryption', 'sha256'],
  ['sha384WithRSAEncryption', 'sha384'],
  ['sha512WithRSAEncryption', 'sha512'],
  ['Ed25519', null],
]);

const invalid = (reason: string) =>
  pkiErrors('pki.request.malformed', {
    message: `The certificate request ${reason}.`,
    next: 'Make the request anew, with a P-256 key and SHA-256.',
  });

/**
 * Reads a request, DER or PEM, and checks that its sender has the private key.
 *
 * @throws MooringError `pki.request.malformed`, `pki.der.malformed`, `pki.pem.malformed`, `pki.key.unsupported`
 */
export function parseRequest(input: Uint8Array | string): CertificateRequest {
  const der = derBytes(derOfEither(input, ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']));
  const whole = new DerReader(der, 'the certificate request');
  const outer = whole.enter(tags.sequence);
  whole.finish();
  const bodyElement = outer.next(tags.sequence, 'the part that is signed');
  const algorithm = outer.enter(tags.sequence, 'the signature algorithm').objectIdentifier();
  const signature = outer.bitString('the signature');
  outer.finish();
  const body = outer.within(bodyElement);
  body.number('the version', 0, 0);
  const subject = readName(body, 'the subject');
  const spki = derBytes(body.next(tags.sequence, 'the public key').bytes);
  body.optionalContext(0);
  body.finish();
  const publicKey = readPublicKey(spki);
  const digest = digests.get(signatureAlgorithmNames.get(algorithm) ?? '');
  if (digest === undefined) throw invalid(`is signed with ${signatureAlgorithmNames.get(algorithm) ?? algorithm}`);
  if (!isSigned(digest, bodyElement.bytes, publicKey, signature)) throw invalid('is not signed by its own key');
  return { der, subject: subject.name, subjectText: subject.text, spki, publicKey, keyType: keyTypeOf(publicKey) };
}

function isSigned(digest: string | null, body: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(digest, body, key, signature);
  } catch {
    // A signature of another kind than the key.
    return false;
  }
}
