import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  authenticateV1,
  decodeKeyTable,
  decodeV1,
  encodeKeyTable,
  manifestOf,
  openRecord,
  pskIdOf,
  pskOf,
  sealRecord,
  verifyManifest,
} from '../src/index.ts';
import { bytes, classId, digestOf, manifestV1, now, vendorId } from './sample.ts';
import { vector, withoutVectors } from './vectors.ts';

const master = bytes(32, 0x77);
const iv = bytes(13, 0x99);
const endpoints = ['urn:dev:ops:1', 'urn:dev:ops:22'];
const time = { at: now, source: 'the test' };

function arrayIn(source: string, name: string): Uint8Array {
  const [, body = ''] = new RegExp(`${name}\\[\\] = \\{([^}]*)\\}`).exec(source) ?? [];
  return Uint8Array.from(body.split(',').map((one) => Number.parseInt(one, 16)));
}

test('the key of a device opens its record in the table of 1.4.8', { skip: withoutVectors }, () => {
  const folder = 'v1-init/10-psk/out';
  const source = Buffer.from(vector(`${folder}/update_default_resources.c`)).toString();
  const psk = arrayIn(source, 'arm_uc_default_psk');
  const { value } = decodeV1(vector(`${folder}/mac.manifest`));
  const [mac] = value.signature.macs ?? [];
  assert.ok(mac?.keyTableIv);
  assert.deepEqual(mac.pskId, arrayIn(source, 'arm_uc_default_psk_id'));
  const table = vector(`${folder}/table.pb`);
  const entries = decodeKeyTable(table);
  assert.deepEqual(
    entries.map(({ urn }) => urn),
    ['urn:dev:ops:1959b9-211'],
  );
  const [entry] = entries;
  assert.ok(entry);
  assert.deepEqual(openRecord(psk, mac.keyTableIv, entry.opaque), { hash: value.signature.hash });
  // And the same bytes again.
  assert.deepEqual(new Uint8Array(sealRecord(psk, mac.keyTableIv, { hash: value.signature.hash })), entry.opaque);
  assert.deepEqual(new Uint8Array(encodeKeyTable(entries)), table);
  assert.equal(mac.keyTableRecordSize, entry.opaque.length);
});

test('every device opens its own record and no other', () => {
  const { manifest, entries, table } = authenticateV1(manifestV1(), { master, endpoints, iv });
  const { value } = decodeV1(manifest);
  assert.deepEqual(
    decodeKeyTable(table),
    entries.map(({ urn, opaque }) => ({ urn, opaque: new Uint8Array(opaque) })),
  );
  assert.equal(manifestOf(value.resource)?.encryptionMode, 4);
  assert.equal(value.signature.macs?.[0]?.keyTableIndexSize, 'urn:dev:ops:22'.length);
  for (const [index, { opaque }] of entries.entries()) {
    for (const [which, endpoint] of endpoints.entries()) {
      const psk = pskOf(master, endpoint, vendorId, classId);
      if (index === which) assert.deepEqual(openRecord(psk, iv, opaque).hash, value.signature.hash);
      else assert.throws(() => openRecord(psk, iv, opaque), { code: 'manifest.key.table.refused' });
    }
  }
});

test('the strict verdict checks the MAC, whatever bit is wrong', () => {
  const { manifest, entries } = authenticateV1(manifestV1(), { master, endpoints: ['one'], iv });
  const preSharedKey = {
    id: pskIdOf(master),
    key: pskOf(master, 'one', vendorId, classId),
    record: entries[0]?.opaque ?? new Uint8Array(),
  };
  const strict = { mode: 'strict', time, vendorId, classId, preSharedKey } as const;
  const verdict = verifyManifest(manifest, strict);
  assert.ok(verdict.ok, JSON.stringify(verdict.checks));
  assert.ok(!verifyManifest(manifest, { ...strict, preSharedKey: { ...preSharedKey, key: bytes(16, 1) } }).ok);
  const { preSharedKey: _, ...keyless } = strict;
  assert.ok(!verifyManifest(manifest, keyless).ok);
  const elsewhere = authenticateV1(manifestV1({ timestamp: 1n }), { master, endpoints: ['one'], iv });
  assert.ok(!verifyManifest(elsewhere.manifest, strict).ok);
});

test('a key depends on everything it is derived from', () => {
  const key = Buffer.from(pskOf(master, 'one', vendorId, classId)).toString('hex');
  assert.equal(key.length, 32);
  for (const changed of [
    pskOf(bytes(32, 1), 'one', vendorId, classId),
    pskOf(master, 'two', vendorId, classId),
    pskOf(master, 'one', classId, classId),
    pskOf(master, 'one', vendorId, vendorId),
  ]) {
    assert.notEqual(Buffer.from(changed).toString('hex'), key);
  }
});

test('devices without a name, or a manifest without ids, are refused', () => {
  assert.throws(() => authenticateV1(manifestV1(), { master, endpoints: [], iv }), { code: 'manifest.field.invalid' });
  const idless = manifestV1({ vendorId: new Uint8Array() });
  assert.throws(() => authenticateV1(idless, { master, endpoints, iv }), { code: 'manifest.field.invalid' });
});

test('a key table reads back; other fields are skipped', () => {
  const entry = fc.record(
    { urn: fc.string({ unit: 'binary' }), opaque: fc.uint8Array({ maxLength: 300 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      assert.deepEqual(decodeKeyTable(encodeKeyTable(entries)), entries);
    }),
  );
  const unknown = Buffer.from(`080711${'00'.repeat(8)}1a01412d00000000`, 'hex');
  assert.deepEqual(decodeKeyTable(Buffer.concat([unknown, encodeKeyTable([{ urn: 'a', opaque: bytes(1, 1) }])])), [
    { urn: 'a', opaque: bytes(1, 1) },
  ]);
});

test('whatever stands in a key table or record, only their errors come', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
      for (const read of [decodeKeyTable, (record: Uint8Array) => openRecord(bytes(16, 1), iv, record)]) {
        try {
          read(input);
        } catch (error) {
          assert.match(`${(error as { code?: string }).code}`, /^manifest\./);
        }
      }
    }),
  );
  assert.throws(() => openRecord(bytes(16, 1), bytes(12, 1), sealRecord(bytes(16, 1), iv, { hash: digestOf('x') })), {
    code: 'manifest.key.table.malformed',
  });
});
