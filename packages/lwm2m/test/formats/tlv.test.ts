import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contentFormats,
  decodeNode,
  decodeTlv,
  encodeNode,
  encodeTlv,
  instance,
  multiple,
  type Node,
  object,
  type Path,
  resource,
  resourceInstance,
  standardCatalogue,
} from '../../src/index.ts';
import { hex, hexOf } from '../bytes.ts';
import { exampleInstance, exampleObject } from './device-object.ts';

const { tlv } = contentFormats;
const decode = (at: Path, bytes: string): Node => decodeNode(tlv, at, hex(bytes), standardCatalogue);
const encode = (at: Path, node: Node): string => hexOf(encodeNode(tlv, at, node, standardCatalogue));

const deviceResources = `
  c80014 4f70656e204d6f62696c6520416c6c69616e6365  c80116 4c69676874776569676874204d324d20436c69656e74
  c80209 333435303030313233  c303 312e30  8606 410001 410105  880708 42000ed8 42011388  8708 41007d 42010384
  c109 64  c10a 0f  830b 410000  c40d 5182428f  c60e 2b30323a3030  c110 55`.replace(/\s/g, '');

test('the device object of OMA LwM2M 1.1 §7.4.4.1, bare and as an object with one instance', () => {
  assert.equal(encode([3, 0], exampleInstance), deviceResources);
  assert.deepEqual(decode([3, 0], deviceResources), exampleInstance);
  assert.equal(encode([3], exampleObject), `080079${deviceResources}`);
  assert.deepEqual(decode([3], `080079${deviceResources}`), exampleObject);
});

test('two instances of access control, OMA LwM2M 1.1 §7.4.4.2', () => {
  const payload = '08000e c10001 c10100 8302 41 7f07 c1037f 080112 c10003 c10100 8702 41 7f07 61 013601 c1037f';
  const bytes = payload.replace(/\s/g, '');
  const node = decode([2], bytes);
  assert.deepEqual(
    node,
    object(2, [
      instance(0, [resource(0, 1), resource(1, 0), multiple(2, [[127, 7]]), resource(3, 127)]),
      instance(1, [
        resource(0, 3),
        resource(1, 0),
        multiple(2, [
          [127, 7],
          [310, 1],
        ]),
        resource(3, 127),
      ]),
    ]),
  );
  assert.equal(encode([2], node), bytes);
});

test('object links and long identifiers', () => {
  const node = multiple(22, [
    [0, { object: 66, instance: 0 }],
    [1, { object: 5000, instance: 3 }],
  ]);
  const bytes = '88160c440000420000440113880003';
  assert.equal(encode([3, 0, 22], node), bytes);
  assert.deepEqual(decode([3, 0, 22], bytes), node);
  assert.equal(encode([3303, 0, 5700], resource(5700, 22.5)), 'e4164441b40000');
});

test('what C4.13 of Pelion answers to GET /3/0: integers of eight bytes, resources without a value left out', () => {
  const node = decode(
    [3, 0],
    '880b0b 4800080000000000000000 c11055 c80010 6465765f6d616e756661637475726572 c10230 c81508 0000000000000000',
  );
  assert.deepEqual(
    node,
    instance(0, [
      multiple(11, [[0, 0]]),
      resource(16, 'U'),
      resource(0, 'dev_manufacturer'),
      resource(2, '0'),
      resource(21, 0),
    ]),
  );
});

test('the values of each type, at the borders of their lengths', () => {
  const cases: [number, number, unknown, string][] = [
    [3, 9, 127, 'c1097f'],
    [3, 9, 128, 'c2090080'],
    [3, 9, -129, 'c209ff7f'],
    [3, 9, 32768, 'c40900008000'],
    [3, 9, -(2 ** 31), 'c40980000000'],
    [3, 9, 2 ** 31, 'c809080000000080000000'],
    [3, 9, 2n ** 63n - 1n, 'c809087fffffffffffffff'],
    [0, 13, 255, 'c10dff'],
    [0, 13, 65536, 'c40d00010000'],
    [0, 13, 2n ** 64n - 1n, 'c80d08ffffffffffffffff'],
    [6, 0, 1.5, 'c4003fc00000'],
    [6, 0, 0.1, 'c800083fb999999999999a'],
    [1, 6, true, 'c10601'],
    [1, 10, { object: 65535, instance: 65535 }, 'c40affffffff'],
    [3, 13, new Date(-1000), 'c10dff'],
    [10255, 3, hex('0001'), 'c2030001'],
    [60000, 1, 'text', 'c40174657874'],
  ];
  for (const [objectId, id, value, bytes] of cases) {
    const node = resource(id, value as never);
    assert.equal(encode([objectId, 0, id], node), bytes);
    // What no definition describes comes back as bytes.
    if (objectId !== 60000) assert.deepEqual(decode([objectId, 0, id], bytes), node);
  }
  assert.deepEqual(decode([60000, 0, 1], 'c40174657874'), resource(1, hex('74657874')));
});

test('clients that wrap more or less than they should are understood', () => {
  const bare = 'c10001';
  assert.deepEqual(decode([2], bare), object(2, [instance(0, [resource(0, 1)])]));
  assert.deepEqual(decode([2, 7], `080703${bare}`), instance(7, [resource(0, 1)]));
  assert.deepEqual(decode([3, 0, 11], '410002'), multiple(11, [[0, 2]]));
  assert.deepEqual(decode([3, 0, 11], ''), multiple(11, []));
  assert.deepEqual(decode([3, 0, 11, 0], '830b410002'), resourceInstance(0, 2));
  assert.deepEqual(decode([3, 0, 11, 0], '410002'), resourceInstance(0, 2));
  assert.deepEqual(decode([3], ''), object(3, []));
});

test('lengths in one, two and three bytes', () => {
  for (const length of [7, 8, 255, 256, 65535, 65536]) {
    const value = new Uint8Array(length).fill(7);
    const bytes = encodeTlv([{ kind: 'resource', id: 300, value }]);
    const [found] = decodeTlv(bytes);
    assert.equal(found?.id, 300);
    assert.deepEqual(found?.value, value);
  }
});

test('what is wrong is named with its place', () => {
  const cases: [Path, string, RegExp][] = [
    [[3, 0], 'c8', /TLV at byte 0: the identifier or length is cut off/],
    [[3, 0], 'c10001c10002', /0 stands there twice/],
    [[3, 0], 'c80014', /20 bytes announced, 0 there/],
    [[3, 0], 'c30900 0001', /an integer has 1, 2, 4 or 8 bytes, not 3/],
    [[3, 0], '410001', /a TLV of kind "resource instance" cannot stand within \/3\/0/],
    [[3, 0], '080103c10001', /cannot stand within/],
    [[3, 0], 'e1ffff01', /65535 is not the number of anything/],
    [[3, 0, 0], '', /there is no value/],
    [[3, 0, 0], 'c10101', /cannot stand within \/3\/0\/0/],
    [[3, 0, 0], 'c100ff', /the text is not valid UTF-8/],
    [[1, 0, 6], 'c10602', /a boolean is one byte/],
    [[], 'c10001', /the root has no form/],
  ];
  for (const [at, bytes, message] of cases) assert.throws(() => decode(at, bytes), { message });
});
