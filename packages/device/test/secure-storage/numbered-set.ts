import type { StoredItem } from '../../src/secure-storage/item.ts';

/** Fifteen items that all carry the number, so that a mix of two sets shows. */
export function setOf(number: number): StoredItem[] {
  return Array.from({ length: 15 }, (_, index) => ({
    name: `item-${index}`,
    type: 'config',
    factory: true,
    data: Buffer.from(`${number} `.repeat(1 + 40 * index)),
  }));
}
