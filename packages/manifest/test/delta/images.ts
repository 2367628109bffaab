import { createHash } from 'node:crypto';
import fc from 'fast-check';

const byte = fc.nat(255);
const run = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 80 }),
  fc.tuple(byte, fc.integer({ min: 1, max: 700 })).map(([value, length]) => new Uint8Array(length).fill(value)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 2, max: 60 }))
    .map(([word, times]) => new Uint8Array(Buffer.alloc(word.length * times, word))),
);

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Images as firmware is: code that nearly repeats, tables, padding. */
export const image = fc.array(run, { minLength: 1, maxLength: 12 }).map(joined);

const edit = fc.record({
  kind: fc.constantFrom('remove', 'insert', 'move', 'change', 'add'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
});

/** An image and what became of it. */
export const twoImages = fc.tuple(image, fc.array(edit, { maxLength: 6 })).map(([old, edits]) => {
  let next = [...old];
  for (const { kind, at, to, bytes } of edits) {
    const from = Math.floor(at * next.length);
    const part = next.slice(from, from + bytes.length * 3);
    const without = [...next.slice(0, from), ...next.slice(from + part.length)];
    const target = Math.floor(to * without.length);
    if (kind === 'remove') next = without;
    if (kind === 'insert') next.splice(from, 0, ...bytes);
    if (kind === 'move') next = [...without.slice(0, target), ...part, ...without.slice(target)];
    if (kind === 'change') next.splice(from, bytes.length, ...bytes);
    if (kind === 'add')
      next = next.map((value, index) => (index >= from && index % 8 === 0 ? (value + 4) & 255 : value));
  }
  return { old, image: Uint8Array.from(next.length > 0 ? next : [0]) };
});

/** Bytes that cannot be packed; always the same. */
export const withoutOrder = (length: number): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update('no order').digest());
