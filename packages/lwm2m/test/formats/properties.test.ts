import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import {
  autoObservations,
  contentFormats,
  decodeCertificateChain,
  decodeEntries,
  decodeNode,
  decodePaths,
  decodeRenewalOrder,
  encodeCertificateChain,
  encodeEntries,
  encodeNode,
  encodeRenewalOrder,
  formatLinks,
  formatRegisteredLinks,
  instance,
  type Link,
  multiple,
  type Node,
  object,
  type Path,
  parseLinks,
  parseRegisteredLinks,
  pelionSecurityObject,
  type ResourceType,
  resource,
  resourceInstance,
  standardCatalogue,
  type Value,
} from '../../src/index.ts';
import { utf8 } from '../bytes.ts';
import { c413, mbl } from '../registration/real-devices.ts';
import { exampleInstance, exampleObject } from './device-object.ts';
import { fuzzRuns, mutations } from './mutation.ts';

const { text, opaque, cbor, senmlJson, senmlCbor, tlv, json } = contentFormats;

const integer = (min: bigint, max: bigint) =>
  fc.oneof(fc.integer({ min: Math.max(0, Number(min)), max: 70_000 }), fc.bigInt({ min, max })).map((value): Value => {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : BigInt(value);
  });

const number16 = fc.nat(65_535);
const arbitraryValue: Record<Exclude<ResourceType, 'none'>, fc.Arbitrary<Value>> = {
  string: fc.string({ unit: 'grapheme' }),
  corelnk: fc.string(),
  integer: integer(-(2n ** 63n), 2n ** 63n - 1n),
  unsigned: integer(0n, 2n ** 64n - 1n),
  float: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer().map(Number)),
  boolean: fc.boolean(),
  opaque: fc.uint8Array(),
  time: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((seconds) => new Date(seconds * 1000)),
  objlnk: fc.record({ object: number16, instance: number16 }, { noNullPrototype: true }),
};

/** One resource of each type, in objects that are known. */
const places: [Exclude<ResourceType, 'none'>, number, number][] = [
  ['string', 3, 0],
  ['integer', 3, 9],
  ['unsigned', 0, 13],
  ['float', 6, 0],
  ['boolean', 1, 6],
  ['opaque', 10255, 3],
  ['time', 3, 13],
  ['objlnk', 3, 22],
];

const place = fc.constantFrom(...places);
const typed = place.chain(([type, objectId, id]) =>
  arbitraryValue[type].map((value) => ({ type, objectId, id, value })),
);

test('one value of any type survives every format that carries it', () => {
  fc.assert(
    fc.property(typed, fc.constantFrom(text, cbor, tlv, senmlJson, senmlCbor), ({ objectId, id, value }, format) => {
      for (const [at, node] of [
        [[objectId, 0, id], resource(id, value)],
        [[objectId, 0, id, 3], resourceInstance(3, value)],
      ] as const) {
        const payload = encodeNode(format, at, node, standardCatalogue);
        assert.deepEqual(decodeNode(format, at, payload, standardCatalogue), node);
      }
    }),
    { numRuns: 600 },
  );
});

/** Instances of the device object, which has resources of most types. */
const deviceResource = fc.oneof(
  fc.tuple(fc.constantFrom(0, 1, 14), arbitraryValue.string).map(([id, value]) => resource(id, value)),
  fc.tuple(fc.constantFrom(9, 10, 20, 21), arbitraryValue.integer).map(([id, value]) => resource(id, value)),
  arbitraryValue.time.map((value) => resource(13, value)),
  fc
    .tuple(
      fc.constantFrom(6, 7, 11),
      fc.uniqueArray(
        fc.tuple(
          number16.filter((id) => id < 65_535),
          arbitraryValue.integer,
        ),
        { selector: ([id]) => id, minLength: 1, maxLength: 4 },
      ),
    )
    .map(([id, values]) => multiple(id, values)),
);
const deviceInstance = (id: number) =>
  fc.uniqueArray(deviceResource, { selector: (one) => one.id, maxLength: 6 }).map((all) => instance(id, all));
const tree: fc.Arbitrary<[Path, Node]> = fc.oneof(
  deviceInstance(0).map((node): [Path, Node] => [[3, 0], node]),
  fc
    .uniqueArray(fc.nat(20), { maxLength: 3 })
    .chain((ids) => fc.tuple(...ids.map(deviceInstance)))
    .map((instances): [Path, Node] => [[3], object(3, instances)]),
);

test('trees survive TLV and SenML', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom(tlv, senmlJson, senmlCbor), ([at, node], format) => {
      const payload = encodeNode(format, at, node, standardCatalogue);
      assert.deepEqual(decodeNode(format, at, payload, standardCatalogue), node);
    }),
    { numRuns: 600 },
  );
});

test('values from several places survive SenML', () => {
  const entry = fc
    .tuple(typed, fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined }))
    .map(([one, time]) => ({
      path: [one.objectId, 0, one.id],
      value: one.value,
      ...(time === undefined ? {} : { time }),
    }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.constantFrom(senmlJson, senmlCbor), (entries, format) => {
      assert.deepEqual(
        decodeEntries(format, encodeEntries(format, entries, standardCatalogue), standardCatalogue),
        entries,
      );
    }),
    { numRuns: 600 },
  );
});

