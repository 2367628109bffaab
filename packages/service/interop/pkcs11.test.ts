// The master key in a real PKCS#11 token: SoftHSM through OpenSC (Debian: apt install softhsm2 opensc).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing, notTested } from '../../../test/peers/missing.ts';
import { wrappedKeyFileName } from '../src/keys/pkcs11-key.ts';
import { mooring } from '../test/command-line.ts';
import { failure } from '../test/failures.ts';
import { start } from '../test/serve/service.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const module = globSync(['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib*/**/libsofthsm2.so'])[0];
const skip =
  missing(['softhsm2-util', 'pkcs11-tool'], 'softhsm2 opensc') ||
  (module === undefined && notTested('SoftHSM is installed without its module'));

const pin = '567890';

interface Hsm {
  readonly folder: string;
  readonly env: Record<string, string | undefined>;
  uri(query?: Record<string, string>, path?: Record<string, string>): string;
}

/** A software token of its own with an RSA key pair. */
function hsm(t: TestContext): Hsm {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'tokens'));
  writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${join(folder, 'tokens')}\n`);
  writeFileSync(join(folder, 'pin'), `${pin}\n`, { mode: 0o600 });
  const env = { PATH: process.env.PATH, SOFTHSM2_CONF: join(folder, 'softhsm2.conf') };
  const run = (program: string, args: string[]) => {
    const { status, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  run('softhsm2-util', ['--init-token', '--free', '--label', 'mooring token', '--so-pin', '1234', '--pin', pin]);
  const token = ['--module', String(module), '--token-label', 'mooring token', '--login', '--pin', pin];
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'rsa:2048', '--label', 'master', '--id', '0a']);
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'curve', '--id', '0b']);
  return {
    folder,
    env,
    uri(query = {}, path = {}) {
      const where = { token: 'mooring%20token', object: 'master', ...path };
      const how = { 'module-path': String(module), 'pin-source': `file:${join(folder, 'pin')}`, ...query };
      const text = (attributes: object) => Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
      return `pkcs11:${text(where).join(';')}?${text(how).join('&')}`;
    },
  };
}

test('the master key is made, wrapped by the token, and opened again', { skip }, async (t) => {
  const { folder, env, uri } = hsm(t);
  const data = join(folder, 'data');
  const first = await start(t, { data, masterKey: uri() }, { env });
  assert.equal(first.masterKeyPlace, 'the PKCS#11 token mooring token');
  await first.close();
  assert.equal(existsSync(`${data}.master-key`), false);
  assert.ok(!readFileSync(join(data, wrappedKeyFileName), 'utf8').includes(pin));

  // Also by the id of the key, and with the PIN from the environment.
  const byId = `pkcs11:token=mooring%20token;id=%0A?module-path=${module}`;
  const second = await start(t, { data, masterKey: byId }, { env: { ...env, MOORING_PKCS11_PIN: pin } });
  assert.equal(second.account, first.account);
  await second.close();
});

test('a backup has the wrapped key with it: the token is enough to restore it', { skip }, async (t) => {
  const { folder, env, uri } = hsm(t);
  const [data, file, other] = ['data', 'backup.tar.gz', 'other'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const first = await start(t, { data, masterKey: uri() }, { env });
  await first.close();
  const world = { env: { ...env, MOORING_MASTER_KEY: uri() } as Record<string, string> };
  assert.equal((await mooring(['backup', file, '--data', data], world)).status, 0);
  const restored = await mooring(['restore', file, '--data', other, '--json'], world);
  assert.equal(restored.json.masterKey, 'present', restored.stderr);
  assert.equal((await start(t, { data: other, masterKey: uri() }, { env })).account, first.account);
});

test('what the token refuses is a sentence, and changes nothing', { skip }, async (t) => {
  const { folder, env, uri } = hsm(t);
  const data = join(folder, 'data');
  const refuse = async (code: string, masterKey: string, says: RegExp) => {
    const { message, next = '' } = await failure(code, () => start(t, { data, masterKey }, { env }));
    assert.match(`${message} ${next}`, says);
    assert.ok(!message.includes(pin));
  };
  writeFileSync(join(folder, 'wrong'), '000000');
  await refuse(
    'master.key.token.failed',
    uri({ 'pin-source': `file:${join(folder, 'wrong')}` }),
    /PIN_INCORRECT.*Check the PIN/,
  );
  await refuse('file.not.found', uri({ 'pin-source': '/no/pin' }), /\/no\/pin/);
  await refuse('master.key.token.failed', uri({}, { token: 'nobody' }), /token/);
  await refuse('master.key.token.failed', uri({}, { object: 'nothing' }), /"object" or "id"/);
  await refuse('master.key.token.failed', uri({}, { object: 'curve' }), /RSA/);
  await refuse('master.key.token.failed', uri({ 'module-path': '/no/module.so' }), /module-path/);
  assert.equal(existsSync(join(data, wrappedKeyFileName)), false);

  const { account, close } = await start(t, { data, masterKey: uri() }, { env });
  await close();
  await refuse('master.key.token.failed', uri({ 'pin-source': `file:${join(folder, 'wrong')}` }), /PIN/);
  const other = hsm(t);
  const { message, next } = await failure('master.key.token.failed', () =>
    start(t, { data, masterKey: other.uri() }, { env: other.env }),
  );
  assert.match(`${message} ${next}`, /C_Decrypt.*with another key pair/);
  await failure('master.key.tool.missing', () =>
    start(t, { data, masterKey: uri() }, { env: { ...env, PATH: '/none' } }),
  );
  assert.equal((await start(t, { data, masterKey: uri() }, { env })).account, account);
});
