import { createHash } from 'node:crypto';
import { type ItemDescription, itemTypes, mostItems } from './item.ts';
import { type ProviderKind, providerKinds } from './key-provider.ts';

/**
 * The storage file: header, index (encrypted), then the items (each encrypted by itself, so that one can be read
 * without the others). All numbers are big endian.
 *
 *     0  magic "MOORSTOR"      36  salt (32)            92  key provider (1), 0 (1)
 *     8  version (4) = 2       68  key check (16)       94  length of the sealed key, n (2)
 *    12  store id (16)         84  index length (4)     96  sealed key, in the provider's own form
 *    28  generation (8)        88  items length (4)     96 + n  checksum (16)
 *                                                       then: tag of the index (16), index, items
 *
 * Version 1 had only key files, and the checksum at 92. Later ones keep length and checksum where they are.
 */
export const version = 2;
export const tagLength = 16;
export const longestSealedKey = 16_384;

const magic = Buffer.from('MOORSTOR', 'latin1');
const sealedAt = 96;
const checksumAtOne = 92;
const checksumLength = 16;
/** That many bytes from the start hold any header. */
export const longestHeader = sealedAt + longestSealedKey + checksumLength;

export interface Header {
  readonly storeId: Uint8Array;
  readonly generation: bigint;
  readonly salt: Uint8Array;
  /** Tells a wrong key from a damaged file. */
  readonly keyCheck: Uint8Array;
  readonly indexLength: number;
  readonly itemsLength: number;
  readonly provider: ProviderKind;
  /** What the provider needs to get the key; empty for a key file. */
  readonly sealedKey: Uint8Array;
}

/** One item as the index has it. Its tag stands here, so that the index vouches for each item's content. */
export interface IndexEntry extends ItemDescription {
  readonly length: number;
  readonly tag: Uint8Array;
}

/** What a reader can say about bytes that are no storage file; the caller knows the file's name. */
export class FormatError extends Error {
  readonly kind: 'damaged' | 'newer';

  constructor(message: string, kind: 'damaged' | 'newer' = 'damaged') {
    super(message);
    this.kind = kind;
  }
}

function checksum(covered: Uint8Array): Uint8Array {
  return createHash('sha256').update(covered).digest().subarray(0, checksumLength);
}

export function encodeHeader(header: Header): Uint8Array {
  const checksumAt = sealedAt + header.sealedKey.length;
  const bytes = Buffer.alloc(checksumAt + checksumLength);
  magic.copy(bytes, 0);
  bytes.writeUInt32BE(version, 8);
  bytes.set(header.storeId, 12);
  bytes.writeBigUInt64BE(header.generation, 28);
  bytes.set(header.salt, 36);
  bytes.set(header.keyCheck, 68);
  bytes.writeUInt32BE(header.indexLength, 84);
  bytes.writeUInt32BE(header.itemsLength, 88);
  bytes.writeUInt8(providerKinds.indexOf(header.provider), 92);
  bytes.writeUInt16BE(header.sealedKey.length, 94);
  bytes.set(header.sealedKey, sealedAt);
  bytes.set(checksum(bytes.subarray(0, checksumAt)), checksumAt);
  return bytes;
}

/**
 * @param bytes the beginning of the file, as much of it as there is up to `longestHeader`
 * @returns the header and the bytes of it, to which the index is bound
 * @throws FormatError
 */
export function decodeHeader(bytes: Uint8Array): { header: Header; raw: Uint8Array } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < checksumAtOne + checksumLength) throw new FormatError('it is too short');
  if (!view.subarray(0, 8).equals(magic)) throw new FormatError('it does not begin as one');
  const found = view.readUInt32BE(8);
  const checksumAt = found === 1 ? checksumAtOne : sealedAt + view.readUInt16BE(94);
  const raw = view.subarray(0, checksumAt + checksumLength);
  if (!raw.subarray(checksumAt).equals(checksum(raw.subarray(0, checksumAt)))) {
    throw new FormatError('its header was changed');
  }
  if (found > version || found < 1) {
    throw new FormatError(`it has the format ${found}, and this software knows ${version}`, 'newer');
  }
  const provider = found === 1 ? 'file' : providerKinds[view.readUInt8(92)];
  if (provider === undefined) throw new FormatError('this software does not know its key provider', 'newer');
  const header: Header = {
    storeId: view.subarray(12, 28),
    generation: view.readBigUInt64BE(28),
    salt: view.subarray(36, 68),
    keyCheck: view.subarray(68, 84),
    indexLength: view.readUInt32BE(84),
    itemsLength: view.readUInt32BE(88),
    provider,
    sealedKey: found === 1 ? new Uint8Array(0) : view.subarray(sealedAt, checksumAt),
  };
  return { header, raw };
}

/** Count (2), then for each item: type (1), flags (1: factory), name length (1), name, data length (4), tag (16). */
export function encodeIndex(entries: readonly IndexEntry[]): Uint8Array {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(entries.length);
  const parts: Uint8Array[] = [count];
  for (const entry of entries) {
    const name = Buffer.from(entry.name, 'latin1');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(entry.length);
    parts.push(
      Uint8Array.of(itemTypes.indexOf(entry.type), entry.factory ? 1 : 0, name.length),
      name,
      length,
      entry.tag,
    );
  }
  return Buffer.concat(parts);
}

/** @throws FormatError */
export function decodeIndex(bytes: Uint8Array): IndexEntry[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > view.length) throw new FormatError('its index ends too soon');
    at += length;
    return view.subarray(at - length, at);
  };
  const count = take(2).readUInt16BE();
  if (count > mostItems) throw new FormatError('its index is too long');
  const entries = Array.from({ length: count }, (): IndexEntry => {
    const type = itemTypes[take(1).readUInt8()];
    if (type === undefined) throw new FormatError('its index has an unknown item type');
    const factory = take(1).readUInt8() === 1;
    const name = take(take(1).readUInt8()).toString('latin1');
    return { name, type, factory, length: take(4).readUInt32BE(), tag: take(tagLength) };
  });
  if (at !== view.length) throw new FormatError('its index goes on too long');
  return entries;
}
