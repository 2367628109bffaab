import { randomBytes } from 'node:crypto';
import type { FileReader } from './files.ts';
import {
  decodeHeader,
  decodeIndex,
  encodeHeader,
  encodeIndex,
  FormatError,
  type Header,
  type IndexEntry,
  longestHeader,
  tagLength,
} from './format.ts';
import type { StoredItem } from './item.ts';
import type { OpenKey } from './key-provider.ts';
import { type GenerationKeys, isKeyOf, keysOf, sealIndex, sealItem, unsealIndex, unsealItem } from './seal.ts';

/** Thrown by readGeneration when the header is whole and the key does not fit it. */
export class WrongKey extends Error {}

/** An open storage file, its index decrypted and vouched for. */
export interface OpenGeneration {
  readonly header: Header;
  readonly entries: readonly IndexEntry[];
  /** @throws FormatError */
  readItem(name: string): Promise<StoredItem | undefined>;
}

/** The bytes of a storage file. */
export function writeGeneration(
  { bytes, sealed: sealedKey }: Pick<OpenKey, 'bytes' | 'sealed'>,
  { provider, storeId, generation }: Pick<Header, 'provider' | 'storeId' | 'generation'>,
  items: readonly StoredItem[],
): Uint8Array[] {
  const identity = { storeId, generation, salt: randomBytes(32) };
  const keys = keysOf(bytes, identity);
  const sealed = items.map((item, place) => sealItem(keys, identity, place, item, item.data));
  const index = encodeIndex(
    items.map((item, place) => ({
      name: item.name,
      type: item.type,
      factory: item.factory,
      length: item.data.length,
      tag: (sealed[place] as (typeof sealed)[number]).tag,
    })),
  );
  const header = encodeHeader({
    ...identity,
    provider,
    sealedKey,
    keyCheck: keys.check,
    indexLength: index.length,
    itemsLength: sealed.reduce((sum, { data }) => sum + data.length, 0),
  });
  const sealedIndex = sealIndex(keys, header, index);
  return [Buffer.concat([header, sealedIndex.tag, sealedIndex.data]), ...sealed.map(({ data }) => data)];
}

/** A header of which only the checksum was looked at: it says whose key opens the rest. */
export type ReadHeader = ReturnType<typeof decodeHeader>;

/** @throws FormatError */
export async function readHeader(file: FileReader): Promise<ReadHeader> {
  return decodeHeader(await file.read(0, longestHeader));
}

/**
 * @throws FormatError
 * @throws WrongKey
 */
export async function readGeneration(
  file: FileReader,
  { header, raw }: ReadHeader,
  providerKey: Uint8Array,
): Promise<OpenGeneration> {
  const keys = keysOf(providerKey, header);
  if (!isKeyOf(keys, header)) throw new WrongKey();
  const itemsAt = raw.length + tagLength + header.indexLength;
  const { size } = await file.status();
  if (size !== itemsAt + header.itemsLength) throw new FormatError(`it has ${size} bytes and should have other`);
  const entries = await readIndex(file, keys, raw, header);
  const places = new Map<string, { place: number; at: number }>();
  let at = itemsAt;
  for (const [place, entry] of entries.entries()) {
    places.set(entry.name, { place, at });
    at += entry.length;
  }
  if (at !== size) throw new FormatError('its index does not fit its items');

  return {
    header,
    entries,
    async readItem(name) {
      const found = places.get(name);
      if (!found) return undefined;
      const { length, tag, ...description } = entries[found.place] as IndexEntry;
      const sealed = { data: await file.read(found.at, length), tag };
      return { ...description, data: unsealItem(keys, header, found.place, description, sealed) };
    },
  };
}

async function readIndex(
  file: FileReader,
  keys: GenerationKeys,
  headerBytes: Uint8Array,
  header: Header,
): Promise<IndexEntry[]> {
  const sealed = Buffer.from(await file.read(headerBytes.length, tagLength + header.indexLength));
  return decodeIndex(
    unsealIndex(keys, headerBytes, { tag: sealed.subarray(0, tagLength), data: sealed.subarray(tagLength) }),
  );
}
