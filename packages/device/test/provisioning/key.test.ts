import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clientFileName } from '@mooring/credentials';
import { temporaryFolder } from '../temporary-folder.ts';
import { credentialSet, writeSet } from './credential-set.ts';
import { run } from './terminal.ts';

const set = credentialSet();

async function provisioned(t: TestContext) {
  const cwd = temporaryFolder(t);
  writeSet(join(cwd, 'certs'), set);
  const given = ['--store', 'store', '--certs-dir', 'certs'];
  const command = (...argv: string[]) => run([...argv, ...given], { cwd });
  assert.equal((await command('--provision')).status, 0);
  return { cwd, command };
}

test('with a key file the status says that neither copying nor rolling back can be seen', async (t) => {
  const { cwd, command } = await provisioned(t);
  const { status, out, err } = await command('--get-pelion-status');
  assert.equal(status, 0);
  assert.equal(out.at(-1), 'Device is configured correctly. You can connect to Pelion Cloud!');
  assert.match(err.join('\n'), /store\.key: a copy of both works elsewhere, and neither copying nor putting an older/);
  assert.deepEqual((await command('--get-pelion-status', '--json')).json().key, {
    provider: 'file',
    place: `file:${join(cwd, 'store.key')}`,
    seesCopies: false,
    seesRollback: false,
  });
});

test('nothing stored: nothing is said of a key', async (t) => {
  const { status, err } = await run(['--get-pelion-status', '--store', 'store'], { cwd: temporaryFolder(t) });
  assert.equal(status, 1);
  assert.doesNotMatch(err.join('\n'), /key of the secure storage/);
});

test('the key moves to another file, and the old one is removed', async (t) => {
  const { cwd, command } = await provisioned(t);
  const { status, out } = await command('--migrate-key', '--key', 'file:safe/key');
  assert.deepEqual([status, out.length], [1, 0], 'the folder of the key has to be there');
  mkdirSync(join(cwd, 'safe'));
  const moved = await command('--migrate-key', '--key', 'file:safe/key');
  assert.equal(moved.status, 0, moved.err.join('\n'));
  assert.match(moved.out.join(), /safe\/key now/);
  assert.equal(existsSync(join(cwd, 'store.key')), false);
  assert.equal((await command('--get-pelion-status', '--key-file', 'safe/key')).status, 0);
  assert.equal((await command('--get-pelion-status', '--key', 'file:safe/key')).status, 0);
  const without = await command('--get-pelion-status');
  assert.match(without.err.join('\n'), /store\.key does not exist/);
});

test('a key file that was named may be shared: it is kept, and the operator told', async (t) => {
  const cwd = temporaryFolder(t);
  writeSet(join(cwd, 'certs'), set);
  const given = ['--store', 'store', '--certs-dir', 'certs', '--key-file', 'shared'];
  await run(['--provision', ...given], { cwd });
  const { status, json } = await run(['--migrate-key', '--key', 'file:own', '--json', ...given], { cwd });
  assert.equal(status, 0);
  assert.match(String(json().left), /shared is not needed by this storage any more/);
  assert.equal(existsSync(join(cwd, 'shared')), true);
});

test('the same key again changes nothing', async (t) => {
  const { cwd, command } = await provisioned(t);
  const before = readFileSync(join(cwd, 'store/store'));
  const { status, json } = await command('--migrate-key', '--key', 'file', '--json');
  assert.deepEqual([status, json().changed], [0, false]);
  assert.deepEqual(readFileSync(join(cwd, 'store/store')), before);
  assert.equal((await command('--get-pelion-status')).status, 0);
});

