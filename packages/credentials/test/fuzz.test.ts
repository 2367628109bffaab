import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  classIdOf,
  parseCSource,
  readDeveloperCredentials,
  readUpdateResources,
  vendorIdOf,
  writeDeveloperCredentials,
  writeUpdateResources,
} from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { developerFields, updateCertificate } from './identity.ts';

function expectOwnErrors(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(isMooringError(error) && error.code.startsWith('credentials.'), `${error}`);
  }
}

/** Pieces at which a C reader could stumble, put into, over or instead of parts of a valid file. */
const piece = fc.oneof(
  fc.constantFrom('"', "'", '\\', '/*', '*/', '//', '#', '{', '}', '[', ']', '(', ')', ';', '=', ',', '\n', '\r', '\0'),
  fc.constantFrom('0x', '0xfff', '09', '-1', '\\x', '\\u', '\\777', 'sizeof', 'extern "C" {', '\ufffd', '\u2028', '+'),
  fc.string({ maxLength: 5 }),
);
const mutations = (source: string) =>
  fc
    .array(fc.record({ at: fc.nat(source.length), cut: fc.nat(60), put: piece }), { minLength: 1, maxLength: 4 })
    .map((edits) => edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), source));

const vendorId = vendorIdOf('arm.com');
const update = writeUpdateResources({ vendorId, classId: classIdOf(vendorId, 'm'), certificate: updateCertificate });
const developer = writeDeveloperCredentials(developerFields);

test('a changed developer credentials file is read, or refused in our own words', () => {
  fc.assert(
    fc.property(mutations(developer), (source) => expectOwnErrors(() => readDeveloperCredentials(source, 'x.c'))),
    { numRuns: 500 },
  );
});

test('a changed update resources file is read, or refused in our own words', () => {
  fc.assert(
    fc.property(mutations(update), (source) => expectOwnErrors(() => readUpdateResources(source, 'x.c'))),
    { numRuns: 500 },
  );
});

test('noise made of C is read, or refused in our own words', () => {
  const noise = fc.array(fc.oneof(piece, fc.constantFrom('const ', 'char ', 'a', '[]', ' = ', '"x"', '{1}', ';')));
  fc.assert(
    fc.property(noise, (pieces) => expectOwnErrors(() => parseCSource(pieces.join(''), 'x.c'))),
    { numRuns: 3000 },
  );
});

test('bytes of any value and texts of any letters survive C', () => {
  const named = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 30 }));
  fc.assert(
    fc.property(named, ([bytes, text]) => {
      fc.pre(!/[\0\ufffd]/.test(text) && text.isWellFormed());
      const quoted = JSON.stringify(text).replaceAll(/\\u([0-9a-f]{4})/g, (_, code) => `\\x${code.slice(2)}""`);
      const source = `const uint8_t a[] = {${bytes.join(', ')}};\nconst char b[] = ${quoted};`;
      const [first, second] = parseCSource(source, 'x.c');
      assert.deepEqual(first?.value, bytes);
      assert.equal(Buffer.from(second?.value ?? []).toString('utf8'), text);
    }),
    { numRuns: 500 },
  );
});
