import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { importPrivateKey, matches, parseCertificate } from '@mooring/pki';
import { isMooringError, systemClock } from '@mooring/platform';
import fc from 'fast-check';
import { restoreBackup } from '../../src/backup/restore.ts';
import { masterKeyProvider } from '../../src/keys/provider.ts';
import { databaseFileName, openStorage } from '../../src/storage/index.ts';
import { mooring } from '../command-line.ts';
import { type Started, start } from '../serve/service.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { rewrite } from './rewrite.ts';

interface Used extends Started {
  readonly apiKey: string;
  readonly certificateId: string;
}

async function call(service: { url: string }, apiKey: string, path: string, body?: unknown) {
  const response = await fetch(`${service.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  return { status: response.status, body: (await response.json()) as any };
}

/** A service with an API key and a developer certificate. */
async function used(t: TestContext): Promise<Used> {
  const service = await start(t, { publicHost: 'iot.example.com' }, { clock: systemClock });
  const { stdout } = await mooring(['api-key', 'create', 'laptop', '--data', service.data]);
  const apiKey = stdout.trim();
  const { status, body } = await call(service, apiKey, '/v3/developer-certificates', { name: 'board' });
  assert.equal(status, 201);
  return { ...service, apiKey, certificateId: body.id };
}

async function authorities(data: string): Promise<string[]> {
  const storage = await openStorage({ folder: data, clock: systemClock });
  const rows = await storage.db.selectFrom('authorities').select('certificate').orderBy('id').execute();
  await storage.close();
  return rows.map(({ certificate }) => parseCertificate(certificate).fingerprint);
}

/** That what was restored serves the same devices and clients. */
async function isTheSame(t: TestContext, before: Used, data: string, masterKey?: string): Promise<void> {
  assert.deepEqual(await authorities(data), await authorities(before.data));
  const options = { data, publicHost: 'iot.example.com', ...(masterKey ? { masterKey } : {}) };
  const after = await start(t, options, { clock: systemClock });
  assert.equal(after.firstStart, false);
  assert.equal(after.account, before.account);
  assert.deepEqual([after.bootstrapUri, after.lwm2mUri], [before.bootstrapUri, before.lwm2mUri]);
  assert.deepEqual(after.log, []);
  const { status, body } = await call(after, before.apiKey, `/v3/developer-certificates/${before.certificateId}`);
  assert.equal(status, 200);
  const certificate = parseCertificate(body.developer_certificate);
  const privateKey = importPrivateKey(body.developer_private_key);
  assert.ok(matches(privateKey, certificate), 'the private key opens, and is that of the certificate');
  assert.ok(createPublicKey(privateKey).equals(certificate.publicKey));
  await after.close();
}

test('a backup of a running service, restored elsewhere with its master key, serves the same', async (t) => {
  const before = await used(t);
  const elsewhere = temporaryFolder(t);
  const file = join(elsewhere, 'backup.tar.gz');
  const made = await mooring(['backup', file, '--data', before.data, '--json']);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(made.json.account, before.account);
  assert.equal(made.json.masterKeyIncluded, false);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(before.data).filter((name) => name.startsWith('.')),
    [],
    'nothing is left in the data folder',
  );
  await before.close();

  const data = join(elsewhere, 'deeper', 'data');
  const key = join(elsewhere, 'brought.master-key');
  copyFileSync(`${before.data}.master-key`, key);
  const restored = await mooring(['restore', file, '--data', data, '--master-key', key, '--json']);
  assert.equal(restored.status, 0, restored.stderr);
  assert.deepEqual([restored.json.masterKey, restored.json.masterKeyId], ['present', made.json.masterKeyId]);
  assert.equal(restored.json.handedOut.bootstrapUri, before.bootstrapUri);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  assert.equal(statSync(join(data, databaseFileName)).mode & 0o777, 0o600);
  await isTheSame(t, before, data, key);
});

test('with a passphrase, the file and the passphrase are enough', async (t) => {
  const before = await used(t);
  const elsewhere = temporaryFolder(t);
  const file = join(elsewhere, 'backup.tar.gz');
  const passphrase = join(elsewhere, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  await before.close();
  const made = await mooring(['backup', file, '--data', before.data, '--passphrase-file', passphrase, '--json']);
  assert.equal(made.json?.masterKeyIncluded, true, made.stderr);
  assert.ok(!gunzipSync(readFileSync(file)).includes(readFileSync(`${before.data}.master-key`, 'utf8').trim()));

  const data = join(elsewhere, 'data');
  writeFileSync(`${passphrase}.wrong`, 'incorrect horse\n', { mode: 0o600 });
  const wrong = await mooring(['restore', file, '--data', data, '--passphrase-file', `${passphrase}.wrong`, '--json']);
  assert.equal(wrong.json.error.code, 'backup.passphrase.wrong');
  assert.deepEqual(readdirSync(elsewhere).sort(), ['backup.tar.gz', 'passphrase', 'passphrase.wrong']);

  const restored = await mooring(['restore', file, '--data', data, '--passphrase-file', passphrase]);
  assert.equal(restored.status, 0, restored.stderr);
  assert.equal(statSync(`${data}.master-key`).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(data), [databaseFileName]);
  await isTheSame(t, before, data);
});

async function backedUp(t: TestContext): Promise<{ file: string; service: Started; folder: string }> {
  const service = await start(t);
  const folder = temporaryFolder(t);
  const file = join(folder, 'backup.tar.gz');
  assert.equal((await mooring(['backup', file, '--data', service.data])).status, 0);
  await service.close();
  return { file, service, folder };
}

test('without the master key it is restored, and says which one has to be brought and where', async (t) => {
  const { file, service, folder } = await backedUp(t);
  const data = join(folder, 'data');
  const { status, stdout } = await mooring(['restore', file, '--data', data]);
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`needs master key [0-9a-f]{16}: put it into the file ${data}\\.master-key`));
  const early = await mooring(['account', 'show', '--data', data, '--json']);
  assert.equal(early.json.error.code, 'master.key.missing');
  copyFileSync(`${service.data}.master-key`, `${data}.master-key`);
  assert.equal((await mooring(['account', 'show', '--data', data])).status, 0);
});

test('what cannot be restored changes nothing', async (t) => {
  const { file, service, folder } = await backedUp(t);
  const refuse = async (code: string, ...argv: string[]) => {
    const before = readdirSync(folder).sort();
    const { status, json } = await mooring(['restore', ...argv, '--json'], { cwd: folder });
    assert.deepEqual([status, json.error.code], [1, code]);
    assert.deepEqual(readdirSync(folder).sort(), before);
  };
  writeFileSync(join(folder, 'other.key'), Buffer.alloc(32, 9).toString('base64'), { mode: 0o600 });
  await refuse('master.key.wrong', file, '--data', 'data', '--master-key', 'other.key');
  await refuse('master.key.missing', file, '--data', 'data', '--master-key', 'no.key');
  writeFileSync(join(folder, 'passphrase'), 'correct horse\n', { mode: 0o600 });
  await refuse('backup.key.not.inside', file, '--data', 'data', '--passphrase-file', 'passphrase');
  writeFileSync(join(folder, 'short'), 'abc\n', { mode: 0o600 });
  await refuse('backup.passphrase.unusable', file, '--data', 'data', '--passphrase-file', 'short');
  writeFileSync(join(folder, 'shown'), 'correct horse\n', { mode: 0o644 });
  await refuse('backup.passphrase.unusable', file, '--data', 'data', '--passphrase-file', 'shown');
  await refuse('file.not.found', 'no.tar.gz', '--data', 'data');
  await refuse('backup.target.used', file, '--data', service.data);
  mkdirSync(join(folder, 'full', 'of'), { recursive: true });
  await refuse('backup.target.used', file, '--data', 'full');
  mkdirSync(join(folder, 'empty'));
  assert.equal((await mooring(['restore', file, '--data', 'empty'], { cwd: folder })).status, 0);
});

const manifestName = 'mooring-backup.json';
const edited = (content: Buffer, changes: (manifest: Record<string, unknown>) => object): Buffer =>
  Buffer.from(JSON.stringify(changes(JSON.parse(content.toString()))));

const forgeries: [what: string, code: string, change: Parameters<typeof rewrite>[1]][] = [
  [
    'the database changed',
    'backup.damaged',
    (name, content) => [name, name === databaseFileName ? Buffer.alloc(content.length) : content],
  ],
  [
    'the database missing',
    'backup.damaged',
    (name, content) => (name === databaseFileName ? undefined : [name, content]),
  ],
  ['a file more', 'backup.damaged', (name, content) => [name === databaseFileName ? '../../outside' : name, content]],
  [
    'a file of another name in the manifest',
    'backup.damaged',
    (name, content) => {
      const outside = '../outside';
      if (name === databaseFileName) return [outside, content];
      return [
        name,
        edited(content, (manifest) => ({
          ...manifest,
          files: (manifest.files as { name: string }[]).map((each) => ({ ...each, name: outside })),
        })),
      ];
    },
  ],
  ['no manifest', 'backup.damaged', (name, content) => (name === manifestName ? undefined : [name, content])],
  [
    'a newer format',
    'backup.newer',
    (name, content) => [name, name === manifestName ? edited(content, (m) => ({ ...m, formatVersion: 3 })) : content],
  ],
  [
    'a newer schema',
    'backup.newer',
    (name, content) => [name, name === manifestName ? edited(content, (m) => ({ ...m, schemaVersion: 99 })) : content],
  ],
];

for (const [what, code, change] of forgeries) {
  test(`refused: ${what}`, async (t) => {
    const { file, folder } = await backedUp(t);
    writeFileSync(file, await rewrite(file, change));
    const { json } = await mooring(['restore', file, '--data', join(folder, 'data'), '--json']);
    assert.equal(json.error.code, code, json.error.message);
    assert.deepEqual(readdirSync(folder), ['backup.tar.gz']);
    assert.equal(existsSync(join(dirname(folder), 'outside')), false);
  });
}

test('cut off or changed anywhere, a backup is restored whole or not at all', async (t) => {
  const { file, service, folder } = await backedUp(t);
  const whole = readFileSync(file);
  const damaged = join(folder, 'damaged.tar.gz');
  const expected = await authorities(service.data);
  let round = 0;
  const damage = fc.oneof(
    fc.record({ cut: fc.nat(whole.length - 1) }),
    fc.record({ at: fc.nat(whole.length - 1), bit: fc.nat(7) }),
  );
  await fc.assert(
    fc.asyncProperty(damage, async (where) => {
      round += 1;
      const content = Buffer.from('cut' in where ? whole.subarray(0, where.cut) : whole);
      if ('at' in where) content[where.at] = (content[where.at] as number) ^ (1 << where.bit);
      writeFileSync(damaged, content);
      const data = join(folder, `data-${round}`);
      try {
        await restoreBackup({
          file: damaged,
          folder: data,
          provider: () => masterKeyProvider({ setting: `${service.data}.master-key`, dataFolder: data, env: {} }),
          keyFile: undefined,
          passphrase: undefined,
          keyIsNamed: true,
        });
        assert.deepEqual(await authorities(data), expected);
      } catch (error) {
        assert.ok(isMooringError(error), String((error as Error).stack));
        assert.equal(existsSync(data), false);
      }
    }),
    { numRuns: 60 },
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a backup that cannot be written leaves the old one of that name', async (t) => {
  const { file, service } = await backedUp(t);
  const old = readFileSync(file);
  const { status, json } = await mooring(['backup', join(file, 'below'), '--data', service.data, '--json']);
  assert.deepEqual([status, json.error.code], [1, 'file.not.folder']);
  assert.deepEqual(readFileSync(file), old);
  assert.deepEqual(readdirSync(dirname(file)), ['backup.tar.gz']);
});
