import { context, type Der, integer, sequence, time } from './der.ts';
import { pkiErrors } from './errors.ts';
import { encodeExtension } from './extensions.ts';
import { checkedIssuer, ecdsaSha256, encodeSerial, type Issuer, signDer } from './issue.ts';
import { extensionTypes } from './object-identifiers.ts';
import { authorityKeyIdentifier } from './profiles.ts';
import { checkOrder } from './validity.ts';

export interface RevocationListTemplate {
  issuer: Issuer;
  revoked: readonly { serial: Uint8Array; at: Date }[];
  /** cRLNumber: grows with every list of the issuer. */
  number: number;
  thisUpdate: Date;
  nextUpdate: Date;
}

const version2 = integer(1);

/**
 * A CertificateList (RFC 5280 §5): version 2, ECDSA with SHA-256, authority key identifier and number.
 *
 * @throws MooringError `pki.issuer.mismatch`, `pki.serial.invalid`, `pki.validity.invalid`
 */
export function issueRevocationList(template: RevocationListTemplate): Der {
  const { issuer, revoked, number, thisUpdate, nextUpdate } = template;
  const facts = checkedIssuer(issuer);
  checkOrder(thisUpdate, nextUpdate, ['thisUpdate', 'nextUpdate']);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw pkiErrors('pki.serial.invalid', {
      message: `${number} cannot be the number of a revocation list.`,
      next: 'Count the lists of an issuer upwards from 0.',
    });
  }
  const entries = revoked.map(({ serial, at }) => sequence(encodeSerial(serial), time(at)));
  const body = sequence(
    version2,
    ecdsaSha256,
    facts.name,
    time(thisUpdate),
    time(nextUpdate),
    // An empty list must be absent (§5.1.2.6).
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    context(
      0,
      sequence(authorityKeyIdentifier(facts.keyIdentifier), encodeExtension(extensionTypes.crlNumber, integer(number))),
    ),
  );
  return signDer(body, issuer.key);
}