for (const [what, argv, status, says] of [
  ['without --key', ['--migrate-key'], 2, /needs --key/],
  ['to a kind that there is not', ['--migrate-key', '--key', 'cloud'], 2, /no key provider "cloud"/],
  ['where nothing is stored', ['--migrate-key', '--key', 'file:k'], 1, /no secure storage/],
] as const) {
  test(`migration ${what}: refused, nothing made`, async (t) => {
    const cwd = temporaryFolder(t);
    const done = await run([...argv, '--store', 'store'], { cwd });
    assert.equal(done.status, status);
    assert.match(done.err.join('\n'), says);
    assert.equal(existsSync(join(cwd, 'k')), false);
  });
}

test('a provider whose program is not installed: the sentence says which, and the old key stays', async (t) => {
  const { cwd, command } = await provisioned(t);
  const before = readFileSync(join(cwd, 'store/store'));
  const { status, err } = await run(['--migrate-key', '--key', 'tpm', '--store', 'store'], {
    cwd,
    env: { PATH: '/none' },
  });
  assert.equal(status, 1);
  assert.match(err.join('\n'), /tpm2_createprimary could not be started\.\nInstall tpm2-tools/);
  assert.deepEqual(readFileSync(join(cwd, 'store/store')), before);
  assert.equal((await command('--get-pelion-status')).status, 0);
});

test('--key against what the storage was written with is refused', async (t) => {
  const { cwd, command } = await provisioned(t);
  const { status, err } = await command('--get-pelion-status', '--key', 'tpm');
  assert.equal(status, 1);
  assert.match(err.join('\n'), /kind "file", and the kind "tpm".*\n.*--migrate-key --key tpm/);
  const byVariable = await run(['--get-pelion-status', '--store', 'store'], { cwd, env: { MOORING_STORE_KEY: 'tpm' } });
  assert.equal(byVariable.status, 1);
});

/** Files as MBL's own program leaves them. */
function mblStore(folder: string): void {
  for (const part of ['WORKING', 'BACKUP']) {
    mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, part, '#pn5eqZN'), 'x');
  }
  writeFileSync(join(folder, 'flashSim'), Buffer.alloc(8192));
}

test("the status tells a device that MBL's own program provisioned, in old words and new", async (t) => {
  const cwd = temporaryFolder(t);
  mblStore(join(cwd, 'pal'));
  const { status, err } = await run(['--get-pelion-status', '--store', 'store'], { cwd });
  assert.equal(status, 1);
  assert.equal(err[0], 'Item does not exist:mbed.UseBootstrap');
  assert.match(err.join('\n'), /provisioned by MBL's own program: its credentials are in .*\/pal/);
  assert.match(err.join('\n'), /systemctl stop mbl-cloud-client; rm -rf .*\/pal\/\*/);
  const { json } = await run(['--get-pelion-status', '--store', 'store', '--json'], { cwd });
  const { data } = json().error as { data: Record<string, unknown> };
  assert.deepEqual(data.mbl, { folder: join(cwd, 'pal'), items: 1, factoryItems: 1, bootstrapped: false });
});

test("both storages: ours counts, and MBL's is told of", async (t) => {
  const { cwd, command } = await provisioned(t);
  mblStore(join(cwd, 'pal'));
  const { status, err } = await command('--get-pelion-status');
  assert.equal(status, 0);
  assert.match(err.join('\n'), /also provisioned by MBL's own program/);
  assert.doesNotMatch(err.join('\n'), /goes on to register there/);
  const account = clientFileName({ name: 'mbed.LwM2MServerURI', type: 'config' });
  writeFileSync(join(cwd, 'pal/WORKING', account), '');
  assert.match((await command('--get-pelion-status')).err.join('\n'), /its client goes on to register there/);
});

test('a folder named pal with other things in it is nobody’s storage', async (t) => {
  const { cwd, command } = await provisioned(t);
  mkdirSync(join(cwd, 'pal/WORKING'), { recursive: true });
  writeFileSync(join(cwd, 'pal/WORKING/photo.jpg'), '');
  assert.doesNotMatch((await command('--get-pelion-status')).err.join('\n'), /MBL/);
});
