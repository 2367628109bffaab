import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureDirectory, isMooringError, readFileIfExists, writeFileAtomic } from '@mooring/platform';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platform-'));
});
after(() => rm(folder, { recursive: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('a file is replaced as a whole, with its mode whatever the umask', async () => {
  const path = join(folder, 'key');
  const umask = process.umask(0o022);
  try {
    await writeFileAtomic(path, 'one', 0o600);
    assert.equal(await modeOf(path), '600');
    await writeFileAtomic(path, 'two', 0o664);
    assert.equal(await modeOf(path), '664');
  } finally {
    process.umask(umask);
  }
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('tmp')),
    [],
  );
});

test('a failed write says where and leaves nothing behind', async () => {
  await writeFile(join(folder, 'plain'), '');
  await assert.rejects(writeFileAtomic(join(folder, 'plain/x'), 'data'), (error) => {
    assert.ok(isMooringError(error));
    assert.equal(error.code, 'file.not.folder');
    assert.match(error.message, /plain\/x/);
    return true;
  });
});

test('a write onto a folder fails and keeps the folder', async () => {
  await ensureDirectory(join(folder, 'taken'), 0o700);
  await assert.rejects(writeFileAtomic(join(folder, 'taken'), 'data'), { code: 'file.not.folder' });
  assert.deepEqual((await readdir(folder)).sort(), ['key', 'plain', 'taken']);
});

test('a new folder has exactly the mode asked for, an old one keeps its own', async () => {
  const path = join(folder, 'deep/team');
  const umask = process.umask(0o077);
  try {
    assert.equal(await ensureDirectory(path, 0o760), true);
  } finally {
    process.umask(umask);
  }
  assert.equal(await modeOf(path), '760');
  await chmod(path, 0o750);
  assert.equal(await ensureDirectory(path, 0o760), false);
  assert.equal(await modeOf(path), '750');
});

test('a file where a folder has to be is named', async () => {
  await assert.rejects(ensureDirectory(join(folder, 'plain')), { code: 'file.not.folder' });
});

test('a missing file is undefined, an unreadable path an error', async () => {
  assert.equal(await readFileIfExists(join(folder, 'nothing')), undefined);
  await symlink('loop', join(folder, 'loop'));
  await assert.rejects(readFileIfExists(join(folder, 'loop')), { code: 'file.failed' });
});
