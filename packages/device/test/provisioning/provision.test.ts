import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { provisioningItems } from '@mooring/credentials';
import { exportPrivateKey, generateKeyPair, pemOf } from '@mooring/pki';
import { fileKeyProvider, SecureStorage, type StoredItem } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  type CredentialSet,
  certificate,
  credentialSet,
  type FileName,
  names,
  without,
  writeSet,
} from './credential-set.ts';
import { run, type Transcript } from './terminal.ts';

const valid = credentialSet();

function device(t: Pick<TestContext, 'after'>) {
  const root = temporaryFolder(t);
  const certificates = join(root, 'provisioning-certs');
  const store = join(root, 'store');
  const options = ['--certs-dir', certificates, '--store', store];
  const open = () => SecureStorage.open({ folder: store, keyProvider: fileKeyProvider(`${store}.key`) });
  return {
    root,
    certificates,
    store,
    open,
    file: () => (existsSync(join(store, 'store')) ? readFileSync(join(store, 'store')) : undefined),
    async provision(set: Partial<CredentialSet> = valid, ...more: string[]): Promise<Transcript> {
      writeSet(certificates, set);
      return run(['--provision', ...options, ...more]);
    },
    status: (...more: string[]) => run(['--get-pelion-status', ...options, ...more]),
    async contents(): Promise<Map<string, StoredItem>> {
      const storage = await open();
      return storage.read(async ({ items, get }) => {
        const found = await Promise.all(items.map(({ name }) => get(name)));
        return new Map(found.map((item) => [item?.name ?? '', item as StoredItem]));
      });
    },
  };
}

test('a device that is provisioned says so in the words that scripts know', async (t) => {
  const { provision, status } = device(t);
  const { status: exit, out, err } = await provision();
  assert.deepEqual(
    { exit, out, err },
    { exit: 0, out: ['Provisioning device.', 'Provisioning process completed without error.'], err: [] },
  );
  const after = await status();
  assert.equal(after.status, 0);
  assert.deepEqual(after.out, [
    'Querying device status... ',
    'Device is configured correctly. You can connect to Pelion Cloud!',
  ]);
});

test('the 15 items are stored as factory items with the bytes of the files, and nothing else', async (t) => {
  const { provision, contents } = device(t);
  await provision();
  const found = await contents();
  assert.deepEqual([...found.keys()].sort(), provisioningItems.map(({ name }) => name).sort());
  for (const { name, type, source } of provisioningItems) {
    const item = found.get(name);
    const expected = source ? valid[source as FileName] : Uint8Array.of(1, 0, 0, 0);
    assert.deepEqual([item?.type, item?.factory, Buffer.from(item?.data ?? [])], [type, true, Buffer.from(expected)]);
  }
});

for (const [what, sent, stored] of [
  ['4 bytes, little endian', Uint8Array.of(0, 4, 0, 0), [0, 4, 0, 0]],
  ['the text 0, as the Python mbl-cli sends it', Buffer.from('0'), [0, 0, 0, 0]],
  ['the text of a number', Buffer.from('65536'), [0, 0, 1, 0]],
  ['four digits are text', Buffer.from('2048'), [0, 8, 0, 0]],
  ['a hexadecimal text', Buffer.from('0x400'), [0, 4, 0, 0]],
  ['a text with the suffix of C and a line end', Buffer.from('512u\n'), [0, 2, 0, 0]],
  ['the largest number as text', Buffer.from('4294967295'), [255, 255, 255, 255]],
] as const) {
  test(`memory size: ${what}`, async (t) => {
    const { provision, contents } = device(t);
    assert.equal((await provision({ ...valid, [names.memory]: sent })).status, 0);
    assert.deepEqual([...((await contents()).get('mbed.MemoryTotalKB')?.data ?? [])], stored);
  });
}

test('texts as the Python mbl-cli shortens them, and empty ones, are stored', async (t) => {
  const { provision, status, contents } = device(t);
  const set = { ...valid, [names.manufacturer]: Buffer.from('dev_manufacture'), [names.model]: new Uint8Array() };
  assert.equal((await provision(set)).status, 0);
  assert.equal((await status()).status, 0);
  assert.equal(Buffer.from((await contents()).get('mbed.Manufacturer')?.data ?? []).toString(), 'dev_manufacture');
});

