import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import { refuseForeignFolder, requireDataFolder } from '../../src/storage/data-folder.ts';
import { folderHeld, tryLockFolder } from '../../src/storage/folder-lock.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const clock = fixedClock('2026-01-02T03:04:05Z');

async function lock(folder: string) {
  const attempt = await tryLockFolder(folder, 'mooring serve', clock);
  return 'lock' in attempt ? attempt.lock : assert.fail('the folder is held');
}

test('a folder has one holder, and the second is told who', async (t) => {
  const folder = join(temporaryFolder(t), 'data');
  const first = await lock(folder);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const second = await tryLockFolder(folder, 'mooring api-key list', clock);
  assert.ok('holder' in second);
  assert.deepEqual(second.holder, { pid: process.pid, command: 'mooring serve', since: '2026-01-02T03:04:05.000Z' });
  assert.match(folderHeld(folder, second.holder).message, new RegExp(`mooring serve \\(process ${process.pid}`));
  await first.release();
  await (await lock(folder)).release();
});

test('a killed holder holds nothing, whatever it left behind', async (t) => {
  const folder = temporaryFolder(t);
  const module = join(import.meta.dirname, '../../src/storage/folder-lock.ts');
  const program = `
    import { tryLockFolder } from ${JSON.stringify(module)};
    const attempt = await tryLockFolder(${JSON.stringify(folder)}, 'mooring serve', { now: () => new Date(0) });
    console.log('lock' in attempt);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said).trim(), 'true');

  const attempt = await tryLockFolder(folder, 'mooring serve', clock);
  assert.ok('holder' in attempt);
  assert.equal(attempt.holder?.pid, child.pid);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(JSON.parse(readFileSync(join(folder, 'lock.json'), 'utf8')).pid, child.pid);
  await (await lock(folder)).release();
});

test('a folder with other things in it is left alone', async (t) => {
  const folder = temporaryFolder(t);
  await refuseForeignFolder(folder);
  await refuseForeignFolder(join(folder, 'not-there'));
  writeFileSync(join(folder, 'thesis.tex'), '');
  const refused = await failure('database.folder.foreign', () => refuseForeignFolder(folder));
  assert.match(refused.message, /thesis\.tex/);
});

test('a command for an existing folder makes none', async (t) => {
  const folder = join(temporaryFolder(t), 'data');
  const refused = await failure('database.folder.missing', () => requireDataFolder(folder));
  assert.match(refused.message, /no data folder of Mooring/);
  assert.throws(() => statSync(folder));
});
