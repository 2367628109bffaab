// Debian's cpio, ar, dpkg-deb, tar and SWUpdate read what we write, and we read what they write.
import assert from 'node:assert/strict';
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { byteSum, createPayload, formatDescription, openIpk, openSwu, readCpio, writeCpio } from '../src/index.ts';
import { bytes, ipk } from '../test/samples.ts';

let folder: string;
let payload: string;
let apps: string[];

const here = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

function run(program: string, words: readonly string[], options: SpawnSyncOptions = {}): string {
  const done = spawnSync(program, words, { cwd: folder, encoding: 'utf8', timeout: 60_000, ...options });
  assert.equal(done.status, 0, `${program} ${words.join(' ')}: ${done.error ?? `${done.stdout}${done.stderr}`}`);
  return String(done.stdout);
}

/** A peer that is missing is a fault in CI, and said aloud elsewhere. */
function withPeer(program: string, name: string, work: () => Promise<void>): void {
  const missing = !here(program);
  if (missing && process.env.CI !== '1') process.stdout.write(`NOT TESTED: ${program} is not installed: ${name}\n`);
  test(name, { skip: missing && process.env.CI !== '1' }, work);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-payload-interop-'));
  await mkdir(join(folder, 'boot'));
  await writeFile(join(folder, 'boot/zImage'), 'kernel');
  await writeFile(join(folder, 'rootfs.ext4'), Buffer.alloc(1_000_000, 'r'));
  apps = [join(folder, 'hello_1.0_any.ipk')];
  await writeFile(apps[0] as string, await ipk('hello'));
  payload = join(folder, 'payload.swu');
  await createPayload({ output: payload, apps, kernel: join(folder, 'boot'), rootfs: join(folder, 'rootfs.ext4') });
});
after(() => rm(folder, { recursive: true }));

withPeer('cpio', "cpio verifies every checksum of ours, and we read cpio's archive", async () => {
  const input = await readFile(payload);
  run('cpio', ['-i', '--only-verify-crc'], { input });
  await mkdir(join(folder, 'cpio'));
  run('cpio', ['-id'], { input, cwd: join(folder, 'cpio') });
  const names = run('cpio', ['-t'], { input }).trim().split('\n');
  assert.deepEqual(names, ['sw-description', 'BOOTv3.tar.xz', 'APPSv3.tar.xz', 'ROOTFSv4.ext4.gz']);
  run('sh', ['-c', `printf '%s\\n' ${names.join(' ')} | cpio -o -H crc > ../theirs.swu`], {
    cwd: join(folder, 'cpio'),
  });
  const { images } = await openSwu([await readFile(join(folder, 'theirs.swu'))]);
  const found: string[] = [];
  for await (const { type, content } of images) {
    await bytes(content);
    found.push(type);
  }
  assert.deepEqual(found, ['BOOTv3', 'APPSv3', 'ROOTFSv4']);
  for await (const member of readCpio([await readFile(join(folder, 'theirs.swu'))], 'theirs')) {
    assert.deepEqual(await bytes(member.content), await readFile(join(folder, 'cpio', member.name)));
  }
});

