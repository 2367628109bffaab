import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dtlsMissing } from '@mooring/transport';
import fc from 'fast-check';
import { states } from '../src/dtls/addon.ts';
import { clientHelloOf, identityOf } from '../src/dtls/record.ts';
import { DtlsPair } from './dtls-pair.ts';

/** How a datagram is spoilt: bits turned, the end cut off or added to, the fields of the record header set. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), bits: fc.array(fc.nat(1 << 14), { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(300) }),
  fc.record({ kind: fc.constant('short' as const), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('add' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) }),
  fc.record({ kind: fc.constant('header' as const), at: fc.nat(24), value: fc.nat(255) }),
  fc.record({
    kind: fc.constant('replace' as const),
    type: fc.integer({ min: 19, max: 25 }),
    epoch: fc.nat(2),
    bytes: fc.uint8Array({ maxLength: 80 }),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer Kind> ? Kind : never;

const withLength = (datagram: Buffer): Buffer => {
  if (datagram.length >= 13) datagram.writeUInt16BE(datagram.length - 13, 11);
  return datagram;
};

function spoil(datagram: Uint8Array, how: Damage): Uint8Array {
  const bytes = Buffer.from(datagram);
  switch (how.kind) {
    case 'flip':
      for (const bit of how.bits) {
        const at = (bit >> 3) % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
      }
      return bytes;
    case 'cut':
      return bytes.subarray(0, how.at);
    case 'short':
      return withLength(bytes.subarray(0, 13 + how.length));
    case 'add':
      return Buffer.concat([bytes, how.bytes]);
    case 'header':
      if (how.at < bytes.length) bytes.writeUInt8(how.value, how.at);
      return bytes;
    case 'replace': {
      const header = Buffer.from('16fefd00000000000000090000', 'hex');
      header.writeUInt8(how.type, 0);
      header.writeUInt16BE(how.epoch, 3);
      return withLength(Buffer.concat([header, how.bytes]));
    }
  }
}

const suites = [
  'ECDHE-ECDSA-AES128-CCM8',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-CCM',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
];

test('what is read of a datagram without a key is read, or not, of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), damage, (bytes, how) => {
      for (const datagram of [bytes, spoil(bytes.length === 0 ? Uint8Array.of(22) : bytes, how)]) {
        clientHelloOf(datagram);
        identityOf(datagram);
      }
    }),
    { numRuns: 1000 },
  );
});

describe('no datagram of another', { skip: dtlsMissing }, () => {
  for (const suite of suites) {
    test(`ends an open session, with ${suite}`, () => {
      const pair = new DtlsPair(suite);
      const { addon, client, server } = pair;
      assert.ok(pair.run().isOpen);
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 100 }),
          damage,
          fc.boolean(),
          (message, how, isFromClient) => {
            const [from, to] = isFromClient ? [client, server] : [server, client];
            const sent = addon.send(from, message).datagrams[0] as Uint8Array;
            const spoilt = spoil(sent, how);
            const after = addon.receive(to, spoilt);
            assert.equal(after.state, states.open, after.error);
            if (Buffer.compare(sent, spoilt) !== 0 && how.kind !== 'add' && how.kind !== 'header') {
              assert.deepEqual(after.messages, []);
            }
            const { messages } = addon.receive(to, addon.send(from, message).datagrams[0] as Uint8Array);
            assert.deepEqual(messages.map(Buffer.from), [Buffer.from(message)]);
          },
        ),
        { numRuns: 600 },
      );
      pair.free();
    });
  }

  test('in a handshake lets anyone in, or leaves the session other than open, under way or failed', () => {
    fc.assert(
      fc.property(fc.nat(11), damage, fc.boolean(), (victim, how, isFromClient) => {
        const pair = new DtlsPair(suites[0] as string);
        let count = 0;
        const target = isFromClient ? 'client' : 'server';
        const { atClient, atServer } = pair.run((from, datagram) =>
          from === target && count++ === victim % 4 ? spoil(datagram, how) : datagram,
        );
        for (const { state, error } of [atClient, ...(atServer === undefined ? [] : [atServer])]) {
          assert.ok(
            state === states.handshake || state === states.open || state === states.failed,
            `${state} ${error}`,
          );
        }
        pair.free();
      }),
      { numRuns: 80 },
    );
  });

  test('makes a session that was freed usable', () => {
    const pair = new DtlsPair(suites[0] as string);
    pair.free();
    assert.throws(() => pair.addon.receive(pair.client, new Uint8Array(20)), /freed/);
    assert.throws(() => pair.addon.receive({} as never, new Uint8Array(20)), TypeError);
    assert.throws(() => pair.addon.send(pair.client, 'text' as never));
    pair.free();
  });
});