test('a key in SEC1 form is stored as it came', async (t) => {
  const { provision, contents } = device(t);
  const { privateKey } = generateKeyPair();
  const key = exportPrivateKey(privateKey, 'sec1', 'der');
  const set = { ...valid, [names.key]: key, [names.certificate]: certificate('endpoint-1', privateKey) };
  assert.equal((await provision(set)).status, 0);
  assert.deepEqual(Buffer.from((await contents()).get('mbed.BootstrapDevicePrivateKey')?.data ?? []), Buffer.from(key));
});

const lines = {
  developer: 'There was an error parsing the dev credentials files',
  update: 'There was an error parsing the Update Credentials files',
};

for (const [what, left, groups] of [
  ['a developer file', [names.endpoint], ['developer']],
  ['an update file', [names.vendorId], ['update']],
  ['files of both kinds', [names.key, names.memory, names.classId], ['developer', 'update']],
  ['every file', Object.values(names), ['developer', 'update']],
] as const) {
  test(`${what} missing: the old lines, and nothing is made`, async (t) => {
    const { provision, certificates, store } = device(t);
    const { status, out, err } = await provision(without(valid, ...left));
    assert.equal(status, 1);
    assert.deepEqual(out, ['Provisioning device.']);
    for (const name of left) assert.ok(err.includes(`File with path ${certificates}/${name}.bincould not be opened`));
    assert.deepEqual(
      err.filter((line) => line.startsWith('There was')),
      groups.map((group) => lines[group]),
    );
    assert.equal(err.filter((line) => line.startsWith('File with path')).length, left.length);
    assert.equal(existsSync(store) || existsSync(`${store}.key`), false);
  });
}

test('the missing file is the first line, the old summary follows, then what to do', async (t) => {
  const { provision, certificates } = device(t);
  const { err } = await provision(without(valid, names.uri));
  assert.deepEqual(err, [
    `File with path ${certificates}/${names.uri}.bincould not be opened`,
    'There was an error parsing the dev credentials files',
    `A file is missing in ${certificates} or cannot be read; nothing was stored.`,
    'Let "mbl-cli provision-pelion" put all files there, or name their folder with --certs-dir.',
  ]);
});

test('a folder or a link to nothing in the place of a file counts as missing', async (t) => {
  const { certificates, root } = device(t);
  writeSet(certificates, without(valid, names.endpoint, names.classId));
  mkdirSync(join(certificates, `${names.endpoint}.bin`));
  symlinkSync('/nowhere', join(certificates, `${names.classId}.bin`));
  const { status, err } = await run(['--provision', '--certs-dir', 'provisioning-certs/', '--store', 'store'], {
    cwd: root,
  });
  assert.equal(status, 1);
  assert.equal(err[0], `File with path provisioning-certs/${names.endpoint}.bincould not be opened`);
  assert.equal(err[2], `File with path provisioning-certs/${names.classId}.bincould not be opened`);
});

const other = generateKeyPair();
const rsaLike = Buffer.from('30820122300d06092a864886f70d0101010500', 'hex');
const developerFailed = 'Developer Certificate Provisioning failed.';
const updateFailed = 'Update Certificate Provisioning failed.';

