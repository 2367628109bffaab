import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RemoteFiles } from '../src/ssh/remote-files.ts';
import { get } from '../src/ssh/transfer.ts';
import { shellDevice } from './shell-device.ts';
import { device, temporaryFolder, type World, world } from './world.ts';

interface Ground extends World {
  /** Where the device's files are on this machine. */
  remote: string;
  /** The same folder as the device names it. */
  path: string;
  at: string;
}

/** Each rule holds over SFTP and, on a device without it, over shell commands. */
const grounds: Record<string, (t: TestContext) => Promise<Ground>> = {
  async SFTP(t) {
    const [made, target] = await Promise.all([world(t), device(t)]);
    return { ...made, remote: join(target.root, 'scratch'), path: '/scratch', at: target.at };
  },
  async 'shell commands'(t) {
    const [made, remote, target] = await Promise.all([world(t), temporaryFolder(t), shellDevice(t)]);
    return { ...made, remote, path: remote, at: target.at };
  },
};

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

async function makeTree(folder: string): Promise<void> {
  await mkdir(join(folder, 'sub'), { recursive: true });
  await writeFile(join(folder, 'a'), 'content of a');
  await chmod(join(folder, 'a'), 0o750);
  await writeFile(join(folder, 'sub', "b c'd"), Buffer.from([0, 255, 10]));
  await writeFile(join(folder, '.hidden'), '');
  await symlink('a', join(folder, 'link'));
}

async function checkTree(folder: string): Promise<void> {
  assert.deepEqual((await readdir(folder)).sort(), ['.hidden', 'a', 'link', 'sub']);
  assert.equal(await readFile(join(folder, 'link'), 'utf8'), 'content of a');
  assert.equal(await modeOf(join(folder, 'a')), '750');
  assert.deepEqual([...(await readFile(join(folder, 'sub', "b c'd")))], [0, 255, 10]);
}

const done = { status: 0, stderr: '' };

for (const [way, prepare] of Object.entries(grounds)) {
  test(`put over ${way}: lines, names and permissions as scp has them`, async (t) => {
    const { run, home, remote, path, at } = await prepare(t);
    await writeFile(join(home, 'f.bin'), Buffer.alloc(300_000, 7));
    await chmod(join(home, 'f.bin'), 0o640);
    assert.deepEqual(await run(['-a', at, 'put', 'f.bin', path]), {
      ...done,
      stdout: 'Putting f.bin on device.\n\n\n\nTransfer completed.\n',
    });
    assert.equal((await readFile(join(remote, 'f.bin'))).length, 300_000);
    assert.equal(await modeOf(join(remote, 'f.bin')), '640');
    await writeFile(join(home, 'f.bin'), 'shorter');
    assert.equal((await run(['-q', '-a', at, 'put', 'f.bin', `${path}/f.bin`])).status, 0);
    assert.equal(await readFile(join(remote, 'f.bin'), 'utf8'), 'shorter');

    await makeTree(join(home, 'd1'));
    for (const [target, place] of [
      [path, 'd1'],
      [`${path}/not yet`, 'not yet'],
      [`${path}/not yet`, 'not yet/d1'],
    ] as const) {
      assert.equal((await run(['-a', at, 'put', '-r', 'd1', target])).status, 0);
      await readdir(join(remote, place));
    }
    await checkTree(join(remote, 'd1'));
    await checkTree(join(remote, 'not yet', 'd1'));
    assert.equal((await run(['-a', at, 'put', '-r', 'f.bin', `${path}/plain`])).status, 0);
    assert.deepEqual(
      (await readdir(remote)).filter((name) => name.includes('.part-')),
      [],
    );
  });

  test(`get over ${way}`, async (t) => {
    const { run, home, remote, path, at } = await prepare(t);
    await writeFile(join(remote, 'f.bin'), 'from the device', { mode: 0o600 });
    await makeTree(join(remote, 'd1'));
    assert.deepEqual(await run(['-a', at, 'get', `${path}/f.bin`, '.']), {
      ...done,
      stdout: `Getting ${path}/f.bin from device.\n\n\n\nTransfer completed.\n`,
    });
    assert.equal(await readFile(join(home, 'f.bin'), 'utf8'), 'from the device');
    assert.equal(await modeOf(join(home, 'f.bin')), '600');
    assert.equal((await run(['-a', at, 'get', '-r', `${path}/d1`, 'copy'])).status, 0);
    assert.equal((await run(['-a', at, 'get', '-r', `${path}/d1`, 'copy'])).status, 0);
    await checkTree(join(home, 'copy', 'd1'));
    await writeFile(join(remote, 'empty'), '');
    assert.equal((await run(['-a', at, 'get', `${path}/empty`, 'e'])).status, 0);
    assert.equal((await readFile(join(home, 'e'))).length, 0);
  });

  test(`what cannot be copied over ${way} is refused in a sentence, after the first line`, async (t) => {
    const { run, home, remote, path, at } = await prepare(t);
    await makeTree(join(home, 'd1'));
    await makeTree(join(remote, 'd1'));
    await writeFile(join(home, 'f'), 'x');
    await mkdir(join(remote, 'taken', 'f'), { recursive: true });
    for (const [argv, says] of [
      [['put', 'nofile', path], /^No such file or directory: '.*nofile'\./],
      [['put', 'd1', path], /d1 is a folder\.\nAdd '-r'/],
      [['put', 'f', `${path}/nodir/x`], /The folder \S+\/nodir does not exist on the device\./],
      [['put', 'f', `${path}/nodir/`], /The folder \S+\/nodir\/ does not exist on the device\./],
      [['put', 'f', `${path}/taken`], /taken\/f on the device is a folder/],
      [['get', `${path}/nofile`, '.'], /nofile does not exist on the device/],
      [['get', `${path}/d1`, '.'], /d1 is a folder\.\nAdd '-r'/],
      [['get', `${path}/d1/a`, 'nodir/x'], /The folder \S+\/nodir does not exist on this machine/],
    ] as const) {
      const { status, stdout, stderr } = await run(['-a', at, ...argv]);
      assert.equal(status, 255, argv.join(' '));
      assert.match(stderr, says);
      assert.match(stdout, /^(Putting|Getting) .*\n\n$/);
    }
  });
}

