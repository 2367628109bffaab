// CoAP messages parsed and written beside npm's coap-packet; exchanges beside the same bytes sent bare over the same
// channel, in memory and over TLS; memory of connections at rest. Usage: node tools/with-node.cjs bench/coap.ts
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CoapConnection, type CoapOptions, codes, decodeMessage, encodeMessage } from '@mooring/coap';
import { connectTls, listenTls, type SecureChannel } from '@mooring/transport';
import { channelPair } from '@mooring/transport/testing';
import { anyone, identity } from '../packages/transport/test/identity.ts';
import { npmPeer } from '../test/peers/npm.ts';
import { inTurn, type Measured, table, type Way } from './interleaved.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const account = '016c0000000000000000000000000001';
const device = '0170000000000000000000000000d0aa';

const messages = {
  'registration update, 98 bytes': encodeMessage({
    type: 'CON',
    code: 2,
    id: 0xda6b,
    token: Uint8Array.of(0xb5, 0x2f, 0xf2, 0xa8),
    options: [
      ...['rd', account, device].map((segment) => ({ number: 11, value: utf8(segment) })),
      { number: 12, value: Uint8Array.of(40) },
      { number: 15, value: utf8('et=default') },
    ],
    payload: new Uint8Array(),
  }),
  'notification, 12 bytes': Buffer.from('4245b37a027761026020ff33', 'hex'),
  'block of 512 bytes': encodeMessage({
    type: 'CON',
    code: 3,
    id: 1,
    token: Uint8Array.of(1, 2, 3, 4),
    options: [
      { number: 11, value: utf8('0') },
      { number: 12, value: Uint8Array.of(0x2d, 0x16) },
      { number: 27, value: Uint8Array.of(0x0d) },
    ],
    payload: new Uint8Array(512),
  }),
};

interface OtherCodec {
  parse(bytes: Uint8Array): unknown;
  generate(packet: unknown): Uint8Array;
}

const peer = npmPeer('coap-packet', 'coap-packet@1.1.1');
const other: OtherCodec | undefined =
  typeof peer === 'string' ? undefined : createRequire(join(peer.folder, 'index.js'))('coap-packet');

function codecs(message: Uint8Array): { parse: Way[]; write: Way[] } {
  // coap-packet takes nothing else, and it is what a socket gives.
  const bytes = Buffer.from(message);
  const ours = decodeMessage(bytes);
  const theirs = other?.parse(bytes);
  return {
    parse: [
      ...(other ? [{ name: 'coap-packet', run: () => other.parse(bytes) }] : []),
      { name: 'ours', run: () => decodeMessage(bytes) },
    ],
    write: [
      ...(other ? [{ name: 'coap-packet', run: () => other.generate(theirs) }] : []),
      { name: 'ours', run: () => encodeMessage(ours) },
    ],
  };
}

function rowsOf(title: string, ways: readonly Measured[]): string[][] {
  const first = ways[0]?.cpu ?? Number.NaN;
  return ways.map(({ name, cpu }) => [title, name, (1e6 / cpu).toFixed(0), (first / cpu).toFixed(2)]);
}

const codecRows: string[][] = [];
for (const [name, bytes] of Object.entries(messages)) {
  const { parse, write } = codecs(bytes);
  codecRows.push(...rowsOf(`parse: ${name}`, await inTurn(parse, { runs: 2000 })));
  codecRows.push(...rowsOf(`write: ${name}`, await inTurn(write, { runs: 2000 })));
}
table([['', 'by', 'per CPU second', 'of the first'], ...codecRows]);

const request = { method: 'POST', path: ['rd', account, device], query: ['et=default'], contentFormat: 40 } as const;

/** A message there and one back, as large as those of the exchange beside it. */
function bare(client: SecureChannel, server: SecureChannel): Way {
  const [question, answer] = [messages['registration update, 98 bytes'], new Uint8Array(8)];
  let heard: () => void = () => {};
  client.listen({ message: () => heard(), ended: () => {} });
  server.listen({ message: () => server.send(answer), ended: () => {} });
  return {
    name: 'bare channel',
    run: () =>
      new Promise<void>((resolve) => {
        heard = resolve;
        client.send(question);
      }),
  };
}

function coap(framing: CoapOptions['framing'], client: SecureChannel, server: SecureChannel): Way {
  const connection = new CoapConnection(client, { framing });
  new CoapConnection(server, { framing, handler: () => ({ code: codes.changed }) });
  return { name: `CoAP, ${framing}`, run: () => connection.request(request) };
}

const authority = identity('authority', undefined, 'authority');
const ends = identity('localhost', authority, 'server');
const device1 = identity('device', authority, 'developer');
const waiting: ((channel: SecureChannel) => void)[] = [];
const listener = await listenTls({
  host: '127.0.0.1',
  port: 0,
  credentials: ends,
  verifyPeer: anyone,
  channel: (channel) => waiting.shift()?.(channel),
});

async function tlsPair(): Promise<[SecureChannel, SecureChannel]> {
  const accepted = new Promise<SecureChannel>((resolve) => waiting.push(resolve));
  const { port } = listener;
  const client = await connectTls({ host: '127.0.0.1', port, credentials: device1, verifyPeer: anyone });
  return [client, await accepted];
}

const memoryPair = (): [SecureChannel, SecureChannel] => {
  const { client, server } = channelPair();
  return [client, server];
};

const overTls = [
  bare(...(await tlsPair())),
  coap('record', ...(await tlsPair())),
  coap('stream', ...(await tlsPair())),
];
const inMemory = [bare(...memoryPair()), coap('record', ...memoryPair()), coap('stream', ...memoryPair())];
process.stdout.write('\n');
table([
  ['exchanges, both ends in this process', '', 'per CPU second', 'of the first'],
  ...rowsOf('TLS', await inTurn(overTls, { runs: 200, rounds: 40 })),
  ...rowsOf('memory', await inTurn(inMemory, { runs: 500, rounds: 40 })),
]);
await listener.close(0);

/** A channel that keeps nothing of what is sent. */
const silent = (): SecureChannel => ({
  kind: 'tls',
  peer: { address: '192.0.2.1', port: 1, certificates: [] },
  alpn: undefined,
  lastHeard: 0,
  pending: 0,
  send: () => true,
  listen() {},
  pause() {},
  resume() {},
  close() {},
  destroy() {},
});

/** Bytes of heap that a connection takes beside its channel. */
function atRest(framing: CoapOptions['framing']): number {
  const channels = Array.from({ length: 10_000 }, silent);
  const options: CoapOptions = { framing, handler: () => ({ code: codes.changed }) };
  const connections: CoapConnection[] = [new CoapConnection(silent(), options)];
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  for (const channel of channels) connections.push(new CoapConnection(channel, options));
  const taken = heap() - before;
  return taken / (connections.length - 1);
}

process.stdout.write('\n');
if (globalThis.gc === undefined) process.stdout.write('With node --expose-gc also: memory of connections at rest.\n');
else {
  table([
    ['bytes of a connection at rest', ''],
    ...(['record', 'datagram', 'stream'] as const).map((framing) => [framing, atRest(framing).toFixed(0)]),
  ]);
}
