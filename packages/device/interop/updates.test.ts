// Applications by the real runc, two banks on loop images that are really mounted, and payloads that Debian's SWUpdate installs.
import assert from 'node:assert/strict';
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createPayload, writeIpk } from '@mooring/payload';
import { inMemory, openForReading, systemTimers } from '@mooring/platform';
import { RuncContainers } from '../src/updates/applications/containers.ts';
import { flagFileBanks } from '../src/updates/banks/flag-file.ts';
import { PartInfo, RootPartitions } from '../src/updates/banks/partitions.ts';
import { realDisk } from '../src/updates/disk.ts';
import { Installer } from '../src/updates/installer/installer.ts';
import { ApplicationParts } from '../src/updates/parts/applications.ts';
import { RootFileSystem } from '../src/updates/parts/root-file-system.ts';
import { Swupdate } from '../src/updates/parts/swupdate.ts';
import { systemPrograms } from '../src/updates/programs.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const here = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const isRoot = process.getuid?.() === 0;

function run(program: string, words: readonly string[], options: SpawnSyncOptions = {}): string {
  const done = spawnSync(program, words, { cwd: folder, encoding: 'utf8', timeout: 60_000, ...options });
  assert.equal(done.status, 0, `${program} ${words.join(' ')}: ${done.error ?? `${done.stdout}${done.stderr}`}`);
  return String(done.stdout);
}

function withPeers(programs: readonly string[], name: string, work: () => Promise<void>): void {
  const missing = [...programs.filter((program) => !here(program)), ...(isRoot ? [] : ['root'])];
  const skip = missing.length > 0 && process.env.CI !== '1';
  if (skip) process.stdout.write(`NOT TESTED: ${missing.join(', ')} missing: ${name}\n`);
  test(name, { skip }, work);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-board-interop-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A name that no other run on this machine has. */
const unique = `mooring-${process.pid}`;

/** A bundle with a static busybox in namespaces of its own, and none of the host's control groups. */
async function application(name: string, script: string): Promise<string> {
  const config = {
    ociVersion: '1.0.0',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['/bin/busybox', 'sh', '-c', script],
      env: ['PATH=/bin'],
      cwd: '/',
    },
    root: { path: 'rootfs', readonly: true },
    hostname: name,
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  };
  const text = Buffer.from(JSON.stringify(config));
  const busybox = await readFile('/bin/busybox');
  const data = await writeIpk({ Package: name, Version: '1' }, [
    { path: 'config.json', size: text.length, content: [text] },
    { path: 'rootfs', kind: 'folder' },
    { path: 'rootfs/proc', kind: 'folder' },
    { path: 'rootfs/bin', kind: 'folder' },
    { path: 'rootfs/bin/busybox', mode: 0o755, size: busybox.length, content: [busybox] },
  ]);
  await writeFile(at(`${name}.ipk`), data);
  return at(`${name}.ipk`);
}

async function payload(apps: readonly string[]) {
  await createPayload({ output: at('apps.swu'), apps });
  const bytes = await readFile(at('apps.swu'));
  const digest = createHash('sha256').update(bytes).digest('hex');
  return {
    payloads: [inMemory(bytes)],
    software: { version: 2n, digest, size: bytes.length },
    source: 'local' as const,
  };
}

const software = { version: 1n, digest: '0'.repeat(64), size: 0 };

withPeers(['runc', 'busybox'], 'applications run with runc; one that dies takes the others back', async () => {
  const [one, two] = [`${unique}-one`, `${unique}-two`];
  const places = { logs: at('log'), run: at('run') };
  const times = { patience: 2_000, settling: 1_500 };
  const containers = new RuncContainers(systemPrograms, realDisk, systemTimers, places, times);
  const installer = await Installer.open({
    disk: realDisk,
    journal: at('journal/journal'),
    handlers: [new ApplicationParts(realDisk, at('app'), containers)],
    hardware: undefined,
    boot: 'this one',
    firstSoftware: async () => software,
  });
  const tick = 'echo version $0; trap "exit 0" TERM; while :; do sleep 0.1; done';
  try {
    await installer.install(
      await payload([await application(one, tick.replace('$0', '1')), await application(two, 'exit 0')]),
    );
    assert.match(run('runc', ['state', one]), /"status": "running"/);
    assert.match(await readFile(at('log', `${one}.log`), 'utf8'), /version 1/);
    assert.match(run('runc', ['state', two]), /"status": "stopped"/, 'what ends well at once has started');
    assert.match(run('runc', ['state', one]), new RegExp(`"bundle": "${at('app', one, '0')}"`));
    await installer.install(await payload([await application(one, tick.replace('$0', '2'))]));
    assert.match(run('runc', ['state', one]), new RegExp(`"bundle": "${at('app', one, '1')}"`));
    const bad = await payload([await application(one, tick.replace('$0', '3')), await application(two, 'exit 3')]);
    await assert.rejects(installer.install(bad), /ended at once with status 3/);
    assert.match(
      run('runc', ['state', one]),
      new RegExp(`"status": "running"[\\s\\S]*"bundle": "${at('app', one, '1')}"|"bundle": "${at('app', one, '1')}"`),
    );
    assert.deepEqual(await realDisk.list(at('app', one)), ['1']);
  } finally {
    for (const name of [one, two]) spawnSync('runc', ['delete', '--force', name], { timeout: 20_000 });
  }
});

