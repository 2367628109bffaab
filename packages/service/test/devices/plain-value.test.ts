import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentFormats, encodeNode, parsePath, resource, standardCatalogue, type Value } from '@mooring/lwm2m';
import { plainAnswer } from '../../src/lwm2m-server/plain-value.ts';

const { tlv, senmlCbor, senmlJson, cbor, text, opaque } = contentFormats;
const content = 0x45;

const answer = (path: string, format: number, value: Value) => {
  const at = parsePath(path);
  const payload = encodeNode(format, at, resource(at[2] ?? 0, value), standardCatalogue);
  return { code: content, contentFormat: format, payload };
};

for (const format of [tlv, senmlCbor, senmlJson, cbor]) {
  for (const [path, value, told] of [
    ['/3/0/0', 'Leshan', 'Leshan'],
    ['/3/0/9', 79, '79'],
    ['/3303/0/5700', -20.5, '-20.5'],
    ['/3311/0/5850', true, '1'],
    ['/3/0/13', new Date(1_700_000_000_000), '1700000000'],
  ] as const) {
    test(`${told} at ${path} in format ${format} is text`, () => {
      const { contentFormat, payload } = plainAnswer(parsePath(path), answer(path, format, value));
      assert.deepEqual([contentFormat, Buffer.from(payload).toString()], [text, told]);
    });
  }
}

test('bytes are bytes', () => {
  const plain = plainAnswer([19, 0, 1], { ...answer('/10255/0/3', tlv, Uint8Array.of(1, 2)) });
  assert.equal(plain.contentFormat, tlv, 'a type that is not known is not guessed');
  const known = plainAnswer([10255, 0, 3], answer('/10255/0/3', senmlCbor, Uint8Array.of(1, 2)));
  assert.deepEqual([known.contentFormat, [...known.payload]], [opaque, [1, 2]]);
});

test('what is no single value of a resource stays as it came', () => {
  const one = answer('/3/0/0', tlv, 'x');
  for (const [path, came] of [
    [[3, 0], one],
    [[3, 0, 0], { ...one, contentFormat: text }],
    [[3, 0, 0], { ...one, payload: Uint8Array.of(0xff, 0xff) }],
    [[3, 0, 0], { ...one, code: 0x84 }],
    [undefined, one],
  ] as const) {
    assert.equal(plainAnswer(path, came), came);
  }
});
