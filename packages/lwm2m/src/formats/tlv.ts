import { malformed } from './content-format.ts';

/** What the two highest bits of a TLV say (OMA LwM2M 1.1 §7.4.4, Table 7.4.4.-1), in the order of their numbers. */
const kinds = ['instance', 'resource instance', 'multiple', 'resource'] as const;
export type TlvKind = (typeof kinds)[number];

/** One TLV: bytes for a (resource) instance's value, TLVs for an object instance or a resource with several instances. */
export interface Tlv {
  readonly kind: TlvKind;
  readonly id: number;
  readonly value: Uint8Array | readonly Tlv[];
}

/** One TLV as read: what is nested in it has yet to be read. */
export interface RawTlv {
  readonly kind: TlvKind;
  readonly id: number;
  readonly value: Uint8Array;
  /** Where the value begins in the payload. */
  readonly offset: number;
}

const isNested = (value: Tlv['value']): value is readonly Tlv[] => !(value instanceof Uint8Array);

const headerSize = (id: number, length: number): number =>
  1 + (id > 0xff ? 2 : 1) + (length < 8 ? 0 : length <= 0xff ? 1 : length <= 0xffff ? 2 : 3);

const sizeOf = (items: readonly Tlv[]): number =>
  items.reduce((sum, { id, value }) => {
    const length = isNested(value) ? sizeOf(value) : value.length;
    return sum + headerSize(id, length) + length;
  }, 0);

function write(out: Uint8Array, start: number, items: readonly Tlv[]): number {
  let at = start;
  for (const { kind, id, value } of items) {
    const length = isNested(value) ? sizeOf(value) : value.length;
    if (length > 0xffffff) malformed('TLV', `a value of ${length} bytes is longer than a TLV can be`);
    const lengthBytes = length < 8 ? 0 : length <= 0xff ? 1 : length <= 0xffff ? 2 : 3;
    out[at++] = (kinds.indexOf(kind) << 6) | (id > 0xff ? 0x20 : 0) | (lengthBytes << 3) | (lengthBytes ? 0 : length);
    if (id > 0xff) out[at++] = id >> 8;
    out[at++] = id & 0xff;
    for (let shift = (lengthBytes - 1) * 8; shift >= 0; shift -= 8) out[at++] = (length >> shift) & 0xff;
    if (isNested(value)) {
      at = write(out, at, value);
    } else {
      out.set(value, at);
      at += length;
    }
  }
  return at;
}

export function encodeTlv(items: readonly Tlv[]): Uint8Array {
  const out = new Uint8Array(sizeOf(items));
  write(out, 0, items);
  return out;
}

/** The TLVs that stand side by side in `bytes`. @param base where `bytes` begins in the payload, for errors */
export function decodeTlv(bytes: Uint8Array, base = 0): RawTlv[] {
  const found: RawTlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = base + at;
    const type = bytes[at++] as number;
    const idBytes = type & 0x20 ? 2 : 1;
    const lengthBytes = (type >> 3) & 3;
    if (at + idBytes + lengthBytes > bytes.length) malformed('TLV', 'the identifier or length is cut off', start);
    let id = 0;
    for (let i = 0; i < idBytes; i++) id = (id << 8) | (bytes[at++] as number);
    let length = lengthBytes === 0 ? type & 7 : 0;
    for (let i = 0; i < lengthBytes; i++) length = (length << 8) | (bytes[at++] as number);
    if (length > bytes.length - at) {
      malformed('TLV', `${length} bytes announced, ${bytes.length - at} there`, start);
    }
    found.push({
      kind: kinds[type >> 6] as TlvKind,
      id,
      value: bytes.subarray(at, at + length),
      offset: base + at,
    });
    at += length;
  }
  return found;
}
