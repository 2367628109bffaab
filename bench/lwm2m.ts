// What the formats of LwM2M cost, beside packages from npm that do the same or part of it; and what a device client weighs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  contentFormats,
  DeviceClient,
  decodeNode,
  encodeNode,
  noAccounts,
  ObjectTree,
  objectShape,
  pelionFlavour,
  pelionServerShape,
  ServerObjectInstance,
  StoredInstance,
  standardCatalogue,
} from '@mooring/lwm2m';
import { backgroundTimers } from '@mooring/platform';
import { exampleInstance } from '../packages/lwm2m/test/formats/device-object.ts';
import { inTurn, type Measured, table, type Way } from './interleaved.ts';

const peersFolder = mkdtempSync(join(tmpdir(), 'mooring-bench-lwm2m-'));
process.on('exit', () => rmSync(peersFolder, { recursive: true, force: true }));
execFileSync('npm', ['install', '--ignore-scripts', '--no-save', 'lwm2m-codec@0.1.1', 'cbor-x@1.6.8'], {
  cwd: peersFolder,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const peer = createRequire(join(peersFolder, 'x.js'));
const codec = peer('lwm2m-codec');
const cborX = peer('cbor-x');

const { tlv, senmlJson, senmlCbor } = contentFormats;
const at = [3, 0];
const ours = (format: number) => {
  const payload = encodeNode(format, at, exampleInstance, standardCatalogue);
  return {
    payload,
    encode: () => encodeNode(format, at, exampleInstance, standardCatalogue),
    decode: () => decodeNode(format, at, payload, standardCatalogue),
  };
};
const [inTlv, inJson, inCbor] = [ours(tlv), ours(senmlJson), ours(senmlCbor)];
// What the peer takes: wrapped in its instance, and no time in it.
const theirValues = codec.decode('tlv', '/3/0', Buffer.from(inTlv.payload));
const asText = Buffer.from(inJson.payload).toString();
const asJson = JSON.parse(asText);
const asMaps = cborX.decode(inCbor.payload);

async function compared(title: string, ways: Way[]): Promise<string[][]> {
  const measured = await inTurn(ways, { runs: 300 });
  const own = measured[0] as Measured;
  return measured.map(({ name, cpu }) => [title, name, (1e6 / cpu).toFixed(0), (cpu / own.cpu).toFixed(2)]);
}

table([
  ['the device object of OMA, 16 values', 'by', 'per CPU second', 'cost against ours'],
  ...(await compared('TLV, read', [
    { name: 'ours', run: inTlv.decode },
    { name: 'lwm2m-codec', run: () => codec.decode('tlv', '/3/0', Buffer.from(inTlv.payload)) },
  ])),
  ...(await compared('TLV, written', [
    { name: 'ours', run: inTlv.encode },
    { name: 'lwm2m-codec', run: () => codec.encode('tlv', '/3/0', theirValues) },
  ])),
  ...(await compared('SenML JSON, read', [
    { name: 'ours', run: inJson.decode },
    { name: 'JSON.parse alone', run: () => JSON.parse(Buffer.from(inJson.payload).toString()) },
  ])),
  ...(await compared('SenML JSON, written', [
    { name: 'ours', run: inJson.encode },
    { name: 'JSON.stringify alone', run: () => Buffer.from(JSON.stringify(asJson)) },
  ])),
  ...(await compared('SenML CBOR, read', [
    { name: 'ours', run: inCbor.decode },
    { name: 'cbor-x, the items alone', run: () => cborX.decode(inCbor.payload) },
  ])),
  ...(await compared('SenML CBOR, written', [
    { name: 'ours', run: inCbor.encode },
    { name: 'cbor-x, the items alone', run: () => cborX.encode(asMaps) },
  ])),
]);

/** A server that takes every registration, and nothing more: only the devices are to be weighed. */
function takesAll(): ConstructorParameters<typeof import('@mooring/coap').CoapConnection>[0] {
  let listener: { message(data: Uint8Array): void } | undefined;
  return {
    kind: 'tls',
    peer: { address: '', port: 0, certificates: [] },
    alpn: undefined,
    lastHeard: 0,
    pending: 0,
    send(data) {
      const answer = Uint8Array.of(0x64, 0x41, ...data.subarray(2, 8), 0x82, 0x72, 0x64, 0x01, 0x31);
      queueMicrotask(() => listener?.message(answer));
      return true;
    },
    listen: (given) => {
      listener = given;
    },
    pause() {},
    resume() {},
    close() {},
    destroy() {},
  };
}

const deviceShape = objectShape(
  3,
  [0, 1, 2, 17, 18].map((id) => ({ id, type: 'string', operations: 'R', autoObserved: true, published: true })),
);
const updateShape = objectShape(
  10252,
  [2, 3, 6].map((id) => ({ id, type: 'integer', operations: 'R', autoObserved: true, published: true })),
);
const flavour = pelionFlavour({ generation: '4.13', clientVersion: '4.13.2' });

function device(number: number): DeviceClient {
  const tree = new ObjectTree();
  tree.addObject(pelionServerShape);
  tree.addInstance(1, 0, new ServerObjectInstance(() => client, backgroundTimers, 1, 'U'));
  tree.addObject(deviceShape);
  tree.addInstance(3, 0, new StoredInstance([0, 1, 2, 17, 18].map((id) => [id, `value ${id} of ${number}`])));
  tree.addObject(updateShape);
  tree.addInstance(10252, 0, new StoredInstance([2, 3, 6].map((id) => [id, id])));
  const client: DeviceClient = new DeviceClient({
    flavour,
    tree,
    lifetime: 3600,
    host: {
      connect: async () => takesAll(),
      identity: () => ({ endpoint: `device-${number}`, serverUri: 'coaps://service?aid=a' }),
      hasAccount: () => true,
      accounts: () => noAccounts,
      store: async () => {},
      forgetAccount() {},
      fault: (error) => {
        throw error;
      },
    },
  });
  return client;
}

if (globalThis.gc) {
  const count = 15_000;
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  const devices = Array.from({ length: count }, (_, number) => device(number));
  for (const one of devices) one.start();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.gc();
  const each = (process.memoryUsage().heapUsed - before) / count;
  const registered = devices.filter(({ phase }) => phase === 'registered').length;
  process.stdout.write(
    `\n${registered} of ${count} device clients registered, 8 values of each observed: ${(each / 1024).toFixed(1)} KiB of heap each, connection included\n`,
  );
  process.exit(0);
} else {
  process.stdout.write('\nRun with --expose-gc to weigh device clients.\n');
}
