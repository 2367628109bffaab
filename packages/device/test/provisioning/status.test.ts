import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { provisioningItems } from '@mooring/credentials';
import { exportPrivateKey, generateKeyPair } from '@mooring/pki';
import { type Clock, fixedClock } from '@mooring/platform';
import { type Changes, fileKeyProvider, SecureStorage, type StoredItem } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { accountId, certificate, credentialSet, type FileName } from './credential-set.ts';
import { run } from './terminal.ts';

const set = credentialSet();
const item = (name: string, data: Uint8Array | string, type: StoredItem['type'] = 'config'): StoredItem => ({
  name,
  type,
  factory: false,
  data: Buffer.from(data as Uint8Array),
});
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const provisioned: StoredItem[] = provisioningItems.map(({ name, type, source }) => ({
  ...item(name, source ? set[source as FileName] : number(1), type),
  factory: true,
}));
const key = generateKeyPair().privateKey;
const keyBytes = exportPrivateKey(key, 'pkcs8', 'der');
const withCertificate = (...more: Parameters<typeof certificate>) => [
  item('mbed.BootstrapDeviceCert', certificate(...more), 'certificate'),
  item('mbed.BootstrapDevicePrivateKey', keyBytes, 'private-key'),
];
const lwm2m = (unit = accountId): StoredItem[] => [
  item('mbed.UseBootstrap', number(0)),
  item('mbed.LwM2MServerURI', `coaps://lwm2m:5685?x=1&aid=${accountId}`),
  item('mbed.LwM2MServerCACert', set.MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE, 'certificate'),
  item(
    'mbed.LwM2MDeviceCert',
    certificate('endpoint-1', key, { subject: { commonName: 'endpoint-1', organizationalUnit: unit } }),
    'certificate',
  ),
  item('mbed.LwM2MDevicePrivateKey', keyBytes, 'private-key'),
];

async function statusAfter(
  t: Pick<TestContext, 'after'>,
  changes: Changes,
  { clock, json = false }: { clock?: Clock; json?: boolean } = {},
) {
  const folder = join(temporaryFolder(t), 'store');
  const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(`${folder}.key`) });
  await storage.transaction({ put: provisioned });
  await storage.transaction(changes);
  return run(['--get-pelion-status', '--store', folder, ...(json ? ['--json'] : [])], { ...(clock && { clock }) });
}

const ended = new Date('2026-11-22T11:59:59Z');