test('links, certificate chains and orders to renew survive', () => {
  const attribute = fc.tuple(
    fc.stringMatching(/^[a-z]{1,6}$/),
    fc.oneof(fc.constant(true as const), fc.string({ unit: 'grapheme' }), fc.nat().map(String)),
  );
  const link: fc.Arbitrary<Link> = fc.record(
    {
      target: fc.string({ unit: 'grapheme' }).map((target) => target.replaceAll('>', '')),
      attributes: fc.array(attribute, { maxLength: 4 }).map((all) => new Map<string, string | true>(all)),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(fc.array(link), (links) => assert.deepEqual(parseLinks(formatLinks(links)), links)));
  const certificates = fc.array(fc.uint8Array({ minLength: 1 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(certificates, (all) => assert.deepEqual(decodeCertificateChain(encodeCertificateChain(all)), all)),
  );
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !one.includes('\0'));
  fc.assert(fc.property(name, (one) => assert.equal(decodeRenewalOrder(encodeRenewalOrder(one)), one)));
});

/** Each reader of bytes from outside, with samples of what it should understand. */
const readers: [string, (bytes: Uint8Array) => unknown, Uint8Array[]][] = [
  ...[tlv, senmlJson, senmlCbor].flatMap((format): [string, (bytes: Uint8Array) => unknown, Uint8Array[]][] => [
    [
      `${format} of an instance`,
      (bytes) => {
        // What is understood can be said again, and means the same.
        const node = decodeNode(format, [3, 0], bytes, standardCatalogue);
        const again = encodeNode(format, [3, 0], node, standardCatalogue);
        assert.deepEqual(decodeNode(format, [3, 0], again, standardCatalogue), node);
      },
      [encodeNode(format, [3, 0], exampleInstance, standardCatalogue)],
    ],
    [
      `${format} of an object`,
      (bytes) => decodeNode(format, [3], bytes, standardCatalogue),
      [encodeNode(format, [3], exampleObject, standardCatalogue)],
    ],
    [
      `${format} of a resource`,
      (bytes) => decodeNode(format, [3, 0, 7], bytes, standardCatalogue),
      [encodeNode(format, [3, 0, 7], multiple(7, [[0, 3800]]), standardCatalogue)],
    ],
  ]),
  [
    'security object',
    (bytes) => decodeNode(tlv, [0], bytes, standardCatalogue),
    [pelionSecurityObject({ serverUri: 'coaps://h?aid=1', serverAuthority: utf8('ca') })],
  ],
  [
    'JSON of 1.0',
    (bytes) => decodeNode(json, [3, 0], bytes, standardCatalogue),
    [utf8('{"bn":"/3/0/","e":[{"n":"0","sv":"OMA"},{"n":"6/0","v":1},{"n":"22/0","ov":"1:2"}]}')],
  ],
  ['CBOR of a time', (bytes) => decodeNode(cbor, [3, 0, 13], bytes, standardCatalogue), [utf8('\u001aabcd')]],
  [
    'CBOR of anything',
    (bytes) => decodeNode(cbor, [60000, 0, 13], bytes, standardCatalogue),
    [utf8('dabcd'), utf8('\u001aabcd')],
  ],
  ['text of a number', (bytes) => decodeNode(text, [3, 0, 9], bytes, standardCatalogue), [utf8('-12345')]],
  ['opaque', (bytes) => decodeNode(opaque, [10255, 0, 3], bytes, standardCatalogue), [utf8('abc')]],
  ...[senmlJson, senmlCbor].flatMap((format): [string, (bytes: Uint8Array) => unknown, Uint8Array[]][] => {
    const sample = encodeEntries(
      format,
      [
        { path: [3, 0, 9], value: 5, time: 7 },
        { path: [6, 0, 1], value: 1.5 },
      ],
      standardCatalogue,
    );
    return [
      [`${format} of anything`, (bytes) => decodeEntries(format, bytes, standardCatalogue), [sample]],
      [`${format} of paths`, (bytes) => decodePaths(format, bytes), [sample]],
    ];
  }),
  [
    'registration',
    (bytes) => {
      const links = parseRegisteredLinks(bytes);
      autoObservations(links.links);
      assert.deepEqual(parseRegisteredLinks(formatRegisteredLinks(links)).links, links.links);
    },
    [utf8(c413.links), utf8(mbl.links), utf8('</lwm2m>;rt="oma.lwm2m";ct="60 110",</lwm2m/1>;ver=1.1')],
  ],
  ['certificate chain', decodeCertificateChain, [encodeCertificateChain([utf8('leaf'), utf8('authority')])]],
  ['order to renew', decodeRenewalOrder, [encodeRenewalOrder('LWM2M')]],
];

for (const [name, read, samples] of readers) {
  test(`damaged input is refused with an error of ours, or understood: ${name}`, () => {
    fc.assert(
      fc.property(mutations(samples), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          if (!isMooringError(error)) throw error;
        }
      }),
      { numRuns: fuzzRuns(400) },
    );
  });
}
