import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { der } from '@mooring/pki';
import {
  type DecodedManifest,
  decodeManifest,
  decodeV1,
  decodeV3,
  encodeEncryptionKey,
  encodeManifestV3,
  encodeResourceV1,
  encodeSignedV1,
  encodeSignedV3,
  encodeV1,
  encodeV3,
  type ManifestV1,
  type ManifestV3,
  manifestOf,
  sniff,
} from '../src/index.ts';
import { bytes, digestOf, manifestV1, manifestV3, patchV1, patchV3 } from './sample.ts';
import { type Case, manifestPaths, type Run, vector, vectorCase, vectorsFolder, withoutVectors } from './vectors.ts';

const signatureV1 = { hash: digestOf('x'), signatures: [{ signature: bytes(70, 1), certificates: [] }] };
const signedV1 = (manifest: ManifestV1) => encodeSignedV1(encodeResourceV1(manifest), signatureV1);
const signedV3 = (manifest: ManifestV3) => encodeSignedV3(encodeManifestV3(manifest), bytes(64, 1));

test('schema v1 reads back what it wrote, with every optional field', () => {
  const full: ManifestV1 = {
    ...patchV1(),
    description: 'Käytä — update',
    timestamp: -5n,
    deviceId: bytes(16, 0x33),
    vendorInfo: bytes(200, 9),
    applyPeriod: { validFrom: 0n, validTo: 2n ** 63n },
    applyImmediately: false,
    encryptionMode: '1.3.6.1.4.1.4128',
    aliases: [{ hash: digestOf('a'), uri: 'http://a.example' }],
    dependencies: [
      { hash: digestOf('b'), size: 300 },
      { hash: digestOf('c'), uri: '', size: 0 },
    ],
    payload: {
      format: '2.999.1',
      encryptionInfo: {
        initVector: bytes(16, 5),
        id: { certificate: { fingerprint: digestOf('d'), uri: '' } },
        key: { keyTable: 'thismessage://1' },
      },
      storageIdentifier: 'slot',
      reference: { hash: digestOf('e'), size: 2 ** 40 },
      installedSize: 7,
      installedDigest: digestOf('f'),
      version: '1.0',
    },
  };
  const value = {
    resource: { uri: 'http://r.example', resourceType: 0, resource: full },
    signature: {
      hash: digestOf('h'),
      signatures: [{ signature: bytes(70, 1), certificates: [{ fingerprint: digestOf('i'), uri: 'u' }] }],
      macs: [{ pskId: digestOf('j'), keyTableVersion: 0, keyTableIndexSize: 3, keyTableRecordSize: 54 }],
    },
  };
  const encoded = encodeV1(value);
  const decoded = decodeV1(encoded);
  assert.deepEqual(decoded.value, value);
  assert.deepEqual(decoded.resourceTlv, encodeResourceV1(value.resource));
  assert.deepEqual(encodeV1(decoded.value), encoded);
});

test('a resource that carries a payload is kept', () => {
  const value = {
    resource: { resourceType: 1, resource: bytes(3, 7) },
    signature: { hash: digestOf('h'), signatures: [] },
  };
  assert.deepEqual(decodeV1(encodeV1(value)).value, value);
  assert.equal(manifestOf(value.resource), undefined);
});

test('schema v3 reads back what it wrote', () => {
  for (const manifest of [
    manifestV3(),
    patchV3(),
    manifestV3({ installedSignature: bytes(64, 3), vendorData: new Uint8Array(), updatePriority: 2 ** 40 }),
  ]) {
    const value = { manifestVersion: 3, manifest, signature: bytes(64, 2) };
    const decoded = decodeV3(encodeV3(value));
    assert.deepEqual(decoded.value, value);
    assert.deepEqual(decoded.manifestTlv, encodeManifestV3(manifest));
  }
});

test('the key that the service appends is read, of encrypted payloads only', () => {
  const key = bytes(16, 0xaa);
  const metadata = { installedSize: 1, installedDigest: digestOf('n') };
  const encrypted = signedV3(manifestV3({ payloadFormat: 0x101, payloadMetadata: metadata }));
  assert.deepEqual(decodeV3(Buffer.concat([encrypted, encodeEncryptionKey(key)])).encryptionKey, key);
  assert.equal(decodeV3(encrypted).encryptionKey, undefined);
  const plain = Buffer.concat([signedV3(manifestV3()), encodeEncryptionKey(key)]);
  assert.throws(() => decodeV3(plain), { code: 'manifest.trailing.data' });
  const twice = Buffer.concat([encrypted, encodeEncryptionKey(key), Uint8Array.of(0)]);
  assert.throws(() => decodeV3(twice), { code: 'manifest.trailing.data' });
});

