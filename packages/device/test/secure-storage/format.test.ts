import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHeader, decodeIndex, encodeHeader, encodeIndex, FormatError } from '../../src/secure-storage/format.ts';
import { itemTypes } from '../../src/secure-storage/item.ts';
import { providerKinds } from '../../src/secure-storage/key-provider.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((it) => Buffer.from(it));
const header = fc.record(
  {
    storeId: bytes(16),
    generation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    salt: bytes(32),
    keyCheck: bytes(16),
    indexLength: fc.nat(),
    itemsLength: fc.nat(),
    provider: fc.constantFrom(...providerKinds),
    sealedKey: fc.uint8Array({ maxLength: 500 }).map((it) => Buffer.from(it)),
  },
  { noNullPrototype: true },
);
const index = fc.array(
  fc.record(
    {
      name: fc.stringMatching(/^[A-Za-z0-9._-]{1,100}$/),
      type: fc.constantFrom(...itemTypes),
      factory: fc.boolean(),
      length: fc.nat(),
      tag: bytes(16),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 20 },
);

test('a header comes back as it was', () => {
  fc.assert(fc.property(header, (one) => assert.deepEqual(decodeHeader(encodeHeader(one)).header, one)));
});

test('an index comes back as it was', () => {
  fc.assert(fc.property(index, (one) => assert.deepEqual(decodeIndex(encodeIndex(one)), one)));
});

for (const [name, decode] of [
  ['header', decodeHeader],
  ['index', decodeIndex],
] as const) {
  test(`any bytes as ${name}: read or refused, no other fault`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (some) => {
        try {
          decode(some);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
    );
  });
}
