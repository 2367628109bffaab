import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionNumber } from '@mooring/manifest';
import { type JudgedBy, judgeOrder, judgeSuccessor } from '../../src/updates/orders/order.ts';
import { readPermission } from '../../src/updates/orders/permission.ts';
import { classId, hex, Owner, sha256, vendorId } from './owner.ts';

const owner = new Owner('2026-01-01T00:00:00Z');
const stranger = new Owner();
const image = Buffer.from('the image');
const uri = 'http://firmware.example/image';
const running = { version: 1_700_000_000n, digest: hex(sha256(Buffer.from('old'))), size: 3 };
const at = (text: string) => ({ at: new Date(text), source: 'a test', atLeast: true });
const by: JudgedBy = {
  certificate: owner.certificate,
  vendorId,
  classId,
  deviceId: undefined,
  time: at('2025-06-01T00:00:00Z'),
  running,
};
const running3 = { ...running, version: versionNumber('2.0.0') };
const late = { ...by, time: at('2027-01-01T00:00:00Z') };
const words = (text: string) => new TextEncoder().encode(text);

async function verdict(manifest: Promise<Uint8Array>, judgedBy = by): Promise<string | number> {
  const found = judgeOrder(await manifest, judgedBy);
  if (found.ok) return `${found.already ? 'already ' : ''}${found.order.purpose}`;
  return found.schema === 'v1' ? found.code.v1 : found.code.v3;
}

const back = (version: string) => words(`mooring/1 downgrade-from-up-to=${version}`);
const successor = words('mooring/1 successor');
const cases: readonly (readonly [string, () => Promise<Uint8Array>, JudgedBy, string | number])[] = [
  ['a good v1', () => owner.v1(image, uri, 1_746_057_600n), by, 'software'],
  ['a good v3', () => owner.v3(image, uri, '2.0.1'), { ...by, running: running3 }, 'software'],
  ['a good v3 before the first update', () => owner.v3(image, uri, '0.0.1'), { ...by, running: undefined }, 'software'],
  ["a stranger's v1", () => stranger.v1(image, uri, 1_746_057_600n), by, 208],
  ["a stranger's v3", () => stranger.v3(image, uri, '2.0.1'), by, 23],
  ['an older v1', () => owner.v1(image, uri, 1_600_000_000n), by, 221],
  ['the same version of v3, another image', () => owner.v3(image, uri, '2.0.0'), { ...by, running: running3 }, 27],
  ['an older v3', () => owner.v3(image, uri, '1.9.9'), { ...by, running: running3 }, 27],
  ['another vendor, v1', () => owner.v1(image, uri, 1_746_057_600n, { vendorId: classId }), by, 215],
  ['another class, v3', () => owner.v3(image, uri, '2.0.1', { classId: vendorId }), by, 31],
  ['another component', () => owner.v3(image, uri, '2.0.1', { componentName: 'METER' }), by, 39],
  ['an expired certificate, v1', () => owner.v1(image, uri, 1_746_057_600n), late, 209],
  ['an expired certificate, v3', () => owner.v3(image, uri, '2.0.1'), late, 23],
  ['no idea of the time', () => owner.v3(image, uri, '2.0.1'), { ...late, time: undefined }, 'software'],
  [
    'what runs already, sent again',
    () => owner.v1(image, uri, 1_746_057_600n),
    { ...by, running: { version: 1_746_057_600n, digest: hex(sha256(image)), size: 9 } },
    'already software',
  ],
  [
    'an older v3 with permission',
    () => owner.v3(image, uri, '1.0.0', { vendorData: back('2.0.0') }),
    { ...by, running: running3 },
    'software',
  ],
  [
    'an older v3 with permission for older devices',
    () => owner.v3(image, uri, '1.0.0', { vendorData: back('1.9.9') }),
    { ...by, running: running3 },
    27,
  ],
  [
    'an older v1 with permission',
    () => owner.v1(image, uri, 1_600_000_000n, { vendorInfo: back('1700000000') }),
    by,
    'software',
  ],
  [
    "a stranger's permission",
    () => stranger.v3(image, uri, '1.0.0', { vendorData: back('2.0.0') }),
    { ...by, running: running3 },
    23,
  ],
  ['the successor, in time', () => owner.v3(image, uri, '1.0.0', { vendorData: successor }), by, 'successor'],
  [
    'the successor, signed with what has expired',
    () => owner.v3(image, uri, '1.0.0', { vendorData: successor }),
    late,
    'successor',
  ],
  ['the successor in v1', () => owner.v1(image, uri, 1n, { vendorInfo: successor }), late, 'successor'],
  ["a stranger's successor", () => stranger.v3(image, uri, '1.0.0', { vendorData: successor }), late, 23],
  [
    'a grant that is not known',
    () => owner.v3(image, uri, '3.0.0', { vendorData: words('mooring/1 everything') }),
    by,
    22,
  ],
  [
    'vendor data of another kind',
    () => owner.v3(image, uri, '3.0.0', { vendorData: words('colour=red') }),
    by,
    'software',
  ],
];

for (const [what, manifest, judgedBy, expected] of cases) {
  test(`${what}: ${expected}`, async () => assert.equal(await verdict(manifest(), judgedBy), expected));
}

test('no byte of a manifest can be changed', async () => {
  for (const manifest of [await owner.v1(image, uri, 1_746_057_600n), await owner.v3(image, uri, '2.0.1')]) {
    for (let place = 0; place < manifest.length; place++) {
      const changed = manifest.slice();
      changed[place] = (changed[place] as number) ^ 0x04;
      assert.equal(judgeOrder(changed, by).ok, false, `byte ${place}`);
    }
  }
});

test('an order says what to download, and what runs then', async () => {
  const found = judgeOrder(await owner.v3(image, uri, '2.0.1'), { ...by, running: running3 });
  assert.ok(found.ok);
  assert.deepEqual(found.order, {
    schema: 'v3',
    purpose: 'software',
    uri,
    size: 9,
    digest: hex(sha256(image)),
    format: 'raw',
    software: { version: versionNumber('2.0.1'), digest: hex(sha256(image)), size: 9 },
  });
});

test('a successor ends later, is not over itself, and is a certificate', () => {
  const now = new Date('2027-01-01T00:00:00Z');
  const judged = (data: Uint8Array) => {
    const found = judgeSuccessor(data, owner.certificate, now);
    return typeof found === 'string' ? found : 'good';
  };
  assert.equal(judged(owner.certify('2036-01-01T00:00:00Z')), 'good');
  assert.match(judged(owner.certify('2025-01-01T00:00:00Z')), /later/);
  assert.match(judged(owner.certify('2026-06-01T00:00:00Z')), /expired/);
  assert.match(judged(Buffer.from('x')), /not a certificate/);
});

test('permissions', () => {
  assert.deepEqual(readPermission(back('1700000000')), { kind: 'downgrade', upTo: 1_700_000_000n });
  assert.deepEqual(readPermission(back('x'))?.kind, 'unknown');
  assert.equal(readPermission(new Uint8Array()), undefined);
  assert.equal(readPermission(undefined), undefined);
});