/** The value at a path of tags and indexes is replaced by other bytes; lengths outside it are put right. */
function replaced(input: Uint8Array, path: readonly number[], value: Uint8Array): Uint8Array {
  const [index, ...deeper] = path;
  if (index === undefined) return value;
  const parts: Uint8Array[] = [];
  const header = (input[1] as number) < 0x80 ? 2 : 2 + ((input[1] as number) & 0x7f);
  for (let at = header; at < input.length; ) {
    const length = input[at + 1] as number;
    const size =
      length < 0x80
        ? 2 + length
        : 2 +
          (length & 0x7f) +
          Number(`0x${Buffer.from(input.subarray(at + 2, at + 2 + (length & 0x7f))).toString('hex')}`);
    parts.push(input.subarray(at, at + size));
    at += size;
  }
  parts[index] = replaced(parts[index] as Uint8Array, deeper, value);
  return der.encode(input[0] as number, ...parts);
}

test('a malformed manifest is refused with field and byte', () => {
  const good = signedV1(manifestV1());
  const goodV3 = signedV3(manifestV3());
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /empty/],
    ['a text', Buffer.from('{"a": 1}'), /not an update manifest/],
    ['cut off', good.subarray(0, 100), /^the manifest at byte 0: SEQUENCE is cut off/],
    [
      'an id of 15 bytes',
      signedV1(manifestV1({ vendorId: bytes(15, 1) })),
      /^resource\.resource\.manifest\.vendorId at byte \d+: 16 bytes or none expected, 15 found/,
    ],
    [
      'a BOOLEAN of 01',
      replaced(good, [0, 1, 7], Uint8Array.of(1, 1, 1)),
      /^resource\.resource\.manifest\.applyImmediately at byte \d+: a BOOLEAN/,
    ],
    [
      'a nonce that is a number',
      replaced(good, [0, 1, 5], Uint8Array.of(2, 1, 0)),
      /^resource\.resource\.manifest\.nonce at byte \d+: OCTET STRING expected, INTEGER found/,
    ],
    [
      'a timestamp with a zero too many',
      replaced(good, [0, 1, 1], Uint8Array.of(2, 2, 0, 5)),
      /^resource\.resource\.manifest\.timestamp at byte \d+: .*shortest form/,
    ],
    [
      'a URI that is not UTF-8',
      replaced(good, [0, 1, 11, 2, 1], Uint8Array.of(12, 1, 0xff)),
      /^resource\.resource\.manifest\.payload\.reference\.uri at byte \d+: the text is not valid/,
    ],
    [
      'a negative size',
      replaced(good, [0, 1, 11, 2, 2], Uint8Array.of(2, 1, 0xff)),
      /^resource\.resource\.manifest\.payload\.reference\.size at byte \d+/,
    ],
    [
      'a size in a long form',
      replaced(good, [0, 1, 11, 2, 2], Uint8Array.of(2, 0x81, 1, 5)),
      /reference\.size at byte \d+: the length is not in its shortest form/,
    ],
    [
      'something in the list of signatures',
      replaced(good, [1, 1, 0], Uint8Array.of(4, 0)),
      /^signature\.signatures\[0\] at byte \d+: SEQUENCE expected/,
    ],
    [
      'a field too many',
      replaced(good, [1, 1], Buffer.from('300030003000', 'hex')),
      /^signature at byte \d+: 2 bytes too many/,
    ],
    [
      'a huge enumeration',
      replaced(good, [0, 0], Uint8Array.of(10, 5, 1, 0, 0, 0, 0)),
      /^resource\.resourceType at byte \d+/,
    ],
    [
      'v3 without the image signature',
      replaced(goodV3, [1, 9], new Uint8Array()),
      /^manifest\.installed-signature at byte \d+: OCTET STRING is missing/,
    ],
  ];
  for (const [name, input, message] of cases) {
    assert.throws(() => decodeManifest(input), { name: 'MooringError', message }, name);
  }
});

