import { createECDH, type KeyObject } from 'node:crypto';

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** By Fermat: the order is prime, and the exponent is public. */
function inverse(value: bigint): bigint {
  let [result, base, exponent] = [1n, value % order, order - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

/**
 * A raw signature (r‖s, 64 bytes) over a digest that is already there (FIPS 186-5 §6.4.1). `node:crypto` hashes for
 * itself; the signature over an image of which only the digest is at hand, as beside a delta, needs this. The secret
 * number comes with its point from OpenSSL's generator of ECDH keys.
 *
 * @param key on P-256
 * @param digest 32 bytes
 */
export function signDigest(key: KeyObject, digest: Uint8Array): Uint8Array {
  const secret = numberOf(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
  for (;;) {
    const once = createECDH('prime256v1');
    const point = once.generateKeys();
    const k = numberOf(once.getPrivateKey());
    const r = numberOf(point.subarray(1, 33)) % order;
    const s = (inverse(k) * (numberOf(digest) + r * secret)) % order;
    if (r !== 0n && s !== 0n) return new Uint8Array(Buffer.concat([bytesOf(r), bytesOf(s)]));
  }
}
