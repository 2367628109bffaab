import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contentFormats,
  decodeEntries,
  decodeNode,
  decodePaths,
  encodeEntries,
  encodeNode,
  encodePaths,
  instance,
  multiple,
  object,
  resource,
  standardCatalogue,
} from '../../src/index.ts';
import { hex, hexOf, textOf, utf8 } from '../bytes.ts';
import { exampleInstance, exampleObject } from './device-object.ts';

const { senmlJson, senmlCbor } = contentFormats;

const deviceJson =
  '[{"bn":"/3/0/","n":"0","vs":"Open Mobile Alliance"},{"n":"1","vs":"Lightweight M2M Client"},' +
  '{"n":"2","vs":"345000123"},{"n":"3","vs":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},' +
  '{"n":"7/1","v":5000},{"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"10","v":15},{"n":"11/0","v":0},' +
  '{"n":"13","v":1367491215},{"n":"14","vs":"+02:00"},{"n":"16","vs":"U"}]';

/** The same pack by label numbers (OMA LwM2M 1.1 §7.4.6). */
const deviceCbor =
  '90a321652f332f302f00613003744f70656e204d6f62696c6520416c6c69616e6365a200613103764c69676874776569676874204d324d20436c6965' +
  '6e74a20061320369333435303030313233a20061330363312e30a20063362f300201a20063362f310205a20063372f3002190ed8a20063372f3102' +
  '191388a20063382f3002187da20063382f3102190384a2006139021864a200623130020fa2006431312f300200a200623133021a5182428fa20062' +
  '313403662b30323a3030a200623136036155';

test('the device object of OMA LwM2M 1.1 §7.4.5 and §7.4.6', () => {
  assert.equal(textOf(encodeNode(senmlJson, [3, 0], exampleInstance, standardCatalogue)), deviceJson);
  assert.equal(hexOf(encodeNode(senmlCbor, [3, 0], exampleInstance, standardCatalogue)), deviceCbor);
  assert.deepEqual(decodeNode(senmlJson, [3, 0], utf8(deviceJson), standardCatalogue), exampleInstance);
  assert.deepEqual(decodeNode(senmlCbor, [3, 0], hex(deviceCbor), standardCatalogue), exampleInstance);
  assert.deepEqual(decodeNode(senmlCbor, [3], hex(deviceCbor), standardCatalogue), exampleObject);
});

test('one opaque value in CBOR', () => {
  const bytes = '81a221662f302f302f330843abcdef';
  assert.equal(hexOf(encodeNode(senmlCbor, [0, 0, 3], resource(3, hex('abcdef')), standardCatalogue)), bytes);
  assert.deepEqual(decodeNode(senmlCbor, [0, 0, 3], hex(bytes), standardCatalogue), resource(3, hex('abcdef')));
});

test('floats stay floats in CBOR, in the shortest form that holds them', () => {
  const cases: [number, string][] = [
    [300, 'f95cb0'],
    [0, 'f90000'],
    [-0.5, 'f9b800'],
    [0.1, 'fb3fb999999999999a'],
    [100000, 'fa47c35000'],
    [65504, 'f97bff'],
    [2 ** -14, 'f90400'],
    [2 ** -15, 'fa38000000'],
  ];
  for (const [value, bytes] of cases) {
    const payload = encodeNode(senmlCbor, [3303, 0, 5700], resource(5700, value), standardCatalogue);
    assert.ok(hexOf(payload).endsWith(`02${bytes}`), `${value}: ${hexOf(payload)}`);
    assert.deepEqual(decodeNode(senmlCbor, [3303, 0, 5700], payload, standardCatalogue), resource(5700, value));
  }
  const half = hex('81a202f95cb0216c2f333330332f302f35373030');
  assert.throws(() => decodeNode(senmlCbor, [3303, 0, 5700], hex('81a2 02 f95cb0 21 60'), standardCatalogue));
  assert.deepEqual(decodeNode(senmlCbor, [3303, 0, 5700], half, standardCatalogue), resource(5700, 300));
});

test('decimal fractions, bignums and strings in pieces are read', () => {
  const at = [3303, 0, 5700];
  const name = '00 6c 2f333330332f302f35373030';
  const read = (value: string) => decodeNode(senmlCbor, at, hex(`81 a2 ${name} 02 ${value}`), standardCatalogue);
  assert.deepEqual(read('c4 82 21 19 0112'), resource(5700, 2.74));
  assert.deepEqual(read('c2 42 0100'), resource(5700, 256));
  assert.deepEqual(
    decodeNode(senmlCbor, [3, 0, 0], hex('9f bf 00 7f 64 2f332f30 62 2f30 ff 03 61 61 ff ff'), standardCatalogue),
    resource(0, 'a'),
  );
});

test('numbers past 2^53 and object links are exact', () => {
  const node = instance(0, [resource(9, 2n ** 62n + 1n), multiple(22, [[0, { object: 66, instance: 0 }]])]);
  const text = '[{"bn":"/3/0/","n":"9","v":4611686018427387905},{"n":"22/0","vlo":"66:0"}]';
  assert.equal(textOf(encodeNode(senmlJson, [3, 0], node, standardCatalogue)), text);
  assert.deepEqual(decodeNode(senmlJson, [3, 0], utf8(text), standardCatalogue), node);
  const cbor = encodeNode(senmlCbor, [3, 0], node, standardCatalogue);
  assert.deepEqual(decodeNode(senmlCbor, [3, 0], cbor, standardCatalogue), node);
});