test('the error carries the offset of the field', () => {
  const good = signedV1(manifestV1());
  const at = Buffer.from(good).indexOf(Buffer.from(`0410${'44'.repeat(16)}`, 'hex'));
  const bad = Buffer.from(good);
  bad[at] = 2;
  assert.throws(() => decodeManifest(bad), { data: { path: 'resource.resource.manifest.nonce', offset: at } });
});

test('a tool reading takes bytes after the end and ids of any length', () => {
  const odd = Buffer.concat([signedV1(manifestV1({ classId: bytes(3, 1) })), Buffer.from('more')]);
  const decoded = decodeV1(odd, { reading: 'tool' });
  assert.equal(Buffer.from(decoded.rest).toString(), 'more');
  assert.equal(manifestOf(decoded.value.resource)?.classId.length, 3);
});

test('schemas are told by their first tags', () => {
  assert.equal(sniff(signedV1(manifestV1())), 'v1');
  assert.equal(sniff(signedV3(manifestV3())), 'v3');
  for (const input of ['', '30', '3003020100', '0403300000', '3082'])
    assert.equal(sniff(Buffer.from(input, 'hex')), undefined);
});

// From here on: the golden vectors.

const size = (decoded: DecodedManifest): number =>
  (decoded.schema === 'v1' ? encodeV1(decoded.value) : encodeV3(decoded.value)).length;

test('every manifest of the original tools is written again byte for byte', { skip: withoutVectors }, async (t) => {
  const paths = manifestPaths().filter((path) => !path.includes('-negative/'));
  assert.ok(paths.length > 40);
  for (const path of paths) {
    await t.test(path, () => {
      const input = vector(path);
      const decoded = decodeManifest(input);
      const again = decoded.schema === 'v1' ? encodeV1(decoded.value) : encodeV3(decoded.value);
      assert.deepEqual(again, input.subarray(0, size(decoded)));
      assert.equal(again.length, input.length);
    });
  }
});

const hexBytes = (text = ''): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex'));

// biome-ignore lint/suspicious/noExplicitAny: the JSON of another program
type Json = any;

const referenceOf = ({ hash, ...rest }: Json) => ({ hash: hexBytes(hash), ...rest });

/** The JSON that `parse` of 1.4.8 prints, which leaves out what is empty, as a manifest. */
function fromJson({ resource }: Json): ManifestV1 {
  const { manifest } = resource.resource;
  const { description, applyPeriod, payload } = manifest;
  return {
    manifestVersion: manifest.manifestVersion,
    ...(description ? { description } : {}),
    timestamp: BigInt(manifest.timestamp),
    vendorId: hexBytes(manifest.vendorId),
    classId: hexBytes(manifest.classId),
    deviceId: hexBytes(manifest.deviceId),
    nonce: hexBytes(manifest.nonce),
    vendorInfo: hexBytes(manifest.vendorInfo),
    ...(applyPeriod
      ? { applyPeriod: { validFrom: BigInt(applyPeriod.validFrom), validTo: BigInt(applyPeriod.validTo) } }
      : {}),
    applyImmediately: manifest.applyImmediately,
    encryptionMode: manifest.encryptionMode.enum,
    aliases: (manifest.aliases ?? []).map(referenceOf),
    dependencies: (manifest.dependencies ?? []).map(referenceOf),
    ...(payload
      ? {
          payload: {
            format: payload.format.enum,
            storageIdentifier: payload.storageIdentifier,
            reference: referenceOf(payload.reference),
          },
        }
      : {}),
  };
}

const v1Groups = withoutVectors
  ? []
  : [
      '01-url-and-file',
      '02-no-url',
      '03-fixed-nonce-timestamp',
      '04-many-fields',
      '05-hash-and-size',
      '06-aliases-dependencies',
      '07-vendor-class-from-json',
      '08-mode-none-none',
      '09-mode-bogus',
      '10-long-uri',
      '11-no-config',
      '12-no-certificate',
      '13-device-id-only',
      '14-empty-and-tiny',
      '15-timestamp-large',
    ].map((name) => `v1-create/${name}`);

