import { storageErrors } from './storage-errors.ts';

/** What the real client's storage tells apart (storage_internal.h of mbed-cloud-client). */
export const itemTypes = ['config', 'certificate', 'private-key'] as const;
export type ItemType = (typeof itemTypes)[number];

export interface ItemDescription {
  /** Unique in the storage: 1 to 100 of `A-Z a-z 0-9 . _ -`, as the real client's. */
  readonly name: string;
  readonly type: ItemType;
  /** Given in the factory or by provisioning: a factory reset keeps it. */
  readonly factory: boolean;
}

export interface StoredItem extends ItemDescription {
  readonly data: Uint8Array;
}

/** Changes of one transaction: all of them happen, or none. */
export interface Changes {
  readonly put?: readonly StoredItem[];
  /** Names; one that is not there is fine. */
  readonly remove?: readonly string[];
}

export const largestItem = 1 << 20;
export const mostItems = 1000;

/** @throws MooringError `storage.item.invalid` */
export function checkItem(item: StoredItem): void {
  const wrong = (what: string) =>
    storageErrors('storage.item.invalid', {
      message: `The item ${JSON.stringify(item.name)} cannot be stored: ${what}.`,
      data: { item: item.name },
    });
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(item.name)) {
    throw wrong('a name is 1 to 100 letters, digits, dots, underscores and dashes');
  }
  if (!itemTypes.includes(item.type)) throw wrong(`there is no item type ${JSON.stringify(item.type)}`);
  if (item.data.length > largestItem) throw wrong(`it has ${item.data.length} bytes, and ${largestItem} is the most`);
}

export function isSameItem(a: StoredItem, b: StoredItem): boolean {
  return a.name === b.name && a.type === b.type && a.factory === b.factory && Buffer.compare(a.data, b.data) === 0;
}
