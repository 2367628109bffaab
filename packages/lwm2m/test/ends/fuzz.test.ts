import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoapConnection, codes, type IncomingRequest, type Method } from '@mooring/coap';
import { fakeTime } from '@mooring/platform/testing';
import { channelPair } from '@mooring/transport/testing';
import fc from 'fast-check';
import { parseDiscoveredAccounts } from '../../src/bootstrap/discovery.ts';
import { DeviceServing } from '../../src/client/serving.ts';
import {
  bootstrapClient,
  encodeNode,
  type Flavour,
  multiple,
  noAccounts,
  ObjectTree,
  objectShape,
  pelionBootstrapRules,
  pelionFlavour,
  pelionSecurityObject,
  pelionServerObject,
  registrationHandler,
  StoredInstance,
  standardBootstrapRules,
  standardCatalogue,
  standardFlavour,
  startBootstrapClient,
} from '../../src/index.ts';
import { utf8 } from '../bytes.ts';
import { exampleInstance } from '../formats/device-object.ts';
import { fuzzRuns, mutations } from '../formats/mutation.ts';
import { c413, mbl } from '../registration/real-devices.ts';

const { timers } = fakeTime();
const connection = new CoapConnection(channelPair({ timers }).server, { framing: 'record', timers });

const segment = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('0', '1', '3', '19', '6', '14', '9', '2', 'bs', 'rd', 'x', 'dp', 'est', 'sen'),
  },
  { weight: 1, arbitrary: fc.string() },
);
const payload = mutations([
  utf8(''),
  utf8('5'),
  utf8('[{"n":"/3/0/14","vs":"a"},{"n":"/19/0/1","v":5}]'),
  encodeNode(11542, [3, 0], exampleInstance, standardCatalogue),
  encodeNode(112, [3, 0], exampleInstance, standardCatalogue),
  encodeNode(11542, [3, 0, 6], multiple(6, [[0, 1]]), standardCatalogue),
  pelionSecurityObject({ serverUri: 'coaps://h?aid=1', serverAuthority: utf8('ca') }),
  pelionServerObject(60),
  utf8(c413.links.slice(0, 200)),
  utf8(mbl.links.slice(0, 200)),
]);
const format = fc.option(fc.oneof(fc.constantFrom(0, 40, 42, 60, 99, 110, 112, 11542, 11543), fc.nat(65_535)), {
  nil: undefined,
});
const request: fc.Arbitrary<IncomingRequest> = fc.record({
  method: fc.constantFrom<Method>('GET', 'POST', 'PUT', 'DELETE', 'FETCH', 'iPATCH', 'PATCH'),
  path: fc.array(segment, { maxLength: 5 }),
  query: fc.oneof(
    fc.constant([]),
    fc.array(
      fc.oneof(fc.constantFrom('pmin=1', 'gt=5', 'ep=a', 'lt=60', 'lwm2m=1.1', 'Q', 'iep=i', 'pct=112'), fc.string()),
      { maxLength: 4 },
    ),
  ),
  contentFormat: format,
  accept: format,
  observe: fc.constantFrom(undefined, undefined, 0, 1),
  payload,
  options: fc.constant([]),
  token: fc.uint8Array({ maxLength: 8 }),
});

/** Codes that a peer may hear for what it asked; 5.xx would be a fault of ours. */
const isAnswer = ({ code }: { code: number }) => assert.ok(code >= 0x41 && code < 0xa0, `answered ${code}`);

const flavours: [string, Flavour][] = [
  ['Pelion', pelionFlavour({ generation: '4.13', clientVersion: '4' })],
  ['1.0', standardFlavour({ version: '1.0', framing: 'datagram' })],
  ['1.1', standardFlavour({ version: '1.1', framing: 'stream' })],
];

for (const [name, flavour] of flavours) {
  test(`whatever a server asks of a device (${name}), it gets an answer`, async () => {
    const tree = new ObjectTree();
    tree.addObject(
      objectShape(3, [
        { id: 0, type: 'string', operations: 'R' },
        { id: 6, type: 'integer', operations: 'RW', multiple: true },
        { id: 9, type: 'integer', operations: 'RW' },
        { id: 14, type: 'string', operations: 'RW' },
      ]),
    );
    tree.addInstance(
      3,
      0,
      new StoredInstance([
        [0, 'maker'],
        [6, new Map([[0, 1]])],
        [9, 5],
      ]),
    );
    tree.addObject(
      objectShape(19, [
        { id: 0, type: 'opaque', operations: 'RW', multiple: true },
        { id: 1, type: 'integer', operations: 'RW' },
      ]),
      {
        create: (id) => (id < 5 ? new StoredInstance([]) : undefined),
        remove: () => true,
      },
    );
    const serving = new DeviceServing(tree, flavour, standardCatalogue, timers);
    const { refusingMalformed } = await import('../../src/refusal.ts');
    await fc.assert(
      fc.asyncProperty(request, async (one) => {
        isAnswer(await refusingMalformed(() => serving.handle(one, connection)));
      }),
      { numRuns: fuzzRuns(600) },
    );
    serving.disconnected();
  });
}

test('whatever a device asks of an LwM2M server, it gets an answer', async () => {
  const handle = registrationHandler(
    {
      register: async () => ({ location: ['1'] }),
      update: async () => codes.changed,
      deregister: async () => codes.deleted,
      sent: async () => codes.changed,
    },
    { timers },
  );
  await fc.assert(
    fc.asyncProperty(request, async (one) => isAnswer(await handle(one, { connection }))),
    { numRuns: fuzzRuns(600) },
  );
});

for (const [name, rules] of [
  ['C4.13', pelionBootstrapRules('4.13')],
  ['a standard client', standardBootstrapRules],
] as const) {
  test(`whatever a bootstrap server writes to ${name}, it gets one answer`, () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), (requests) => {
        let { state } = startBootstrapClient(noAccounts);
        for (const one of requests) {
          const next = bootstrapClient(
            state,
            { type: 'requested', request: one },
            { rules, catalogue: standardCatalogue },
          );
          ({ state } = next);
          const answers = next.effects.filter((effect) => effect.type === 'respond');
          assert.equal(answers.length, 1);
          for (const { answer } of answers) isAnswer(answer);
        }
      }),
      { numRuns: fuzzRuns(400) },
    );
  });
}

test('what a client tells of its accounts, damaged', () => {
  const samples = [utf8('</>;lwm2m=1.1,</0/0>;ssid=101;uri="coaps://h",</0/1>,</1/0>;ssid=101,</3/0>')];
  fc.assert(
    fc.property(mutations(samples), (bytes) => {
      try {
        parseDiscoveredAccounts(bytes);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'lwm2m.payload.malformed');
      }
    }),
    { numRuns: fuzzRuns(600) },
  );
});
