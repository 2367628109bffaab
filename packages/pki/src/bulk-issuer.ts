import { createECDH, createHash } from 'node:crypto';
import { bitString, context, type Der, integer, objectIdentifier, octetString, sequence, time } from './der.ts';
import {
  checkedIssuer,
  ecdsaSha256,
  encodeSerial,
  type Issuer,
  randomSerial,
  requireDeviceSize,
  signDer,
} from './issue.ts';
import { encodeName, type Name } from './name.ts';
import { ecPublicKey, prime256v1 } from './object-identifiers.ts';
import { profileExtensions } from './profiles.ts';
import { checkOrder } from './validity.ts';

/** A P-256 key pair as bytes: a key that is made, handed over and forgotten needs no KeyObject, which costs three times as much. */
export interface RawKeyPair {
  /** SubjectPublicKeyInfo. */
  readonly spki: Der;
  /** ECPrivateKey (RFC 5915) with curve and public key, 121 bytes. */
  readonly sec1: Der;
}

const curve = objectIdentifier(prime256v1);
const algorithm = sequence(objectIdentifier(ecPublicKey), curve);
const namedCurve = context(0, curve);

export function generateRawKeyPair(): RawKeyPair {
  const pair = createECDH('prime256v1');
  const point = pair.generateKeys();
  const scalar = Buffer.alloc(32);
  const secret = pair.getPrivateKey();
  secret.copy(scalar, 32 - secret.length);
  return {
    spki: sequence(algorithm, bitString(point)),
    sec1: sequence(integer(1), octetString(scalar), namedCurve, context(1, bitString(point))),
  };
}

const version3 = context(0, integer(2));

/** Issues many certificates for devices under one authority: what is the same in all of them is encoded once. */
export class BulkIssuer {
  readonly #issuer: Issuer;
  readonly #facts: ReturnType<typeof checkedIssuer>;
  readonly #validity: Der;

  /** @throws MooringError `pki.issuer.mismatch`, `pki.key.unsupported`, `pki.validity.invalid` */
  constructor(issuer: Issuer, { notBefore, notAfter }: { notBefore: Date; notAfter: Date }) {
    checkOrder(notBefore, notAfter, ['notBefore', 'notAfter']);
    this.#issuer = issuer;
    this.#facts = checkedIssuer(issuer);
    this.#validity = sequence(time(notBefore), time(notAfter));
  }

  /**
   * A leaf for client authentication (profile `developer`).
   *
   * @throws MooringError `pki.name.invalid`, `pki.certificate.too.large`
   */
  issue(subject: Name, spki: Der): { certificate: Der; serial: Uint8Array } {
    const serial = randomSerial('developer');
    const body = sequence(
      version3,
      encodeSerial(serial),
      ecdsaSha256,
      this.#facts.name,
      this.#validity,
      encodeName(subject),
      spki,
      profileExtensions('developer', {
        subjectKeyIdentifier: new Uint8Array(createHash('sha256').update(spki).digest().subarray(0, 20)),
        authorityKeyIdentifier: this.#facts.keyIdentifier,
        dnsNames: [],
        ipAddresses: [],
      }),
    );
    requireDeviceSize(body);
    return { certificate: signDer(body, this.#issuer.key), serial };
  }
}
