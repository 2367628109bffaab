import type { KeyObject } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { bitString, context, type Der, integer, octetString, sequence, tags, time } from './der.ts';
import { DerReader } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { encodeExtension } from './extensions.ts';
import { ecdsaSha256, encodeSerial, randomSerial, requireDeviceSize, requireP256 } from './issue.ts';
import { spkiOf } from './keys.ts';
import { extensionTypes } from './object-identifiers.ts';
import { authorityKeyIdentifier, keyIdentifierOf } from './profiles.ts';
import { checkOrder } from './validity.ts';

export interface Successor {
  notBefore: Date;
  notAfter: Date;
  /** Of another key than before. */
  publicKey?: KeyObject;
  /** Unsigned, big endian, at most 20 bytes; random where it is absent. */
  serial?: Uint8Array;
}

/** The subject, byte for byte: it may hold attributes that `Name` does not know. */
function subjectOf(certificate: Certificate): Der {
  const body = new DerReader(certificate.der, 'the certificate').enter(tags.sequence).enter(tags.sequence);
  body.optionalContext(0);
  for (const field of ['the serial number', 'the algorithm', 'the issuer', 'the validity']) body.next(undefined, field);
  return body.next(tags.sequence, 'the subject').bytes;
}

/** Extensions as they were; those that name the key name the other one. */
function extensionsOf(certificate: Certificate, spki: Der, isOtherKey: boolean): Der[] {
  const identifier = keyIdentifierOf(spki);
  return certificate.extensions.map(({ type, critical, value }) => {
    if (isOtherKey && type === extensionTypes.subjectKeyIdentifier) {
      return encodeExtension(type, octetString(identifier), critical);
    }
    if (isOtherKey && type === extensionTypes.authorityKeyIdentifier) return authorityKeyIdentifier(identifier);
    return encodeExtension(type, value, critical);
  });
}

/**
 * TBSCertificate of the certificate that follows a self-signed one: the same names and extensions, a serial number of
 * its own, other dates, and the same key unless another one is given. Whoever holds the key signs it, wherever that is;
 * `signedCertificate` puts both together.
 *
 * @throws MooringError `pki.not.self.signed`, `pki.validity.invalid`, `pki.key.unsupported`, `pki.serial.invalid`,
 *   `pki.certificate.too.large`
 */
export function successorBody(certificate: Certificate, { notBefore, notAfter, publicKey, serial }: Successor): Der {
  if (!certificate.selfSigned) {
    throw pkiErrors('pki.not.self.signed', {
      message: `The certificate ${certificate.subjectText} was issued by ${certificate.issuerText}, so that its own key cannot sign its successor.`,
      next: 'Ask the issuer for a new one.',
    });
  }
  checkOrder(notBefore, notAfter, ['notBefore', 'notAfter']);
  const key = publicKey ?? certificate.publicKey;
  requireP256(key, "The certificate's key");
  const spki = publicKey ? spkiOf(publicKey) : certificate.spki;
  const subject = subjectOf(certificate);
  const extensions = extensionsOf(certificate, spki, Buffer.compare(spki, certificate.spki) !== 0);
  const body = sequence(
    ...(extensions.length > 0 ? [context(0, integer(2))] : []),
    encodeSerial(serial ?? randomSerial('update')),
    ecdsaSha256,
    subject,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki,
    ...(extensions.length > 0 ? [context(3, sequence(...extensions))] : []),
  );
  requireDeviceSize(body);
  return body;
}

/** @param signature DER ECDSA-Sig-Value over the SHA-256 of the body */
export const signedCertificate = (body: Der, signature: Uint8Array): Der =>
  sequence(body, ecdsaSha256, bitString(signature));
