import { pkiErrors } from './errors.ts';

declare const der: unique symbol;
/** Bytes of one DER value (X.690). */
export type Der = Uint8Array & { readonly [der]: true };

/** Identifier octets (X.690 §8.1.2) of the types used in certificates and manifests. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of a context-specific tag `[number]`, number below 31. */
export const contextTag = (number: number, constructed = true): number => 0x80 | (constructed ? 0x20 : 0) | number;

/** Takes bytes that are known to be DER, as a copy that shares no buffer with the caller. */
export const derBytes = (bytes: Uint8Array): Der => new Uint8Array(bytes) as Der;

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

/** Identifier, length, contents; the contents are the parts one after the other. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Der {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = lengthOctets(length);
  const bytes = new Uint8Array(1 + header.length + length);
  bytes[0] = tag;
  bytes.set(header, 1);
  let at = 1 + header.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes as Der;
}

export const sequence = (...parts: readonly Uint8Array[]): Der => encode(tags.sequence, ...parts);

/** A SET of given order. */
export const set = (...parts: readonly Uint8Array[]): Der => encode(tags.set, ...parts);

/** A SET OF: DER wants its members sorted by their encodings (X.690 §11.6). */
export const setOf = (...parts: readonly Uint8Array[]): Der =>
  encode(tags.set, ...[...parts].sort((a, b) => Buffer.compare(a, b)));

export const context = (number: number, ...parts: readonly Uint8Array[]): Der => encode(contextTag(number), ...parts);

export const octetString = (bytes: Uint8Array): Der => encode(tags.octetString, bytes);

/** @param unused bits at the end of the last byte that do not count */
export const bitString = (bytes: Uint8Array, unused = 0): Der => encode(tags.bitString, Uint8Array.of(unused), bytes);

export const boolean = (value: boolean): Der => encode(tags.boolean, Uint8Array.of(value ? 0xff : 0));

export const derNull = (): Der => encode(tags.null);

function signedOctets(value: number | bigint): Uint8Array {
  let rest = BigInt(value);
  const octets: number[] = [];
  for (;;) {
    const octet = Number(rest & 0xffn);
    octets.unshift(octet);
    rest >>= 8n;
    if ((rest === 0n && octet < 0x80) || (rest === -1n && octet >= 0x80)) return Uint8Array.from(octets);
  }
}

export const integer = (value: number | bigint): Der => encode(tags.integer, signedOctets(value));

export const enumerated = (value: number): Der => encode(tags.enumerated, signedOctets(value));

/** An INTEGER from an unsigned big endian number, such as a serial. */
export function unsignedInteger(bytes: Uint8Array): Der {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const magnitude = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start);
  const sign = (magnitude[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return encode(tags.integer, sign, magnitude);
}

/** @param dotted such as `1.2.840.10045.4.3.2` */
export function objectIdentifier(dotted: string): Der {
  const [first = 0n, second = 0n, ...arcs] = dotted.split('.').map(BigInt);
  const octets: number[] = [];
  for (const arc of [first * 40n + second, ...arcs]) {
    const group = [Number(arc & 0x7fn)];
    for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) group.unshift(Number(rest & 0x7fn) | 0x80);
    octets.push(...group);
  }
  return encode(tags.objectIdentifier, Uint8Array.from(octets));
}

export const utf8String = (text: string): Der => encode(tags.utf8String, Buffer.from(text, 'utf8'));

export const printableString = (text: string): Der => encode(tags.printableString, Buffer.from(text, 'latin1'));

export const ia5String = (text: string): Der => encode(tags.ia5String, Buffer.from(text, 'latin1'));

/**
 * A Time of RFC 5280 §4.1.2.5: UTCTime from 1950 to 2049, GeneralizedTime otherwise; whole seconds, rounded down.
 *
 * @throws MooringError `pki.validity.invalid`
 */
export function time(date: Date): Der {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) {
    throw pkiErrors('pki.validity.invalid', {
      message: `A certificate cannot hold this date: ${Number.isNaN(year) ? 'it is not a date' : `year ${year}`}.`,
      next: 'Use a date from year 0 to the end of 9999.',
    });
  }
  const digits = date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
  const short = year >= 1950 && year <= 2049;
  const text = `${short ? digits.slice(2) : digits}Z`;
  return encode(short ? tags.utcTime : tags.generalizedTime, Buffer.from(text, 'latin1'));
}