test('--json says where it is and how much it was', async (t) => {
  const { json, home, path, at } = await (grounds.SFTP as (t: TestContext) => Promise<Ground>)(t);
  await makeTree(join(home, 'd1'));
  assert.deepEqual(await json(['-a', at, 'put', '-r', 'd1', path]), {
    source: 'd1',
    target: `${path}/d1`,
    files: 4,
    bytes: 27,
  });
});

test('a transfer that breaks leaves the file that was there, and no half one', async (t) => {
  const [{ run, home }, target] = await Promise.all([world(t), device(t)]);
  const place = join(target.root, 'scratch/payload.swu');
  await writeFile(place, 'the old payload');
  await writeFile(join(home, 'payload.swu'), Buffer.alloc(2_000_000));
  target.faults.dropAfterUploadBytes = 500_000;
  const { status, stderr } = await run(['-a', target.at, 'put', 'payload.swu', '/scratch']);
  assert.equal(status, 255);
  assert.match(stderr, /The connection to \S+ broke\./);
  assert.equal(await readFile(place, 'utf8'), 'the old payload');
});

test('a loop of symbolic links ends', async (t) => {
  const { run, home, path, at } = await (grounds.SFTP as (t: TestContext) => Promise<Ground>)(t);
  await mkdir(join(home, 'd'));
  await symlink('.', join(home, 'd', 'self'));
  assert.match((await run(['-a', at, 'put', '-r', 'd', path])).stderr, /leads back to a folder that is being copied/);
});

test('a device that names files outside the folder is not believed', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'target'));
  for (const name of ['../evil', '/etc/evil', '..', '.', '', 'a\0b']) {
    const files = {
      stat: async (path: string) => ({ kind: path === '/d' ? 'folder' : 'file', mode: 0o700, size: 1 }),
      resolve: async (path: string) => path,
      list: async () => [name],
      getFile: async () => assert.fail('nothing may be fetched'),
    } as unknown as RemoteFiles;
    const copy = { files, recursive: true, signal: new AbortController().signal, progress: () => undefined };
    await assert.rejects(get(copy, '/d', join(folder, 'target')), { code: 'transfer.name.unsafe' });
  }
  assert.deepEqual(await readdir(folder), ['target']);
});