for (const [what, change, text, last] of [
  [
    'a device certificate of one byte',
    { [names.certificate]: Uint8Array.of(1) },
    'Certificate parse failed:',
    developerFailed,
  ],
  [
    'a device certificate cut off',
    { [names.certificate]: valid[names.certificate].subarray(0, 100) },
    'Certificate parse failed:',
    developerFailed,
  ],
  [
    'a device certificate with a byte too many',
    { [names.certificate]: Buffer.concat([valid[names.certificate], Buffer.of(10)]) },
    'Certificate parse failed:',
    developerFailed,
  ],
  [
    'a device certificate as PEM',
    { [names.certificate]: Buffer.from(pemOf('CERTIFICATE', valid[names.certificate] as never)) },
    'Certificate parse failed:',
    developerFailed,
  ],
  ['an empty device certificate', { [names.certificate]: new Uint8Array() }, 'Item empty:', developerFailed],
  ['a server CA that is none', { [names.authority]: Buffer.from('no') }, 'Certificate parse failed:', developerFailed],
  ['a private key that is none', { [names.key]: Buffer.from('no') }, 'Private key parse failed:', developerFailed],
  [
    'a certificate in the place of the key',
    { [names.key]: valid[names.certificate] },
    'Private key parse failed:',
    developerFailed,
  ],
  ['a damaged key of another kind', { [names.key]: rsaLike }, 'Private key parse failed:', developerFailed],
  [
    'the key of another certificate',
    { [names.key]: exportPrivateKey(other.privateKey, 'pkcs8', 'der') },
    'Certificate public key validation failed:',
    developerFailed,
  ],
  [
    'another endpoint name than the CN',
    { [names.endpoint]: Buffer.from('endpoint-2') },
    'Certificate CN attribute invalid:',
    developerFailed,
  ],
  [
    'an endpoint name with a line end',
    { [names.endpoint]: Buffer.from('endpoint-1\n') },
    'Certificate CN attribute invalid:',
    developerFailed,
  ],
  [
    'a certificate for servers',
    {
      [names.certificate]: certificate('endpoint-1', other.privateKey, { profile: 'server' }),
      [names.key]: exportPrivateKey(other.privateKey, 'sec1', 'der'),
    },
    'Certificate invalid:',
    developerFailed,
  ],
  ['an empty endpoint name', { [names.endpoint]: new Uint8Array() }, 'Item empty:', developerFailed],
  [
    'an endpoint name of 65 characters',
    { [names.endpoint]: Buffer.alloc(65, 'x') },
    'Item size is wrong:',
    developerFailed,
  ],
  [
    'a URI without account',
    { [names.uri]: Buffer.from('coaps://host:5684') },
    'URI format incorrect:',
    developerFailed,
  ],
  ['a URI of the web', { [names.uri]: Buffer.from('https://host?aid=1') }, 'URI format incorrect:', developerFailed],
  [
    'a memory size that is no number',
    { [names.memory]: Buffer.from('lots of') },
    'Item size is wrong:',
    developerFailed,
  ],
  [
    'a memory size that 4 bytes do not hold',
    { [names.memory]: Buffer.from('4294967296') },
    'Item size is wrong:',
    developerFailed,
  ],
  ['an endless text', { [names.model]: Buffer.alloc(200_000, 'x') }, 'Item size is wrong:', developerFailed],
  [
    'an update certificate that is none',
    { [names.update]: Uint8Array.of(0x30, 0) },
    'Certificate parse failed:',
    updateFailed,
  ],
  ['a vendor id of 3 bytes', { [names.vendorId]: Buffer.from('abc') }, 'Item size is wrong:', updateFailed],
  ['a class id of 17 bytes', { [names.classId]: Buffer.alloc(17) }, 'Item size is wrong:', updateFailed],
] as const) {
  test(`${what}: refused with the old lines, and the device keeps what it had`, async (t) => {
    const { provision, file, status } = device(t);
    const before = credentialSet('before');
    await provision(before);
    const bytes = file();
    const { status: exit, out, err } = await provision({ ...valid, ...change } as CredentialSet);
    assert.deepEqual([exit, out], [1, ['Provisioning device.']]);
    assert.deepEqual(err.slice(0, 2), [`Error status is: ${text}`, last]);
    assert.ok(
      err.slice(2).some((line) => line.includes('.bin (mbed.')),
      err.join('\n'),
    );
    assert.deepEqual(file(), bytes);
    assert.equal((await status()).status, 0);
  });
}

test('several faults are all named, the developer credentials first', async (t) => {
  const { provision, certificates } = device(t);
  const { err } = await provision({ ...valid, [names.classId]: new Uint8Array(), [names.key]: new Uint8Array() });
  assert.deepEqual(err.slice(0, 3), [
    'Error status is: Item empty:',
    'Error status is: Item size is wrong:',
    developerFailed,
  ]);
  assert.deepEqual(err.slice(4, 6), [
    `${certificates}/${names.key}.bin (mbed.BootstrapDevicePrivateKey): It has 0 bytes and has to have 1 to 4096.`,
    `${certificates}/${names.classId}.bin (mbed.ClassId): It has 0 bytes and has to have exactly 16.`,
  ]);
});

const fromService: StoredItem[] = [
  'mbed.LwM2MServerURI',
  'mbed.LwM2MServerCRL',
  'mbed.InternalEndpoint',
  'mbed.AccountID',
  'mbed.FirstToClaim',
  'mbed.BootstrapServerCRL',
  'sslsession',
]
  .map((name): StoredItem => ({ name, type: 'config', factory: false, data: Buffer.from('old') }))
  .concat(
    ['mbed.LwM2MServerCACert', 'mbed.LwM2MDeviceCert'].map((name) => ({
      name,
      type: 'certificate',
      factory: false,
      data: Buffer.from('old'),
    })),
    [{ name: 'mbed.LwM2MDevicePrivateKey', type: 'private-key', factory: false, data: Buffer.from('old') }],
  );
