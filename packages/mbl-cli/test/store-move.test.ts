import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStores } from '../src/stores/stores.ts';
import { TeamStore } from '../src/stores/team-store.ts';
import { temporaryFolder, world } from './world.ts';

const items = (...names: string[]) => names.map((name) => ({ name, data: Buffer.from(`content of ${name}`) }));
const update = items('arm_uc_vendor_id', 'arm_uc_class_id');

async function filled(t: TestContext) {
  const made = await world(t);
  const { team } = await openStores(made.home);
  await team.put('UC', update, false);
  await team.put('DC', items('MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY'), false);
  await writeFile(join(team.folder, 'notes.txt'), 'ours');
  const list = join(made.home, '.mbl-stores.json');
  const inUse = async () => JSON.parse(await readFile(list, 'utf8')).team as string;
  return { ...made, team, inUse, list };
}

test('a store is moved with all it holds, modes and all, and the old folder is gone', async (t) => {
  const { home, run, team, inUse, list } = await filled(t);
  await writeFile(list, JSON.stringify({ user: '~/.mbl-store/user', team: team.folder, kept: 1 }));
  const to = join(home, 'deep', 'er');
  assert.deepEqual(await run(['store', 'move', 'deep/er']), {
    status: 0,
    stdout: `The Team Store with 2 certificates is now at ${to}.\n`,
    stderr: '',
  });
  assert.equal(await readFile(list, 'utf8'), `{"user": "~/.mbl-store/user", "team": "${to}", "kept": 1}`);
  await assert.rejects(stat(team.folder), { code: 'ENOENT' });
  const moved = (await openStores(home)).team;
  assert.equal(moved.folder, to);
  assert.deepEqual(await moved.names(), ['UC', 'DC']);
  assert.deepEqual((await moved.find('UC'))?.items, update);
  assert.deepEqual((await readdir(to)).sort(), ['DC', 'UC', 'config.json', 'notes.txt']);
  const key = join(to, 'DC/MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin');
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  const config = JSON.parse(await readFile(join(to, 'config.json'), 'utf8'));
  assert.deepEqual([config.location, config.dev_certs.DC], [to, [key]]);
  assert.equal(await inUse(), to);
});

test('what cannot be the new place is refused, and the store stays in use', async (t) => {
  const { home, run, team, inUse } = await filled(t);
  await mkdir(join(home, 'full'));
  await writeFile(join(home, 'full', 'a'), '');
  await writeFile(join(home, 'file'), '');
  for (const [path, says] of [
    ['full', /full is not empty\.\nName a folder that is new or empty\./],
    ['file', /file exists and is not a folder/],
    ['.mbl-store/team', /is at \S+ already/],
    ['.mbl-store/team/inner', /lies in the other/],
    ['.mbl-store', /lies in the other/],
    ['new', /link is neither a file nor a folder/],
  ] as const) {
    if (path === 'new') await symlink('/nowhere', join(team.folder, 'link'));
    const ran = await run(['store', 'move', path]);
    assert.equal(ran.status, 255, path);
    assert.match(ran.stderr, says);
    assert.equal(await inUse(), team.folder);
    assert.deepEqual(await team.names(), ['UC', 'DC']);
  }
  await assert.rejects(stat(join(home, 'new')), { code: 'ENOENT' });
  assert.deepEqual(await readdir(join(home, 'full')), ['a']);
});

test('a command that began before the move does not write into the old place', async (t) => {
  const { run, team } = await filled(t);
  assert.equal((await run(['store', 'move', 'new'])).status, 0);
  await assert.rejects(team.put('late', update, false), { code: 'store.gone' });
  await assert.rejects(stat(team.folder), { code: 'ENOENT' });
});

const mover = `
  const { moveStore } = await import(${JSON.stringify(new URL('../src/stores/move.ts', import.meta.url).href)});
  const { openStores } = await import(${JSON.stringify(new URL('../src/stores/stores.ts', import.meta.url).href)});
  const [, home, to] = process.argv;
  const { team } = await openStores(home);
  process.stdout.write('.');
  await moveStore(team, to, home);
`;

test('kill -9 at any moment: one whole store is in use, and the same command goes on', async (t) => {
  const home = await temporaryFolder(t);
  const { team } = await openStores(home);
  const names = Array.from({ length: 8 }, (_, index) => `cert ${index}`);
  for (const name of names) await team.put(name, update, false);
  const move = async (to: string, killAfter?: number) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', mover, home, to], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await once(child.stdout, 'data');
    if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
    const [code] = await once(child, 'exit');
    return { code, said };
  };
  let interrupted = 0;
  for (let round = 0; round < 10; round++) {
    const to = join(home, `place ${round}`);
    const { code } = await move(to, round * 5);
    if (code !== 0) interrupted++;
    const inUse = (await openStores(home)).team;
    assert.deepEqual(await inUse.names(), names);
    for (const name of names) assert.deepEqual((await new TeamStore(inUse.folder).find(name))?.items, update);
    if (inUse.folder === to) continue;
    const again = await move(to);
    assert.equal(again.code, 0, again.said);
    assert.deepEqual((await readdir(to)).sort(), [...names, 'config.json'].sort());
  }
  assert.ok(interrupted > 0);
});

const writer = `
  const { TeamStore } = await import(${JSON.stringify(new URL('../src/stores/team-store.ts', import.meta.url).href)});
  const [, folder, who] = process.argv;
  const store = new TeamStore(folder);
  const items = (text) => [{ name: 'arm_uc_vendor_id', data: Buffer.from(text) }];
  for (let i = 0; i < 12; i++) await store.put(who + ' ' + i, items(who + i), false);
  await store.put('common', items(who), true);
  await store.delete(who + ' 0');
`;

test('four processes that write at the same time: every entry is there, each whole', async (t) => {
  const { team } = await openStores(await temporaryFolder(t));
  const writers = ['ann', 'bob', 'eve', 'joe'];
  const ends = await Promise.all(
    writers.map(async (who) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer, team.folder, who], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      return (await once(child, 'exit'))[0];
    }),
  );
  assert.deepEqual(ends, [0, 0, 0, 0]);
  const expected = ['common', ...writers.flatMap((who) => Array.from({ length: 11 }, (_, i) => `${who} ${i + 1}`))];
  assert.deepEqual((await team.names()).sort(), expected.sort());
  for (const name of expected) assert.equal((await team.find(name))?.items.length, 1);
  assert.deepEqual((await readdir(team.folder)).sort(), [...expected, 'config.json'].sort());
});