for (const [what, changes, line, status] of [
  ['nothing stored', { remove: provisioned.map(({ name }) => name) }, 'Item does not exist:mbed.UseBootstrap', 25],
  ['no UseBootstrap', { remove: ['mbed.UseBootstrap'] }, 'Item does not exist:mbed.UseBootstrap', 25],
  ['UseBootstrap of one byte', { put: [item('mbed.UseBootstrap', '1')] }, 'Item size is wrong:mbed.UseBootstrap', 27],
  [
    'UseBootstrap 2',
    { put: [item('mbed.UseBootstrap', number(2))] },
    'Bootstrap mode value incorrect:mbed.UseBootstrap',
    30,
  ],
  ['a malformed UTC offset', { put: [item('mbed.UTCOffset', '2 hours')] }, 'UTC offset incorrect:mbed.UTCOffset', 33],
  [
    'a malformed UTC offset comes before all else',
    { put: [item('mbed.UTCOffset', '+2:00')], remove: ['mbed.UseBootstrap'] },
    'UTC offset incorrect:mbed.UTCOffset',
    33,
  ],
  ['no endpoint name', { remove: ['mbed.EndpointName'] }, 'Item does not exist:mbed.EndpointName', 25],
  ['an empty endpoint name', { put: [item('mbed.EndpointName', '')] }, 'Item empty:mbed.EndpointName', 26],
  [
    'no manufacturer',
    { remove: ['mbed.Manufacturer', 'mbed.SerialNumber'] },
    'Item does not exist:mbed.Manufacturer',
    25,
  ],
  ['no serial number', { remove: ['mbed.SerialNumber'] }, 'Item does not exist:mbed.SerialNumber', 25],
  ['no memory size', { remove: ['mbed.MemoryTotalKB'] }, 'Item does not exist:mbed.MemoryTotalKB', 25],
  [
    'no server CA',
    { remove: ['mbed.BootstrapServerCACert', 'mbed.BootstrapServerURI'] },
    'Item does not exist:mbed.BootstrapServerCACert',
    25,
  ],
  [
    'an empty server CA',
    { put: [item('mbed.BootstrapServerCACert', '', 'certificate')] },
    'Item empty:mbed.BootstrapServerCACert',
    26,
  ],
  [
    'a server CA that is none',
    { put: [item('mbed.BootstrapServerCACert', 'x', 'certificate')] },
    'Certificate parse failed:mbed.BootstrapServerCACert',
    18,
  ],
  [
    'a server CA stored as another type',
    { put: [item('mbed.BootstrapServerCACert', 'x')] },
    'Item does not exist:mbed.BootstrapServerCACert',
    25,
  ],
  ['no URI', { remove: ['mbed.BootstrapServerURI'] }, 'Item does not exist:mbed.BootstrapServerURI', 25],
  [
    'a URI without account',
    { put: [item('mbed.BootstrapServerURI', 'coaps://host')] },
    'URI format incorrect:mbed.BootstrapServerURI',
    28,
  ],
  [
    'a URI of the web',
    { put: [item('mbed.BootstrapServerURI', 'http://host?aid=1')] },
    'URI format incorrect:mbed.BootstrapServerURI',
    28,
  ],
  [
    'first to claim with an account',
    { put: [item('mbed.FirstToClaim', number(1))] },
    'first to claim not allowed:mbed.BootstrapServerURI',
    29,
  ],
  [
    'no private key',
    { remove: ['mbed.BootstrapDevicePrivateKey'] },
    'Item does not exist:mbed.BootstrapDevicePrivateKey',
    25,
  ],
  [
    'a private key that is none',
    { put: [item('mbed.BootstrapDevicePrivateKey', 'x', 'private-key')] },
    'Private key parse failed:mbed.BootstrapDevicePrivateKey',
    18,
  ],
  [
    'no device certificate',
    { remove: ['mbed.BootstrapDeviceCert'] },
    'Item does not exist:mbed.BootstrapDeviceCert',
    25,
  ],
  [
    'the key of another certificate',
    { put: [item('mbed.BootstrapDevicePrivateKey', keyBytes, 'private-key')] },
    'Certificate public key validation failed:mbed.BootstrapDeviceCert',
    34,
  ],
  [
    'another endpoint name',
    { put: [item('mbed.EndpointName', 'endpoint-2')] },
    'Certificate CN attribute invalid:mbed.BootstrapDeviceCert',
    14,
  ],
  [
    'a device certificate for servers',
    { put: withCertificate('endpoint-1', key, { profile: 'server' }) },
    'Certificate invalid:mbed.BootstrapDeviceCert',
    10,
  ],
  [
    'a device certificate past its end',
    { put: withCertificate('endpoint-1', key, { notAfter: ended }) },
    'Certificate expired:mbed.BootstrapDeviceCert',
    13,
  ],
  [
    'an update certificate past its end',
    {
      put: [item('mbed.UpdateAuthCert', certificate('u', key, { profile: 'update', notAfter: ended }), 'certificate')],
    },
    'Certificate expired:mbed.UpdateAuthCert',
    13,
  ],
  [
    'an update certificate that is none',
    { put: [item('mbed.UpdateAuthCert', 'x', 'certificate')] },
    'Certificate parse failed:mbed.UpdateAuthCert',
    18,
  ],
  ['a vendor id of 3 bytes', { put: [item('mbed.VendorId', 'abc')] }, 'Item size is wrong:mbed.VendorId', 27],
  [
    'a class id before the vendor id',
    { put: [item('mbed.VendorId', 'abc'), item('mbed.ClassId', 'abc')] },
    'Item size is wrong:mbed.ClassId',
    27,
  ],
  [
    'LwM2M alone, without server',
    { put: [item('mbed.UseBootstrap', number(0))] },
    'Item does not exist:mbed.LwM2MServerCACert',
    25,
  ],
  [
    'LwM2M alone, certificate of another account',
    { put: lwm2m('other') },
    'Certificate CN attribute invalid:mbed.LwM2MDeviceCert',
    14,
  ],
  [
    'LwM2M alone, first to claim',
    { put: [...lwm2m(), item('mbed.FirstToClaim', number(1))] },
    'first to claim not allowed:mbed.FirstToClaim',
    29,
  ],
] as const) {
  test(`${what}: ${line}`, async (t) => {
    const told = await statusAfter(t, changes as Changes);
    assert.deepEqual([told.status, told.out, told.err[0]], [1, ['Querying device status... '], line]);
    assert.ok((told.err[1] ?? '').length > 20 && (told.err[2] ?? '').length > 20, 'says more');
    const { error } = (await statusAfter(t, changes as Changes, { json: true })).json() as {
      error: { code: string; data: { error: { text: string; status: number } } };
    };
    assert.deepEqual(
      [error.code, error.data.error.text, error.data.error.status],
      ['device.not.configured', line, status],
    );
  });
}

