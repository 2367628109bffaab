import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto';
import { FormatError, type Header, tagLength } from './format.ts';
import { type ItemDescription, itemTypes } from './item.ts';

/**
 * The keys of one generation. Every transaction writes with a fresh salt and so with fresh keys: a counter is nonce
 * enough, and nothing of another generation, store or key provider decrypts.
 */
export interface GenerationKeys {
  readonly index: Uint8Array;
  readonly items: Uint8Array;
  readonly check: Uint8Array;
}

type Identity = Pick<Header, 'storeId' | 'generation' | 'salt'>;

function identity({ storeId, generation }: Pick<Header, 'storeId' | 'generation'>): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.set(storeId);
  bytes.writeBigUInt64BE(generation, 16);
  return bytes;
}

/** HKDF-SHA-256 over the provider's key (RFC 5869). */
export function keysOf(providerKey: Uint8Array, header: Identity): GenerationKeys {
  const info = Buffer.concat([Buffer.from('mooring secure storage 1\0', 'latin1'), identity(header)]);
  const bytes = Buffer.from(hkdfSync('sha256', providerKey, header.salt, info, 80));
  return { index: bytes.subarray(0, 32), items: bytes.subarray(32, 64), check: bytes.subarray(64, 80) };
}

export function isKeyOf(keys: GenerationKeys, header: Header): boolean {
  return timingSafeEqual(keys.check, header.keyCheck);
}

interface Sealed {
  readonly data: Uint8Array;
  readonly tag: Uint8Array;
}

function nonce(counter: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 8);
  return bytes;
}

function seal(key: Uint8Array, counter: number, bound: Uint8Array, data: Uint8Array): Sealed {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter), { authTagLength: tagLength }).setAAD(bound);
  return { data: Buffer.concat([cipher.update(data), cipher.final()]), tag: cipher.getAuthTag() };
}

function unseal(key: Uint8Array, counter: number, bound: Uint8Array, { data, tag }: Sealed, what: string): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter), { authTagLength: tagLength });
  decipher.setAAD(bound).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch {
    throw new FormatError(`${what} was changed`);
  }
}

/** The index is bound to the whole header as it stands in the file. */
export function sealIndex(keys: GenerationKeys, header: Uint8Array, index: Uint8Array): Sealed {
  return seal(keys.index, 0, header, index);
}

/** @throws FormatError */
export function unsealIndex(keys: GenerationKeys, header: Uint8Array, sealed: Sealed): Uint8Array {
  return unseal(keys.index, 0, header, sealed, 'its index');
}

/** An item is bound to store, generation, place, type, factory flag and name. */
function itemBinding(header: Identity, item: ItemDescription): Uint8Array {
  return Buffer.concat([
    identity(header),
    Uint8Array.of(itemTypes.indexOf(item.type), item.factory ? 1 : 0),
    Buffer.from(item.name, 'latin1'),
  ]);
}

export function sealItem(
  keys: GenerationKeys,
  header: Identity,
  place: number,
  item: ItemDescription,
  data: Uint8Array,
): Sealed {
  return seal(keys.items, place, itemBinding(header, item), data);
}

/** @throws FormatError */
export function unsealItem(
  keys: GenerationKeys,
  header: Identity,
  place: number,
  item: ItemDescription,
  sealed: Sealed,
): Uint8Array {
  return unseal(keys.items, place, itemBinding(header, item), sealed, `the item ${item.name}`);
}
