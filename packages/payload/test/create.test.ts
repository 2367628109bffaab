import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createPayload, formatOfMbl, openIpk, openSwu, type PayloadInput, readTar, unpack } from '../src/index.ts';
import { bytes, ipk } from './samples.ts';

let folder: string;
let input: Omit<PayloadInput, 'output'>;
const rootfs = Buffer.concat([Buffer.alloc(200_000), randomBytes(1000)]);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-payload-test-'));
  const put = async (name: string, data: Uint8Array | string) => {
    await writeFile(join(folder, name), data);
    return join(folder, name);
  };
  await mkdir(join(folder, 'boot'));
  await put('boot/boot.scr', 'script');
  await put('boot/zImage', 'kernel');
  input = {
    apps: [await put('b_1.0_any.ipk', await ipk('b')), await put('a_1.0_any.ipk', await ipk('a'))],
    rootfs: await put('rootfs.ext4', rootfs),
    kernel: join(folder, 'boot'),
    bootloaders: { 2: await put('u-boot', 'second'), 1: await put('tf-a', 'first') },
  };
});
after(() => rm(folder, { recursive: true }));

const output = () => join(folder, `${randomBytes(4).toString('hex')}.swu`);

test('format 4 holds all parts in their order, each as the handlers of MBL take it', async () => {
  const testInfo = join(folder, 'testinfo.json');
  const { path } = await createPayload({ ...input, output: output(), testInfo });
  const { images } = await openSwu([await readFile(path)]);
  const found = new Map<string, Buffer>();
  for await (const { type, content } of images) found.set(type, await bytes(content));
  assert.deepEqual([...found.keys()], ['WKS_BOOTLOADER1v3', 'WKS_BOOTLOADER2v3', 'BOOTv3', 'APPSv3', 'ROOTFSv4']);
  const image = (type: string) => found.get(type) as Buffer;
  assert.equal((await bytes(unpack([image('WKS_BOOTLOADER1v3')]))).toString(), 'first');
  assert.deepEqual(gunzipSync(image('ROOTFSv4')), rootfs);
  const names = async (type: string) => {
    const all: string[] = [];
    for await (const { path: name } of readTar(unpack([image(type)]), type)) all.push(name);
    return all;
  };
  assert.deepEqual(await names('BOOTv3'), ['boot.scr', 'zImage']);
  assert.deepEqual(await names('APPSv3'), ['b_1.0_any.ipk', 'a_1.0_any.ipk']);
  const info = JSON.parse(await readFile(testInfo, 'utf8')) as { images: { image_name: string; tests: unknown[] }[] };
  assert.deepEqual(
    info.images.map(({ image_name: name, tests }) => [name, tests.length]),
    [
      ['WKS_BOOTLOADER1v3', 1],
      ['WKS_BOOTLOADER2v3', 1],
      ['BOOTv3', 1],
      ['APPSv3', 2],
      ['ROOTFSv4', 2],
    ],
  );
});

test('the same input gives the same bytes', async () => {
  const [one, two] = [
    await createPayload({ ...input, output: output() }),
    await createPayload({ ...input, output: output() }),
  ];
  assert.equal(one.sha256, two.sha256);
});

test('format 1 is a tar with its version first, and the packages as they are', async () => {
  const archive = join(folder, 'rootfs.tar');
  const { writeTar } = await import('../src/index.ts');
  await writeFile(archive, await bytes(writeTar([{ path: 'etc', kind: 'folder' }])));
  const { path } = await createPayload({ ...input, rootfs: archive, format: 1, output: output() });
  const names: string[] = [];
  for await (const entry of readTar([await readFile(path)], 'it')) {
    names.push(entry.path);
    if (entry.path === 'payload_format_version') assert.equal((await bytes(entry.content)).toString(), '1');
    if (entry.path.endsWith('.ipk')) await openIpk([await bytes(entry.content)], entry.path);
  }
  assert.deepEqual(names, [
    'payload_format_version',
    'WKS_BOOTLOADER1.tar.xz',
    'WKS_BOOTLOADER2.tar.xz',
    'BOOT.tar.xz',
    'rootfs.tar.xz',
    'b_1.0_any.ipk',
    'a_1.0_any.ipk',
  ]);
});

for (const [what, change] of [
  ['nothing', { apps: [], kernel: undefined }],
  ['an application twice', { apps: ['a_1.0_any.ipk', 'a_1.0_any.ipk'] }],
  ['an application that is no .ipk', { apps: ['rootfs.ext4'] }],
  ['an image in place of a tar archive, in format 3', { rootfs: 'rootfs.ext4', format: 3 }],
] as const) {
  test(`${what} makes no payload and leaves no file`, async () => {
    const path = output();
    const { apps = [], rootfs: root, format = 4 } = change as { apps?: string[]; rootfs?: string; format?: 3 | 4 };
    const given: PayloadInput = {
      output: path,
      format,
      apps: apps.map((one) => join(folder, one)),
      ...(root === undefined ? {} : { rootfs: join(folder, root) }),
    };
    await assert.rejects(createPayload(given), (error: { code?: string }) => /^payload\./.test(error.code ?? ''));
    await assert.rejects(readFile(path), { code: 'ENOENT' });
  });
}

test('a release of MBL has its format', () => {
  assert.deepEqual(['0.9', '0.9.0', '0.10.0', '0.11', '0.12', '1'].map(formatOfMbl), [
    1,
    1,
    3,
    4,
    undefined,
    undefined,
  ]);
});