const usual = ['Item not set:mbed.Timezone', 'Item not set:mbed.UTCOffset'];

for (const [what, changes, warnings] of [
  ['as provisioned', {}, usual],
  ['zone and offset given', { put: [item('mbed.Timezone', 'Europe/London'), item('mbed.UTCOffset', '+00:00')] }, []],
  ['empty metadata', { put: [item('mbed.Manufacturer', '')] }, usual],
  [
    'after a bootstrap',
    { put: lwm2m().slice(1) },
    [
      ...usual,
      'Item redundant:mbed.LwM2MServerCACert',
      'Item redundant:mbed.LwM2MServerURI',
      'Item redundant:mbed.LwM2MDevicePrivateKey',
      'Item redundant:mbed.LwM2MDeviceCert',
    ],
  ],
  [
    'LwM2M alone',
    {
      put: lwm2m(),
      remove: [
        'mbed.BootstrapServerURI',
        'mbed.BootstrapServerCACert',
        'mbed.BootstrapDeviceCert',
        'mbed.BootstrapDevicePrivateKey',
      ],
    },
    [...usual, 'Bootstrap mode not activated:mbed.UseBootstrap', 'Certificate is self signed:mbed.LwM2MDeviceCert'],
  ],
  [
    'an old developer certificate: self-signed, ten years',
    { put: withCertificate('endpoint-1', key, { profile: 'authority', notAfter: new Date('2036-01-01T00:00:00Z') }) },
    [
      ...usual,
      'Certificate is self signed:mbed.BootstrapDeviceCert',
      'Certificate validity is less than 10 years:mbed.BootstrapDeviceCert',
    ],
  ],
  [
    'a certificate of tomorrow',
    { put: withCertificate('endpoint-1', key, { notBefore: new Date('2026-11-23T00:00:00Z') }) },
    [
      ...usual,
      'Certificate is self signed:mbed.BootstrapDeviceCert',
      'Certificate validity cannot be checked:mbed.BootstrapDeviceCert',
    ],
  ],
  [
    'first to claim',
    { put: [item('mbed.FirstToClaim', number(1)), item('mbed.BootstrapServerURI', 'coap://host')] },
    usual,
  ],
  [
    'no update credentials',
    { remove: ['mbed.UpdateAuthCert', 'mbed.VendorId', 'mbed.ClassId'] },
    [...usual, 'Item not set:mbed.UpdateAuthCert', 'Item not set:mbed.ClassId', 'Item not set:mbed.VendorId'],
  ],
] as const) {
  test(`configured, ${what}: the warnings`, async (t) => {
    const told = await statusAfter(t, changes as Changes);
    assert.deepEqual(
      [told.status, told.out[1]],
      [0, 'Device is configured correctly. You can connect to Pelion Cloud!'],
    );
    const found = told.err
      .filter((line) => line.startsWith('Warning: '))
      .map((line) => line.slice(9, line.indexOf('. ')));
    assert.deepEqual(found, warnings);
  });
}

