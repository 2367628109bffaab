import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { serverTime } from '@mooring/transport';
import { identity } from './identity.ts';
import { listening } from './listening.ts';
import { recordsOf } from './wire.ts';

/** As mbed-cloud-client 4.1.0 and 4.13 send it over TCP, on a device that has no time yet. */
const clientHello = Buffer.from(
  '1603030055' +
    '010000510303' +
    '00000000a0a5562625f4cefac12fd712dba4137cbb4e71dfcb800f073e80acf4' +
    '00' +
    '0004c0ae00ff' +
    '0100' +
    '0024' +
    '000d0006000404030303' +
    '000a000400020017' +
    '000b00020100' +
    '00160000' +
    '00170000' +
    '00230000',
  'hex',
);

const messageTypes = {
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  done: 14,
} as const;

interface HandshakeMessage {
  readonly type: number;
  readonly body: Buffer;
}

function messagesOf(wire: Buffer): HandshakeMessage[] {
  const stream = Buffer.concat(recordsOf(wire).map(({ body }) => body));
  const messages: HandshakeMessage[] = [];
  for (let at = 0; at + 4 <= stream.length; ) {
    const end = at + 4 + stream.readUIntBE(at + 1, 3);
    if (end > stream.length) break;
    messages.push({ type: stream.readUInt8(at), body: stream.subarray(at + 4, end) });
    at = end;
  }
  return messages;
}

test("the first words of Pelion's clients get an answer that they can read", async () => {
  const authority = identity('authority', undefined, 'authority');
  const { listener } = await listening({ credentials: identity('lwm2m.example', authority, 'server') });
  const tcp = connect(listener.port, '127.0.0.1');
  tcp.write(clientHello);
  let wire = Buffer.alloc(0);
  while (messagesOf(wire).at(-1)?.type !== messageTypes.done) {
    const [chunk] = (await once(tcp, 'data')) as [Buffer];
    wire = Buffer.concat([wire, chunk]);
  }
  tcp.destroy();
  const messages = messagesOf(wire);
  assert.deepEqual(
    messages.map(({ type }) => type),
    Object.values(messageTypes),
  );
  assert.ok(wire.length < 4096, 'they have buffers of 4096 bytes');

  const hello = messages[0]?.body as Buffer;
  assert.equal(hello.readUInt16BE(0), 0x0303);
  if (serverTime().carries === 'time') assert.ok(Math.abs(hello.readUInt32BE(2) - Date.now() / 1000) < 3600);
  const afterSession = 2 + 32 + 1 + hello.readUInt8(34);
  assert.equal(hello.readUInt16BE(afterSession), 0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8');

  const keyExchange = messages[2]?.body as Buffer;
  assert.equal(keyExchange.subarray(0, 4).toString('hex'), '03001741', 'an uncompressed point on P-256');
  assert.equal(keyExchange.readUInt16BE(4 + 65), 0x0403, 'ECDSA with SHA-256');

  const request = messages[3]?.body as Buffer;
  const types = request.subarray(1, 1 + request.readUInt8(0));
  assert.ok(types.includes(64), 'ecdsa_sign');
  assert.equal(
    request.subarray(1 + types.length).toString('hex'),
    '000204030000',
    'ECDSA with SHA-256, of any authority',
  );
});