test('the signed part equals that of 1.4.8 for the values that it prints', { skip: withoutVectors }, async (t) => {
  for (const group of v1Groups) {
    const run = vectorCase(group).runs.find(({ argv }) => argv[1] === 'parse');
    if (!run) continue;
    await t.test(group, () => {
      // A timestamp beyond 2^53 is not a number of JavaScript.
      const json = JSON.parse(run.stdout.replace(/"timestamp": (\d+)/, '"timestamp": "$1"'));
      const { resourceTlv, value } = decodeV1(vector(join(group, 'out/fw.manifest')));
      assert.deepEqual(encodeResourceV1(fromJson(json)), resourceTlv);
      assert.deepEqual(value.signature.hash, hexBytes(json.signature.hash));
    });
  }
});

/** A line of the dump that `parse` of 2.6.2 prints. */
const dumped = (stdout: string, key: string): string | undefined =>
  new RegExp(`^ *${key}: (?:'(.*)'|(.*))$`, 'm')
    .exec(stdout)
    ?.slice(1)
    .find((one) => one !== undefined);

/** Text where the octets are UTF-8, else hex. */
function shown(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return Buffer.from(octets).toString('hex');
  }
}

test('schema v3 says what `parse` of 2.6.2 prints', { skip: withoutVectors }, async (t) => {
  const cases: [string, Run][] = [
    '01-raw-json',
    '02-raw-yaml',
    '03-ids-custom-data-sign-image',
    '04-text-custom-data',
    '05-encrypted-raw',
    '06-combined',
    '07-delta',
    '08-signing-tool',
  ]
    .map((name) => `v2-create/${name}`)
    .filter((group) => existsSync(join(vectorsFolder, group)))
    .flatMap((group) => (vectorCase(group) as Case).runs.map((run): [string, Run] => [group, run]))
    .filter(([, { stdout }]) => stdout.includes('manifest-version: 3'));
  if (!withoutVectors) assert.ok(cases.length > 8);
  for (const [group, run] of cases) {
    await t.test(`${group}: ${run.argv.join(' ')}`, () => {
      const file = run.argv.find((one) => one.endsWith('.manifest'));
      const { value } = decodeV3(vector(join(group, 'out', file as string)));
      const { manifest } = value;
      const expected: [string, string | number | undefined][] = [
        ['manifest-version', value.manifestVersion],
        ['vendor-id', shown(manifest.vendorId)],
        ['class-id', shown(manifest.classId)],
        ['update-priority', manifest.updatePriority],
        ['component-name', manifest.componentName],
        ['payload-version', manifest.payloadVersion],
        ['payload-digest', shown(manifest.payloadDigest)],
        ['payload-size', manifest.payloadSize],
        ['payload-uri', manifest.payloadUri],
        ['payload-format', manifest.payloadFormat],
        ['installed-signature', shown(manifest.installedSignature)],
        ['installed-size', manifest.payloadMetadata?.installedSize],
        ['installed-digest', manifest.payloadMetadata && shown(manifest.payloadMetadata.installedDigest)],
        ['signature', shown(value.signature)],
      ];
      for (const [key, found] of expected)
        assert.equal(dumped(run.stdout, key), found === undefined ? found : `${found}`, key);
    });
  }
});

/** Where our reading and `parse` of the original part ways, and why. */
const differences: Record<string, string> = {
  'text.manifest': '1.4.8 prints nulls for what is no manifest, and exits 0',
  'long-form-length.manifest': 'the same',
  'vendor-15-bytes.manifest': '1.4.8 reads it, and dies when it prints the id',
  'priority-field.manifest': '1.4.8 does not know the fields of 1.5',
};

test('a tool reading takes what `parse` of the original tools takes', { skip: withoutVectors }, async (t) => {
  for (const [group, release] of [
    ['v1-negative/all', '1.4.8'],
    ['v2-negative/all', '2.6.2'],
  ] as const) {
    const damaged = vectorCase(group).runs.filter(
      ({ argv, tool, label }) =>
        argv[1] === 'parse' && tool.endsWith(release) && label && !argv.some((one) => /^-[kcp]$/.test(one)),
    );
    assert.ok(damaged.length > 25);
    for (const { argv, rc } of damaged) {
      const file = argv.find((one) => one.endsWith('.manifest')) as string;
      if (release === '1.4.8' && file in differences) continue;
      await t.test(`${release}: ${file}`, () => {
        const read = () => decodeManifest(vector(join(group, 'out', file)), { reading: 'tool' });
        if (rc === 0) read();
        else assert.throws(read, { name: 'MooringError' });
      });
    }
  }
});
