import { der } from '@mooring/pki';
import { DerCursor, derErrors } from './der-cursor.ts';
import type { HubElement } from './hub-schema.ts';

/** How a search ended: 0 with all values found, negative with a DER error, positive with so many values missing. */
export interface HubSearch {
  result: number;
  values: Uint8Array[];
}

/**
 * The old client's way to read: it looks for some values in the order of the schema and stops at the last of them, so
 * that nothing behind it is looked at; lists (SEQUENCE OF) are stepped over as a whole.
 */
export function findValues(root: HubElement, input: Uint8Array, wanted: readonly string[]): HubSearch {
  const cursor = new DerCursor(input);
  const values: Uint8Array[] = [];

  const visit = (element: HubElement, end: number): number => {
    if (element.tag === undefined) {
      if (end - cursor.at < 1) return 1;
      const chosen = element.children.find(({ tag }) => tag === input[cursor.at]);
      return chosen ? visit(chosen, end) : derErrors.unexpectedTag;
    }
    const start = cursor.at;
    const isWanted = element.id === wanted[values.length];
    const error = cursor.tag(end, element.tag);
    if (error === derErrors.unexpectedTag && element.optional && !isWanted) return 0;
    if (error) return error;
    const elementEnd = cursor.at + cursor.length;
    const isStructure = element.tag === der.tags.sequence && element.children.length !== 1;
    if (isWanted) values.push(input.subarray(isStructure ? start : cursor.at, elementEnd));
    let result = 0;
    if (isStructure) {
      for (const child of element.children) {
        if (result !== 0 || values.length === wanted.length) break;
        if (!(cursor.at >= elementEnd && child.optional)) result = visit(child, elementEnd);
      }
    }
    if (cursor.at > elementEnd) return derErrors.lengthMismatch;
    cursor.at = elementEnd;
    return result;
  };

  const result = visit(root, input.length);
  return { result: result === 0 ? wanted.length - values.length : result, values };
}

/** Member number `index` of a list's contents, whatever its tag; undefined behind the last one. */
export function listMember(list: Uint8Array, index: number): Uint8Array | { error: number } | undefined {
  const cursor = new DerCursor(list);
  for (let i = 0; cursor.at < list.length; i++) {
    const start = cursor.at;
    const error = cursor.tag(list.length, list[start] as number);
    if (error) return { error };
    cursor.skip();
    if (i === index) return list.subarray(start, cursor.at);
  }
  return undefined;
}
