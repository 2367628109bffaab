import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { openStores } from '../src/stores/stores.ts';
import { TeamStore } from '../src/stores/team-store.ts';
import { temporaryFolder } from './world.ts';

/** Replaces, adds and deletes without end; each set of files says of which round it is. */
const writer = `
  import { TeamStore } from ${JSON.stringify(new URL('../src/stores/team-store.ts', import.meta.url).href)};
  const store = new TeamStore(process.argv[1]);
  for (let round = Number(process.argv[2]); ; round++) {
    const items = Array.from({ length: 3 + (round % 4) }, (_, i) => ({ name: 'arm_uc_' + i, data: Buffer.from(String(round)) }));
    await store.put('same', items, true);
    await store.put('other', items, true);
    if (round % 2) await store.delete('other');
    if (round % 5 === 0) process.stdout.write('.');
  }
`;

test('kill -9 at any moment leaves each certificate whole, of one round, and listed as it is', async (t) => {
  const { team } = await openStores(await temporaryFolder(t));
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, team.folder, String(round * 1_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
    await once(child, 'exit');

    const store = new TeamStore(team.folder);
    const names = await store.names();
    assert.ok(names.includes('same'), `round ${round}: ${names}`);
    for (const name of names) {
      const found = await store.find(name);
      const rounds = new Set(found?.items.map((item) => Buffer.from(item.data).toString()));
      assert.equal(rounds.size, 1, `${name} is of the rounds ${[...rounds]}`);
      const files = await readdir(store.folderOf(name));
      assert.deepEqual(files.sort(), found?.items.map((item) => `${item.name}.bin`).sort());
      assert.equal(files.length, 3 + (Number([...rounds][0]) % 4));
    }
    assert.deepEqual(
      (await readdir(team.folder)).filter((name) => name.startsWith('.change-')),
      [],
    );
  }
});
