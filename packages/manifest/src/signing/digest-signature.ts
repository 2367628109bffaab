import type { KeyObject } from 'node:crypto';
import { isP256 } from './signer.ts';

/**
 * ECDSA with P-256 over a digest that is already there (FIPS 186-5 §6.4.2). `node:crypto` hashes for itself and cannot
 * be given a digest; the signature over an installed image, of which only the digest is in the manifest, needs this.
 * Everything here is public, so nothing has to take constant time.
 */
const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const generator = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  z: 1n,
};

/** Jacobian coordinates; z = 0 is the point at infinity. */
interface Point {
  x: bigint;
  y: bigint;
  z: bigint;
}

const infinity: Point = { x: 1n, y: 1n, z: 0n };

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, u, v] = [modulo(value, modulus), modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, u, v] = [b - quotient * a, a, v - quotient * u, u];
  }
  return modulo(u, modulus);
}

function double({ x, y, z }: Point): Point {
  if (z === 0n || y === 0n) return infinity;
  const yy = (y * y) % p;
  const s = (4n * x * yy) % p;
  const zz = (z * z) % p;
  const m = modulo(3n * (x - zz) * (x + zz), p);
  const doubled = modulo(m * m - 2n * s, p);
  return { x: doubled, y: modulo(m * (s - doubled) - 8n * yy * yy, p), z: (2n * y * z) % p };
}

function add(a: Point, b: Point): Point {
  if (a.z === 0n) return b;
  if (b.z === 0n) return a;
  const azz = (a.z * a.z) % p;
  const bzz = (b.z * b.z) % p;
  const u1 = (a.x * bzz) % p;
  const u2 = (b.x * azz) % p;
  const s1 = (a.y * b.z * bzz) % p;
  const s2 = (b.y * a.z * azz) % p;
  if (u1 === u2) return s1 === s2 ? double(a) : infinity;
  const h = modulo(u2 - u1, p);
  const r = modulo(s2 - s1, p);
  const hh = (h * h) % p;
  const hhh = (h * hh) % p;
  const v = (u1 * hh) % p;
  const x = modulo(r * r - hhh - 2n * v, p);
  return { x, y: modulo(r * (v - x) - s1 * hhh, p), z: (((h * a.z) % p) * b.z) % p };
}

/** u·G + v·Q, both multiplications in one pass. */
function combination(u: bigint, v: bigint, q: Point): Point {
  const both = add(generator, q);
  let sum = infinity;
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = double(sum);
    const first = (u >> bit) & 1n;
    const second = (v >> bit) & 1n;
    if (first && second) sum = add(sum, both);
    else if (first) sum = add(sum, generator);
    else if (second) sum = add(sum, q);
  }
  return sum;
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

/**
 * @param digest 32 bytes
 * @param raw r‖s, 64 bytes; other lengths do not verify
 */
export function verifiesDigest(publicKey: KeyObject, digest: Uint8Array, raw: Uint8Array): boolean {
  if (!isP256(publicKey) || digest.length !== 32 || raw.length !== 64) return false;
  const r = numberOf(raw.subarray(0, 32));
  const s = numberOf(raw.subarray(32));
  if (r === 0n || r >= order || s === 0n || s >= order) return false;
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const q = { x: numberOf(Buffer.from(x, 'base64url')), y: numberOf(Buffer.from(y, 'base64url')), z: 1n };
  const w = inverse(s, order);
  const point = combination((numberOf(digest) * w) % order, (r * w) % order, q);
  if (point.z === 0n) return false;
  const zInverse = inverse(point.z, p);
  return modulo(point.x * zInverse * zInverse, p) % order === r;
}
