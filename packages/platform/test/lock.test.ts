import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { acquireLock, withLock } from '@mooring/platform';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
after(() => rm(folder, { recursive: true }));

test('a held lock is refused with the path, and free again after release', async () => {
  const path = join(folder, 'held');
  const lock = await acquireLock(path);
  await assert.rejects(acquireLock(path, 0), { code: 'lock.busy', message: new RegExp(path) });
  await lock.release();
  await (await acquireLock(path, 0)).release();
  assert.deepEqual(await readdir(folder), []);
});

test('work of several tasks is done one at a time', async () => {
  const path = join(folder, 'counter.lock');
  const file = join(folder, 'counter');
  await writeFile(file, '0');
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(path, async () => {
        await writeFile(file, String(Number(await readFile(file, 'utf8')) + 1));
      }),
    ),
  );
  assert.equal(await readFile(file, 'utf8'), '8');
});

test('the lock of a killed process is taken over', async () => {
  const path = join(folder, 'orphan');
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { acquireLock } from ${JSON.stringify(import.meta.resolve('@mooring/platform'))};
     await acquireLock(${JSON.stringify(path)}); process.stdout.write('held'); setInterval(() => {}, 1000);`,
  ]);
  await once(holder.stdout, 'data');
  await assert.rejects(acquireLock(path, 0), { code: 'lock.busy' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await acquireLock(path, 0)).release();
});

test('what a process leaves that is killed while it asks for the lock is cleared away', async () => {
  const path = join(folder, 'asked');
  const dead = JSON.stringify({ host: hostname(), pid: process.pid, started: '1' });
  await writeFile(`${path}.0123456789ab`, dead);
  await writeFile(`${path}.0123456789ab.stale`, dead);
  await writeFile(`${path}.mine`, dead);
  await (await acquireLock(path, 0)).release();
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('asked')),
    ['asked.mine'],
  );
  await rm(`${path}.mine`);
});

test('a lock of a pid that now belongs to another process is taken over', async () => {
  const path = join(folder, 'reused');
  await writeFile(path, JSON.stringify({ host: hostname(), pid: process.pid, started: '1' }));
  await (await acquireLock(path, 0)).release();
});

test('a young lock of another machine is believed', async () => {
  const path = join(folder, 'shared');
  await writeFile(path, JSON.stringify({ host: 'elsewhere', pid: 1, started: null }));
  await assert.rejects(acquireLock(path, 0), { code: 'lock.busy' });
});