const ofTime: StoredItem[] = ['saved_time', 'last_time_back', 'time_srv_id'].map((name) => ({
  name,
  type: 'config',
  factory: false,
  data: Buffer.alloc(8),
}));
const ownItems: StoredItem[] = ['mbed.Timezone', 'FOTA_RESULT'].map((name) => ({
  name,
  type: 'config',
  factory: false,
  data: Buffer.from('kept'),
}));

test('new credentials clear what the old service gave, in the same transaction, and keep the rest', async (t) => {
  const { provision, open, contents } = device(t);
  await provision();
  const before = await (await open()).transaction({ put: [...fromService, ...ofTime, ...ownItems] });
  const { status, err } = await provision(credentialSet('endpoint-2'));
  assert.equal(status, 0);
  assert.match(err.join('\n'), /earlier service.*Restart mbl-cloud-client/);
  assert.deepEqual(
    [...(await contents()).keys()].sort(),
    [...provisioningItems.map(({ name }) => name), ...ownItems.map(({ name }) => name)].sort(),
  );
  assert.equal(await (await open()).read(async ({ generation }) => generation), before + 1n);
});

test('the very same credentials again keep the registration and clear only the saved time', async (t) => {
  const { provision, open, contents } = device(t);
  await provision();
  await (await open()).transaction({ put: [...fromService, ...ofTime] });
  const { status, out, err } = await provision();
  assert.deepEqual([status, out.at(-1)], [0, 'Provisioning process completed without error.']);
  assert.match(err[0] ?? '', /these very credentials already; its registration is kept/);
  const found = await contents();
  for (const { name } of fromService) assert.ok(found.has(name), name);
  for (const { name } of ofTime) assert.ok(!found.has(name), name);
});

test('the very same credentials twice in a row: the second time nothing is written', async (t) => {
  const { provision, file } = device(t);
  await provision();
  const bytes = file();
  await provision();
  assert.deepEqual(file(), bytes);
});

test('credentials that are past their end are stored, with a word about it', async (t) => {
  const { provision, status } = device(t);
  const { privateKey } = generateKeyPair();
  const ended = certificate('Update', privateKey, { profile: 'update', notAfter: new Date('2026-04-01T00:00:00Z') });
  const done = await provision({ ...valid, [names.update]: ended });
  assert.equal(done.status, 0);
  assert.match(done.err[0] ?? '', /Certificate expired:mbed.UpdateAuthCert.*2026-04-01T00:00:00Z/);
  assert.equal((await status()).err[0], 'Certificate expired:mbed.UpdateAuthCert');
});

for (const [what, harm, code] of [
  ['a damaged storage', (store: string) => writeFileSync(join(store, 'store'), 'x'), 'storage.damaged'],
  ['a lost key', (store: string) => rmSync(`${store}.key`), 'storage.key.missing'],
] as const) {
  test(`${what}: both actions say so, and nothing is made anew`, async (t) => {
    const { provision, status, store, file } = device(t);
    await provision();
    harm(store);
    const bytes = file();
    const failed = await provision(valid, '--json');
    assert.equal(failed.status, 1);
    assert.deepEqual(failed.err.slice(0, 3), [
      'Provisioning device.',
      'Error status is: Internal storage error:',
      developerFailed,
    ]);
    assert.equal((failed.json().error as { code: string }).code, code);
    const asked = await status();
    assert.deepEqual([asked.status, asked.err[0]], [1, 'Internal storage error:']);
    assert.ok((asked.err[2] ?? '').length > 0);
    assert.deepEqual(file(), bytes);
  });
}

test('with --json standard output is the result alone', async (t) => {
  const { provision, store } = device(t);
  const done = await provision(valid, '--json');
  assert.deepEqual(done.err, ['Provisioning device.', 'Provisioning process completed without error.']);
  const { endpointName, repeated, cleared, configured, store: folder } = done.json();
  assert.deepEqual(
    { endpointName, repeated, cleared, configured, folder },
    { endpointName: 'endpoint-1', repeated: false, cleared: [], configured: true, folder: store },
  );
  const failed = await provision({ ...valid, [names.key]: Buffer.from('no') }, '--json');
  const { code, data } = failed.json().error as { code: string; data: { problems: Record<string, unknown>[] } };
  assert.equal(code, 'provisioning.credentials.invalid');
  assert.deepEqual(
    data.problems.map(({ text, status, group }) => [text, status, group]),
    [['Private key parse failed:mbed.BootstrapDevicePrivateKey', 18, 'developer']],
  );
});
