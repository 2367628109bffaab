import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSwu, writeIpk } from '@mooring/payload';
import { mooring } from '../command-line.ts';

test("payload create: the options of MBL's own script, more than one application behind -a", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-payload-create-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = Buffer.from('{}');
  for (const name of ['one', 'two']) {
    const data = await writeIpk({ Package: name, Version: '1' }, [
      { path: 'config.json', size: config.length, content: [config] },
    ]);
    await writeFile(join(folder, `${name}.ipk`), data);
  }
  await mkdir(join(folder, 'boot'));
  await writeFile(join(folder, 'boot/zImage'), 'kernel');
  await writeFile(join(folder, 'u-boot'), 'loader');
  const words = ['payload', 'create', '-a', 'one.ipk', 'two.ipk', '-k', 'boot', '-b', '2=u-boot', '-o', 'out.swu'];
  const { status, stdout } = await mooring(words, { cwd: folder });
  assert.equal(status, 0);
  assert.match(stdout, /out\.swu: format 4/);
  const { description } = await openSwu([await readFile(join(folder, 'out.swu'))]);
  assert.deepEqual(
    description.images.map(({ type }) => type),
    ['WKS_BOOTLOADER2v3', 'BOOTv3', 'APPSv3'],
  );
  for (const wrong of [
    ['-b', '3=u-boot'],
    ['-f', '2'],
    ['-m', '1.0'],
  ]) {
    assert.equal((await mooring(['payload', 'create', ...wrong], { cwd: folder })).status, 2, wrong.join(' '));
  }
  assert.equal((await mooring(['payload', 'create'], { cwd: folder })).status, 1);
});
