import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { formatMasterKey, parseMasterKey } from '../../src/keys/key-text.ts';
import { openMasterKey } from '../../src/keys/master-key.ts';
import { defaultKeyFile, masterKeyProvider } from '../../src/keys/provider.ts';
import { openVault } from '../../src/keys/vault.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function writeKey(path: string, key = randomBytes(32)): string {
  writeFileSync(path, formatMasterKey(key), { mode: 0o600 });
  return openVault(key).keyId;
}

test('the first start makes a file beside the data folder, mode 0600; later ones use it', async (t) => {
  const dataFolder = join(temporaryFolder(t), 'data');
  const provider = masterKeyProvider({ setting: undefined, dataFolder, env: {} });
  const before = process.umask(0);
  const first = await openMasterKey(provider, undefined);
  process.umask(before);
  const file = `${dataFolder}.master-key`;
  assert.equal(defaultKeyFile(`${dataFolder}/`), file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await openMasterKey(provider, first.keyId)).keyId, first.keyId);
  assert.equal((await openMasterKey(provider, undefined)).keyId, first.keyId, 'an interrupted first start goes on');
});

test('where something is sealed already, no key is ever made anew', async (t) => {
  const folder = temporaryFolder(t);
  const provider = masterKeyProvider({ setting: undefined, dataFolder: join(folder, 'data'), env: {} });
  const missing = await failure('master.key.missing', () => openMasterKey(provider, '0123456789abcdef'));
  assert.match(missing.message, /needs master key 0123456789abcdef/);
  assert.deepEqual(readdirSync(folder), []);

  const keyId = writeKey(join(folder, 'data.master-key'));
  const wrong = await failure('master.key.wrong', () => openMasterKey(provider, '0123456789abcdef'));
  assert.ok(wrong.message.includes(keyId) && wrong.message.includes('0123456789abcdef'));
});

test('a key that others can read is refused with the remedy', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'key');
  writeKey(file);
  const provider = masterKeyProvider({ setting: file, dataFolder: folder, env: {} });
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(file, mode);
    const refused = await failure('master.key.exposed', () => openMasterKey(provider, undefined));
    assert.equal(refused.next, `Run: chmod 600 ${file}`);
  }
  chmodSync(file, 0o400);
  await openMasterKey(provider, undefined);
});

test('a credential of systemd is taken where there is one, unless a place was set', async (t) => {
  const folder = temporaryFolder(t);
  const credentials = join(folder, 'credentials');
  mkdirSync(credentials);
  const env = { CREDENTIALS_DIRECTORY: credentials };
  const choose = (setting?: string) => masterKeyProvider({ setting, dataFolder: join(folder, 'data'), env });
  assert.match(choose().place, /data\.master-key/);

  const keyId = writeKey(join(credentials, 'mooring-master-key'));
  // systemd makes it readable for the unit by means of its own.
  chmodSync(join(credentials, 'mooring-master-key'), 0o440);
  assert.match(choose().place, /systemd credential/);
  assert.equal((await openMasterKey(choose(), undefined)).keyId, keyId);
  assert.equal(existsSync(join(folder, 'data.master-key')), false);
  assert.match(choose(join(folder, 'own')).place, /own/);
});

test('a key is read in every form that people make one in', () => {
  const key = Buffer.from('00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100', 'hex');
  const forms: [string, Uint8Array][] = [
    ['base64 and a line end', Buffer.from(formatMasterKey(key))],
    ['base64 without one', Buffer.from(key.toString('base64'))],
    ['base64 with a Windows line end', Buffer.from(`${key.toString('base64')}\r\n`)],
    ['base64 without padding', Buffer.from(key.toString('base64').replace('=', ''))],
    ['hexadecimal', Buffer.from(`${key.toString('hex')}\n`)],
    ['hexadecimal in capitals', Buffer.from(key.toString('hex').toUpperCase())],
    ['the bytes themselves', key],
  ];
  for (const [name, content] of forms) assert.deepEqual(Buffer.from(parseMasterKey(content, 'x')), key, name);
});

test('anything else is no key, and a sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.string().map((s) => Buffer.from(s)),
      ),
      (content) => {
        try {
          assert.equal(parseMasterKey(content, 'the file x').length, 32);
        } catch (error) {
          assert.ok(isMooringError(error) && error.code === 'master.key.malformed');
        }
      },
    ),
  );
});

test('two first starts that share a key file end up with the same key', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'keys', 'shared');
  const open = () => openMasterKey(masterKeyProvider({ setting: file, dataFolder: folder, env: {} }), undefined);
  const vaults = await Promise.all([open(), open(), open(), open()]);
  assert.equal(new Set(vaults.map(({ keyId }) => keyId)).size, 1);
  assert.equal(openVault(parseMasterKey(readFileSync(file), 'x')).keyId, vaults[0]?.keyId);
  assert.deepEqual(readdirSync(join(folder, 'keys')), ['shared']);
});
