import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contentFormats,
  currentFormat,
  decodeNode,
  encodeNode,
  formatOfMediaType,
  instance,
  mediaType,
  multiple,
  type Path,
  resource,
  resourceInstance,
  standardCatalogue,
  type Value,
} from '../../src/index.ts';
import { hex, hexOf, textOf, utf8 } from '../bytes.ts';

const { text, opaque, cbor, json, linkFormat } = contentFormats;

test('plain text of each type', () => {
  const cases: [Path, Value, string][] = [
    [[3, 0, 0], 'Öl', 'Öl'],
    [[3, 0, 9], -7, '-7'],
    [[3, 0, 9], 2n ** 62n, '4611686018427387904'],
    [[0, 0, 13], 2n ** 64n - 1n, '18446744073709551615'],
    [[6, 0, 0], 43.5, '43.5'],
    [[6, 0, 0], 1e-7, '1e-7'],
    [[1, 0, 6], true, '1'],
    [[1, 0, 6], false, '0'],
    [[3, 0, 13], new Date('2013-05-02T10:40:15Z'), '1367491215'],
    [[1, 0, 10], { object: 10, instance: 3 }, '10:3'],
    [[10255, 0, 3], hex('494e56414c4944'), 'SU5WQUxJRA=='],
  ];
  for (const [at, value, expected] of cases) {
    const node = resource(at[2] as number, value);
    assert.equal(textOf(encodeNode(text, at, node, standardCatalogue)), expected);
    assert.deepEqual(decodeNode(text, at, utf8(expected), standardCatalogue), node);
  }
  assert.deepEqual(decodeNode(text, [3, 0, 11, 2], utf8('5'), standardCatalogue), resourceInstance(2, 5));
  assert.deepEqual(decodeNode(text, [1, 0, 6], utf8('true'), standardCatalogue), resource(6, true));
  assert.deepEqual(decodeNode(text, [60000, 0, 1], utf8('5'), standardCatalogue), resource(1, '5'));
});

test('text that is no value of its type is refused', () => {
  const cases: [Path, string][] = [
    [[3, 0, 9], ''],
    [[3, 0, 9], '1.5'],
    [[3, 0, 9], '9223372036854775808'],
    [[0, 0, 13], '-1'],
    [[6, 0, 0], 'NaN'],
    [[6, 0, 0], '0x10'],
    [[1, 0, 6], '2'],
    [[3, 0, 13], 'yesterday'],
    [[1, 0, 10], '10'],
    [[1, 0, 10], '70000:1'],
    [[10255, 0, 3], '****'],
  ];
  for (const [at, value] of cases) {
    assert.throws(() => decodeNode(text, at, utf8(value), standardCatalogue), { code: 'lwm2m.value.invalid' }, value);
  }
});

test('CBOR of one value, with the times of other implementations', () => {
  const cases: [Path, Value, string][] = [
    [[3, 0, 0], 'a', '6161'],
    [[3, 0, 9], -500, '3901f3'],
    [[3, 0, 9], -(2n ** 63n), '3b7fffffffffffffff'],
    [[6, 0, 0], 1.5, 'f93e00'],
    [[1, 0, 6], true, 'f5'],
    [[3, 0, 13], new Date('2013-05-02T10:40:15Z'), '1a5182428f'],
    [[1, 0, 10], { object: 10, instance: 3 }, '6431303a33'],
    [[10255, 0, 3], hex('00ff'), '4200ff'],
  ];
  for (const [at, value, expected] of cases) {
    const node = resource(at[2] as number, value);
    assert.equal(hexOf(encodeNode(cbor, at, node, standardCatalogue)), expected);
    assert.deepEqual(decodeNode(cbor, at, hex(expected), standardCatalogue), node);
  }
  const time = resource(13, new Date('2013-03-21T20:04:00Z'));
  assert.deepEqual(decodeNode(cbor, [3, 0, 13], hex('c11a514b67b0'), standardCatalogue), time);
  const textual = hex('c074323031332d30332d32315432303a30343a30305a');
  assert.deepEqual(decodeNode(cbor, [3, 0, 13], textual, standardCatalogue), time);
  assert.throws(() => decodeNode(cbor, [3, 0, 9], hex('f93e00'), standardCatalogue), { code: 'lwm2m.value.invalid' });
});

test('opaque carries bytes and nothing else', () => {
  assert.deepEqual(encodeNode(opaque, [10255, 0, 3], resource(3, hex('0102')), standardCatalogue), hex('0102'));
  assert.deepEqual(decodeNode(opaque, [10255, 0, 3], hex('0102'), standardCatalogue), resource(3, hex('0102')));
  assert.throws(() => encodeNode(opaque, [3, 0, 0], resource(0, 'a'), standardCatalogue), {
    code: 'lwm2m.format.unsupported',
  });
});

test("LwM2M 1.0's JSON is read", () => {
  const pack =
    '{"bn":"/3/0/","e":[{"n":"0","sv":"OMA"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"13","v":1367491215}]}';
  const expected = instance(0, [
    resource(0, 'OMA'),
    multiple(6, [
      [0, 1],
      [1, 5],
    ]),
    resource(13, new Date(1_367_491_215_000)),
  ]);
  assert.deepEqual(decodeNode(json, [3, 0], utf8(pack), standardCatalogue), expected);
  assert.deepEqual(
    decodeNode(1543, [3, 0, 0], utf8('{"bn":"/3/0/0","e":[{"sv":"OMA"}]}'), standardCatalogue),
    resource(0, 'OMA'),
  );
  const others = '{"e":[{"n":"3","sv":"AAE="},{"n":"0","v":4}]}';
  assert.deepEqual(
    decodeNode(json, [10255, 0], utf8(others), standardCatalogue),
    instance(0, [resource(3, hex('0001')), resource(0, 4)]),
  );
  for (const bad of ['[]', '{"e":1}', '{"e":[1]}', '{"e":[{"n":"0","sv":1}]}', '{"bn":"/4","e":[{"n":"0/0","v":1}]}']) {
    assert.throws(
      () => decodeNode(json, [3, 0], utf8(bad), standardCatalogue),
      { code: 'lwm2m.payload.malformed' },
      bad,
    );
  }
});

test('a format that cannot carry what is asked says so', () => {
  for (const format of [text, opaque, cbor]) {
    assert.throws(() => decodeNode(format, [3, 0], utf8('a'), standardCatalogue), { code: 'lwm2m.format.unsupported' });
    assert.throws(() => encodeNode(format, [3, 0], instance(0, []), standardCatalogue), {
      code: 'lwm2m.format.unsupported',
    });
  }
  for (const format of [linkFormat, 50, 65535]) {
    assert.throws(() => decodeNode(format, [3, 0, 0], utf8('a'), standardCatalogue), {
      code: 'lwm2m.format.unsupported',
    });
  }
});

test('old numbers and media types of content formats', () => {
  assert.equal(currentFormat(99), 11542);
  assert.equal(mediaType(99), 'application/vnd.oma.lwm2m+tlv');
  assert.equal(formatOfMediaType('Application/SenML+JSON; charset=utf-8'), 110);
  assert.equal(formatOfMediaType('image/png'), undefined);
  assert.equal(mediaType(50), undefined);
});