withPeer('swupdate', 'SWUpdate installs an image out of an archive of ours, and finds a changed one', async () => {
  const certificate = '-x509 -newkey rsa:2048 -nodes -keyout key.pem -out public.pem -days 30 -subj /CN=owner';
  run('openssl', ['req', ...certificate.split(' '), '-addext', 'extendedKeyUsage=emailProtection']);
  const image = Buffer.from('an image '.repeat(5000));
  const target = join(folder, 'target');
  await writeFile(target, Buffer.alloc(image.length));
  const sha256 = createHash('sha256').update(image).digest('hex');
  // Debian's SWUpdate is built to ask for a signature, and a digest of each image; `raw` is a handler that it has.
  const description = formatDescription({
    version: '1.0.0',
    hardware: ['1.0'],
    images: [{ type: 'raw', filename: 'image.bin', sha256 }],
  });
  await writeFile(
    join(folder, 'sw-description'),
    description.replace('type =', `device = "${target}";\n            type =`),
  );
  const cms = '-sign -in sw-description -out sw-description.sig -signer public.pem -inkey key.pem -outform DER -binary';
  run('openssl', ['cms', ...cms.split(' '), '-nosmimecap']);
  const member = (name: string, data: Uint8Array) => ({ name, size: data.length, sum: byteSum(data), content: [data] });
  const write = async (name: string, data: Uint8Array) => {
    const signature = await readFile(join(folder, 'sw-description.sig'));
    const text = await readFile(join(folder, 'sw-description'));
    const all = [member('sw-description', text), member('sw-description.sig', signature), member('image.bin', data)];
    await writeFile(join(folder, name), await bytes(writeCpio(all)));
  };
  const words = (name: string) => ['-v', '-H', 'board:1.0', '-k', join(folder, 'public.pem'), '-i', join(folder, name)];
  await write('changed.swu', Buffer.from('AN IMAGE '.repeat(5000)));
  assert.notEqual(spawnSync('swupdate', words('changed.swu'), { cwd: folder, timeout: 60_000 }).status, 0);
  await write('good.swu', image);
  // SWUpdate 2022.12 on a busy machine sometimes misses the end of its own installer and says that it failed.
  for (let attempt = 1; attempt <= 3; attempt++) {
    const done = spawnSync('swupdate', words('good.swu'), { cwd: folder, timeout: 60_000 });
    if (done.status === 0) break;
    assert.ok(attempt < 3, `${done.stdout}${done.stderr}`);
  }
  assert.deepEqual(await readFile(target), image);
  const { images } = await openSwu([await readFile(join(folder, 'good.swu'))]);
  for await (const { type, content } of images) assert.deepEqual([type, await bytes(content)], ['raw', image]);
});

withPeer('ar', "ar and dpkg-deb read our package, and we read dpkg-deb's", async () => {
  const path = apps[0] as string;
  assert.deepEqual(run('ar', ['t', path]).trim().split('\n'), ['debian-binary', 'control.tar.gz', 'data.tar.xz']);
  assert.match(run('dpkg-deb', ['--info', path]), /Package: hello/);
  assert.match(run('dpkg-deb', ['--contents', path]), /rootfs\/bin\/run/);
  await mkdir(join(folder, 'deb'));
  run('dpkg-deb', ['--raw-extract', path, join(folder, 'deb')]);
  for (const packing of ['gzip', 'xz', 'zstd', 'none']) {
    const theirs = join(folder, `theirs-${packing}.ipk`);
    run('dpkg-deb', ['--build', '--root-owner-group', `-Z${packing}`, join(folder, 'deb'), theirs]);
    const { control, entries } = await openIpk([await readFile(theirs)], theirs);
    assert.equal(control.name, 'hello');
    const found = new Map<string, string>();
    for await (const entry of entries) found.set(entry.path, (await bytes(entry.content)).toString());
    assert.equal(found.get('rootfs/bin/run'), 'hello', packing);
  }
});

withPeer('tar', 'what tar writes in all its formats is read', async () => {
  const { readTar } = await import('../src/index.ts');
  await mkdir(join(folder, 'deep', 'n'.repeat(60), 'm'.repeat(60)), { recursive: true });
  await writeFile(join(folder, 'deep', 'n'.repeat(60), 'm'.repeat(60), 'o'.repeat(60)), 'long');
  for (const format of ['gnu', 'pax', 'ustar', 'oldgnu']) {
    run('tar', ['-c', `--format=${format}`, '-f', `${format}.tar`, '-C', 'deep', '.']);
    const found: string[] = [];
    for await (const { path, kind } of readTar([await readFile(join(folder, `${format}.tar`))], format)) {
      if (kind === 'file') found.push(path);
    }
    assert.deepEqual(found, [`${'n'.repeat(60)}/${'m'.repeat(60)}/${'o'.repeat(60)}`], format);
  }
});