const seconds = (date: string) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Date.parse(date) / 1000));
  return bytes;
};
const shortLived = withCertificate('endpoint-1', key, {
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2027-01-01T00:00:00Z'),
});

for (const [what, clock, saved, source, verdict] of [
  ['a board that starts in 1970 and knows no time', '1970-01-01T00:01:00Z', undefined, 'unknown', 'configured'],
  ['a clock just before the client was built', '2017-01-01T09:59:59Z', undefined, 'unknown', 'configured'],
  ['a clock just after', '2017-01-01T10:00:01Z', undefined, 'system clock', 'configured'],
  ['a good clock', '2026-11-22T00:00:00Z', undefined, 'system clock', 'configured'],
  ['a good clock, past the end', '2027-01-01T00:00:01Z', undefined, 'system clock', 'expired'],
  [
    'a board in 1970 that a server told the time',
    '1970-01-01T00:01:00Z',
    seconds('2026-06-01T00:00:00Z'),
    'saved time',
    'configured',
  ],
  [
    'a board in 1970 that was told a time past the end',
    '1970-01-01T00:01:00Z',
    seconds('2027-06-01T00:00:00Z'),
    'saved time',
    'expired',
  ],
  ['a clock behind the saved time', '2018-01-01T00:00:00Z', seconds('2027-06-01T00:00:00Z'), 'saved time', 'expired'],
  [
    'a clock ahead of the saved time',
    '2026-11-22T00:00:00Z',
    seconds('2026-06-01T00:00:00Z'),
    'system clock',
    'configured',
  ],
  [
    'a saved time before the client was built',
    '1970-01-01T00:01:00Z',
    seconds('2016-06-01T00:00:00Z'),
    'unknown',
    'configured',
  ],
  ['a saved time beyond all dates', '2026-11-22T00:00:00Z', Buffer.alloc(8, 255), 'system clock', 'configured'],
  ['a saved time of another length', '1970-01-01T00:01:00Z', Buffer.alloc(4, 100), 'unknown', 'configured'],
] as const) {
  test(`time: ${what}: ${source}, ${verdict}`, async (t) => {
    const changes = { put: [...shortLived, ...(saved ? [item('saved_time', saved)] : [])] };
    const told = await statusAfter(t, changes, { clock: fixedClock(clock), json: true });
    const result = told.json() as {
      error?: { data: { time: { source: string } }; next: string };
      time: { source: string };
      warnings: { text: string }[];
    };
    assert.equal(told.status, verdict === 'configured' ? 0 : 1);
    assert.equal((result.error?.data ?? result).time.source, source);
    if (verdict === 'expired' && source === 'saved time')
      assert.match(result.error?.next ?? '', /saved time is cleared/);
    if (source === 'unknown') {
      const texts = result.warnings.map(({ text }) => text);
      assert.ok(texts.includes('Item not set:mbed.CurrentTime'));
      assert.ok(texts.includes('Certificate validity cannot be checked:mbed.BootstrapDeviceCert'));
    }
  });
}

test('with --json: what the device is, and until when its certificates are good', async (t) => {
  const told = await statusAfter(t, { put: lwm2m().slice(1) }, { json: true });
  const { configured, endpointName, bootstrapServerUri, bootstrapped, certificates } = told.json();
  assert.deepEqual(
    { configured, endpointName, bootstrapServerUri, bootstrapped, certificates },
    {
      configured: true,
      endpointName: 'endpoint-1',
      bootstrapServerUri: `coaps://127.0.0.1:5684?aid=${accountId}`,
      bootstrapped: true,
      certificates: [
        { item: 'mbed.BootstrapDeviceCert', notAfter: '9999-12-31T23:59:59Z' },
        { item: 'mbed.UpdateAuthCert', notAfter: '9999-12-31T23:59:59Z' },
      ],
    },
  );
  assert.deepEqual(told.err.slice(1), [
    'Device is configured correctly. You can connect to Pelion Cloud!',
    ...told.err.slice(2),
  ]);
});
