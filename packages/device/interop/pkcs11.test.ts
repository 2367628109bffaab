// The key of the secure storage wrapped by a key pair in a PKCS#11 token: SoftHSM through OpenSC's pkcs11-tool
// (Debian: apt install softhsm2 opensc).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing, notTested } from '../../../test/peers/missing.ts';
import { credentialSet, writeSet } from '../test/provisioning/credential-set.ts';
import { run } from '../test/provisioning/terminal.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const module = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
].find((path) => existsSync(path));
const skip =
  missing(['softhsm2-util', 'pkcs11-tool'], 'softhsm2 opensc') ||
  (module === undefined && notTested('SoftHSM is installed without its module'));
const sets = [credentialSet('first'), credentialSet('second')] as const;
const pin = '1234';

/** A device with a token called `device` in it. */
function board(t: TestContext) {
  const cwd = temporaryFolder(t);
  const tokens = join(cwd, 'tokens');
  mkdirSync(tokens);
  writeFileSync(join(cwd, 'softhsm.conf'), `directories.tokendir = ${tokens}\n`);
  writeFileSync(join(cwd, 'pin'), `${pin}\n`, { mode: 0o600 });
  const env = { PATH: process.env.PATH ?? '', SOFTHSM2_CONF: join(cwd, 'softhsm.conf') };
  const tool = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
  };
  const token = (label: string) =>
    tool('softhsm2-util', '--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', '5678');
  const keyPair = (label: string, id: string, type = 'rsa:2048', of = 'device') => {
    const login = ['--module', module ?? '', '--token-label', of, '--login', '--pin', pin];
    tool('pkcs11-tool', ...login, '--keypairgen', '--key-type', type, '--label', label, '--id', id);
  };
  token('device');
  const uri = (what: string, how = `pin-source=file:${join(cwd, 'pin')}`) =>
    `pkcs11:token=device;${what}?module-path=${module}&${how}`;
  const command = (argv: string[], more: Record<string, string> = {}) =>
    run([...argv, '--store', 'store', '--certs-dir', 'certs'], { cwd, env: { ...env, ...more } });
  const provision = (set: (typeof sets)[number], key: string) => {
    writeSet(join(cwd, 'certs'), set);
    return command(['--provision', '--key', key]);
  };
  const status = (key: string, more: Record<string, string> = {}) =>
    command(['--get-pelion-status', '--key', key], more);
  return { cwd, token, keyPair, uri, command, provision, status, store: join(cwd, 'store/store') };
}

test('wrapped by the second of two key pairs, by label and by id; the PIN is nowhere', { skip }, async (t) => {
  const { cwd, keyPair, uri, provision, status, command, store } = board(t);
  keyPair('other', '01');
  keyPair('storage', '02');
  const done = await provision(sets[0], uri('object=storage'));
  assert.equal(done.status, 0, done.err.join('\n'));
  assert.deepEqual(readdirSync(cwd).sort(), ['certs', 'pin', 'softhsm.conf', 'store', 'tokens'], 'no key file');
  assert.ok(!readFileSync(store).includes(pin));
  const { err, out } = await status(uri('id=%02'));
  assert.equal(out.at(-1), 'Device is configured correctly. You can connect to Pelion Cloud!');
  assert.match(err.join('\n'), /A copy .* is of no use elsewhere, but putting an older copy back/);
  assert.equal((await provision(sets[1], uri('object=storage'))).status, 0);
  const unnamed = await command(['--get-pelion-status']);
  assert.equal(unnamed.status, 1);
  assert.match(unnamed.err.join('\n'), /of the PKCS#11 token "device", and its URI was not given/);
});

test('the PIN by the environment instead of a file', { skip }, async (t) => {
  const { keyPair, uri, provision, status } = board(t);
  keyPair('storage', '01');
  await provision(sets[0], uri('object=storage'));
  const named = uri('object=storage', '');
  assert.equal((await status(named, { MOORING_PKCS11_PIN: pin })).status, 0);
  const { status: without, err } = await status(named);
  assert.equal(without, 1);
  assert.match(err.join('\n'), /The PIN of the PKCS#11 token is not known/);
});

for (const [what, change, says] of [
  ['a wrong PIN', { pin: '9999' }, /Check the PIN/],
  ['another key pair', { object: 'other' }, /another key pair/],
  ['a key pair that is not there', { object: 'nothing' }, /object not found: nothing/],
  ['a token that is not there', { token: 'absent' }, /Check that the token is there/],
  ['a module that is not one', { module: '/bin/true' }, /Check "module-path"/],
] as const) {
  test(`${what}: refused, and the storage is not touched`, { skip }, async (t) => {
    const { cwd, keyPair, uri, provision, status, store } = board(t);
    keyPair('storage', '01');
    keyPair('other', '02');
    assert.equal((await provision(sets[0], uri('object=storage'))).status, 0);
    const before = readFileSync(store);
    if ('pin' in change) writeFileSync(join(cwd, 'pin'), change.pin);
    let key = uri(`object=${'object' in change ? change.object : 'storage'}`);
    if ('token' in change) key = key.replace('token=device', `token=${change.token}`);
    if ('module' in change) key = key.replace(module ?? '', change.module);
    const { status: exit, err } = await status(key);
    assert.equal(exit, 1);
    assert.match(err.join('\n'), says);
    assert.doesNotMatch(err.join('\n'), /9999/);
    assert.deepEqual(readFileSync(store), before);
  });
}

test('a key pair that cannot wrap is refused before anything is stored', { skip }, async (t) => {
  const { cwd, keyPair, uri, provision } = board(t);
  keyPair('elliptic', '01', 'EC:prime256v1');
  const { status, err } = await provision(sets[0], uri('object=elliptic'));
  assert.equal(status, 1);
  assert.match(err.join('\n'), /not an RSA one/);
  assert.equal(existsSync(join(cwd, 'store/store')), false);
});

test('from a key file to a token: the key file is gone', { skip }, async (t) => {
  const { cwd, keyPair, uri, command, status } = board(t);
  keyPair('storage', '01');
  writeSet(join(cwd, 'certs'), sets[0]);
  await command(['--provision']);
  const to = await command(['--migrate-key', '--key', uri('object=storage')]);
  assert.equal(to.status, 0, to.err.join('\n'));
  assert.equal(existsSync(join(cwd, 'store.key')), false);
  assert.equal((await status(uri('object=storage'))).status, 0);
});