withPeers(
  ['mkfs.ext4', 'losetup', 'mount'],
  'a root goes into the bank that does not run, and is a file system there',
  async () => {
    await mkdir(at('tree/etc'), { recursive: true });
    await writeFile(at('tree/etc/build'), 'new');
    run('mkfs.ext4', ['-q', '-d', at('tree'), at('root.ext4'), '4M']);
    await createPayload({ output: at('root.swu'), rootfs: at('root.ext4') });
    for (const name of ['bank1', 'bank2']) await writeFile(at(name), Buffer.alloc(6 * 1024 * 1024));
    const loop = run('losetup', ['--show', '-f', at('bank2')]).trim();
    try {
      await mkdir(at('info'));
      await writeFile(at('info/MBL_ROOT_FS_PART_NUMBER_BANK1'), '3');
      await writeFile(at('info/MBL_ROOT_FS_PART_NUMBER_BANK2'), '5');
      const partitions = new RootPartitions(
        new PartInfo(realDisk, at('info')),
        async () => '/dev/mmcblk9p3 / ext4 rw 0 0\n',
      );
      const banks = { ...flagFileBanks(realDisk, at('flags'), partitions), device: async () => loop };
      const open = () =>
        Installer.open({
          disk: realDisk,
          journal: at('root-journal/journal'),
          handlers: [new RootFileSystem(realDisk, banks)],
          hardware: undefined,
          boot: 'this one',
          firstSoftware: async () => software,
        });
      const installer = await open();
      const file = await openForReading(at('root.swu'));
      const pending = await installer.install({
        payloads: [file],
        software: { ...software, version: 2n },
        source: 'local',
      });
      await file.close();
      assert.equal(pending, 'device');
      await access(at('flags/rootfs2'));
      await mkdir(at('mnt'));
      run('mount', ['-o', 'ro', loop, at('mnt')]);
      try {
        assert.equal(await readFile(at('mnt/etc/build'), 'utf8'), 'new');
      } finally {
        run('umount', [at('mnt')]);
      }
      run('e2fsck', ['-f', '-n', loop]);
    } finally {
      spawnSync('losetup', ['-d', loop]);
    }
  },
);

withPeers(['swupdate', 'openssl'], 'what nothing here knows is installed by SWUpdate', async () => {
  const { byteSum, formatDescription, writeCpio } = await import('@mooring/payload');
  const certificate = '-x509 -newkey rsa:2048 -nodes -keyout key.pem -out public.pem -days 30 -subj /CN=owner';
  run('openssl', ['req', ...certificate.split(' '), '-addext', 'extendedKeyUsage=emailProtection']);
  const image = Buffer.from('an image '.repeat(3000));
  await writeFile(at('target'), Buffer.alloc(image.length));
  const sha256 = createHash('sha256').update(image).digest('hex');
  const images = [{ type: 'raw', filename: 'image.bin', sha256 }];
  const text = formatDescription({ version: '1.0.0', hardware: ['1.0'], images });
  await writeFile(at('sw-description'), text.replace('type =', `device = "${at('target')}";\n            type =`));
  const cms = '-sign -in sw-description -out sw-description.sig -signer public.pem -inkey key.pem -outform DER -binary';
  run('openssl', ['cms', ...cms.split(' '), '-nosmimecap']);
  const member = (name: string, data: Uint8Array) => ({ name, size: data.length, sum: byteSum(data), content: [data] });
  const parts: Uint8Array[] = [];
  const members = [
    member('sw-description', await readFile(at('sw-description'))),
    member('sw-description.sig', await readFile(at('sw-description.sig'))),
    member('image.bin', image),
  ];
  for await (const part of writeCpio(members)) parts.push(part.slice());
  await writeFile(at('foreign.swu'), Buffer.concat(parts));
  const swupdate = new Swupdate(systemPrograms, ['-H', 'board:1.0', '-k', at('public.pem')]);
  const open = (boot: string) =>
    Installer.open({
      disk: realDisk,
      journal: at('swupdate-journal/journal'),
      handlers: [],
      swupdate,
      hardware: undefined,
      boot,
      firstSoftware: async () => software,
    });
  const file = await openForReading(at('foreign.swu'));
  const request = {
    payloads: [file],
    file: at('foreign.swu'),
    software: { ...software, version: 2n },
    source: 'local' as const,
  };
  // SWUpdate 2022.12 on a busy machine sometimes misses the end of its own installer and says that it failed.
  let pending: string | undefined;
  for (let attempt = 1; pending === undefined; attempt++) {
    pending = await (await open('one')).install(request).catch((error: unknown) => {
      if (attempt === 3) throw error;
      return undefined;
    });
  }
  await file.close();
  assert.equal(pending, 'device');
  assert.deepEqual(await readFile(at('target')), image);
  const second = await open('two');
  assert.equal(await second.recover(), 'confirmation');
  await second.confirm();
  assert.equal((await second.running())?.version, 2n);
});