test('without a definition the record itself tells what a value is', () => {
  const pack =
    '[{"bn":"/60000/0/","n":"0","vs":"a"},{"n":"1","v":1.5},{"n":"2","vb":true},{"n":"3","vd":"q83v"},{"n":"4","vlo":"1:2"}]';
  assert.deepEqual(
    decodeNode(senmlJson, [60000, 0], utf8(pack), standardCatalogue),
    instance(0, [
      resource(0, 'a'),
      resource(1, 1.5),
      resource(2, true),
      resource(3, hex('abcdef')),
      resource(4, { object: 1, instance: 2 }),
    ]),
  );
});

test('an empty instance is told from none', () => {
  const payload = encodeNode(senmlJson, [2, 5], instance(5, []), standardCatalogue);
  assert.equal(textOf(payload), '[{"bn":"/2/5/"}]');
  assert.deepEqual(decodeNode(senmlJson, [2], payload, standardCatalogue), object(2, [instance(5, [])]));
  assert.deepEqual(decodeNode(senmlJson, [2], utf8('[]'), standardCatalogue), object(2, []));
  const several = object(2, [instance(3, [resource(0, 1)]), instance(7, [])]);
  for (const format of [senmlJson, senmlCbor]) {
    const pack = encodeNode(format, [2], several, standardCatalogue);
    assert.deepEqual(decodeNode(format, [2], pack, standardCatalogue), several);
  }
});

test('composite: values and paths from several objects, with times', () => {
  const entries = [
    { path: [3, 0, 0], value: 'Open Mobile Alliance' },
    { path: [3303, 0, 5700], value: 22.5, time: 268_500_010 },
    { path: [1, 0, 1], value: 86_400 },
  ];
  const text =
    '[{"n":"/3/0/0","vs":"Open Mobile Alliance"},{"n":"/3303/0/5700","t":268500010,"v":22.5},{"n":"/1/0/1","v":86400}]';
  assert.equal(textOf(encodeEntries(senmlJson, entries, standardCatalogue)), text);
  assert.deepEqual(decodeEntries(senmlJson, utf8(text), standardCatalogue), entries);
  const paths = [[3, 0, 0], [3303], [1, 0]];
  assert.equal(textOf(encodePaths(senmlJson, paths)), '[{"n":"/3/0/0"},{"n":"/3303"},{"n":"/1/0"}]');
  for (const format of [senmlJson, senmlCbor]) assert.deepEqual(decodePaths(format, encodePaths(format, paths)), paths);
});

test('base name, base time and base value hold until they are said anew', () => {
  const pack =
    '[{"bn":"/3303/0/5700","bt":268500000,"bv":20,"v":2.9},{"t":10,"v":2.4},{"bn":"/3/0/0","bv":0,"bt":7,"vs":"x"}]';
  assert.deepEqual(decodeEntries(senmlJson, utf8(pack), standardCatalogue), [
    { path: [3303, 0, 5700], value: 22.9, time: 268_500_000 },
    { path: [3303, 0, 5700], value: 22.4, time: 268_500_010 },
    { path: [3, 0, 0], value: 'x', time: 7 },
  ]);
});

test('packs that are wrong are refused', () => {
  const cases: [string, RegExp][] = [
    ['{}', /a pack is an array/],
    ['[1]', /a record is an object/],
    ['nonsense', /not JSON/],
    ['[{"n":"/3/0/0","v":1,"vs":"a"}]', /more than one value/],
    ['[{"n":"/3/0/9","vs":"a"}]', /"a" is not a value of type integer/],
    ['[{"n":"/3/0/9","v":"1"}]', /"v" has a value of the wrong kind/],
    ['[{"n":"/4/0/0","v":1}]', /\/4\/0\/0 is not within \/3\/0/],
    ['[{"n":"3/0/9","v":1}]', /not a path/],
    ['[{"v":1}]', /a value has no name/],
    ['[{"bver":11,"n":"/3/0/9","v":1}]', /later version/],
    ['[{"must_":1,"n":"/3/0/9","v":1}]', /"must_" is not understood/],
    ['[{"n":"/3/0","v":1}]', /\/3\/0 cannot hold a value/],
    ['[{"n":"/3/0/6","v":1},{"n":"/3/0/6/0","v":1}]', /one value and also several/],
  ];
  for (const [pack, message] of cases) {
    assert.throws(() => decodeNode(senmlJson, [3, 0], utf8(pack), standardCatalogue), { message }, pack);
  }
  const cbor: [string, RegExp][] = [
    ['a0', /a pack is an array/],
    ['8101', /a record is a map/],
    ['81', /1 items announced/],
    ['9bffffffffffffffff', /items announced/],
    ['80ff', /1 bytes too many/],
    ['ff', /a break where nothing is open/],
    ['81'.repeat(40), /nested too deeply/],
    ['81bf00ff', /a key without a value/],
    ['81a200600060', /a key stands there twice/],
    ['1c', /a reserved length/],
    ['f0', /a simple value that means nothing/],
    ['5f61ffff', /a chunk of another kind/],
  ];
  for (const [bytes, message] of cbor) {
    assert.throws(() => decodeNode(senmlCbor, [3, 0], hex(bytes), standardCatalogue), { message }, bytes);
  }
});
