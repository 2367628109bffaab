import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { access, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPayload } from '@mooring/payload';
import fc from 'fast-check';
import { readSoftware } from '../src/updating/software-on-device.ts';
import { device, world } from './world.ts';

/** What MBL writes of the firmware that runs: 112 bytes with the SHA-256 of the package at byte 24. */
function headerOf(payload: string): Buffer {
  const header = Buffer.alloc(112);
  header.writeUInt32BE(0x5a51b3d4, 0);
  header.writeUInt32BE(2, 4);
  createHash('sha256').update(payload).digest().copy(header, 24);
  return header;
}

const bank = (number: number) => `rootfs / rootfs rw 0 0\n/dev/mmcblk1p${number} / ext4 ro 0 0\n`;
const log = (text: string) => `echo '2026-03-01 12:00:00 - mbl.firmware_update_manager.utils - INFO - ${text}' >&2`;

/** A device with a program in the place of MBL's that says what that says, and does what a test wants. */
async function updatable(t: TestContext, lines: readonly string[], options: Parameters<typeof device>[1] = {}) {
  const made = await device(t, { faults: { restartTime: 50 }, ...options });
  const at = (path: string) => join(made.root, path);
  await mkdir(at('usr/bin'), { recursive: true });
  await mkdir(at('var/log/bootflags'), { recursive: true });
  await writeFile(at('proc/mounts'), bank(3));
  await writeFile(at('var/log/bootflags/header'), headerOf('factory'));
  const manager = at('usr/bin/mbl-firmware-update-manager');
  await writeFile(manager, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(manager, 0o755);
  return { ...made, at: made.at, path: at };
}

const application = [
  log('Creating HEADER file data from update package...'),
  log('Delegating update package\\047s content installation...'),
  'touch /tmp/do_not_reboot',
  'cp /etc/next-header /var/log/bootflags/header',
  'rm -f /scratch/payload.swu',
  log('Content of update package installed'),
];

const root = [
  log('Content of update package installed'),
  'cp /etc/next-header /var/log/bootflags/header',
  'cp /etc/next-mounts /proc/mounts',
  'rm -f /scratch/payload.swu',
];

const swu = 'software = { version = "0.0.0"; images = ( { type = "ROOTFSv4"; filename = "ROOTFSv4.ext4.gz"; } ); };';

async function withPayload(t: TestContext, lines: readonly string[], payload: string) {
  const { home, run, json } = await world(t);
  const target = await updatable(t, lines);
  await writeFile(join(home, 'payload.swu'), payload);
  await writeFile(target.path('etc/next-header'), headerOf(payload));
  await writeFile(target.path('etc/next-mounts'), bank(5));
  return { home, run, json, target };
}

test('an application: put, installed, no restart, and what runs now', async (t) => {
  const { run, target } = await withPayload(t, application, 'apps');
  const { status, stdout, stderr } = await run(['-a', target.at, 'update', 'payload.swu']);
  assert.equal(status, 0, stderr);
  const digest = createHash('sha256').update('apps').digest('hex');
  assert.match(stdout, /^Updating 127\.0\.0\.1:\d+\.\nInstalling payload\.swu on the device\.\n/);
  assert.match(stdout, /INFO - Content of update package installed\n/);
  assert.match(
    stdout,
    new RegExp(`payload\\.swu: installed, without a restart\\.\nLast package: SHA-256 ${digest}\\.\n`),
  );
  assert.match(stdout, /Root file system: \/dev\/mmcblk1p3\.\nKernel: Linux /);
  await assert.rejects(access(target.path('scratch/payload.swu')));
});

test('a root file system: the device restarts, comes back, and tells its new bank', async (t) => {
  const { json, target } = await withPayload(t, root, swu);
  const boot = await readFile(target.path('proc/sys/kernel/random/boot_id'), 'utf8');
  const result = await json(['-a', target.at, 'update', 'payload.swu']);
  const { installed, before, after } = result as {
    installed: { restart: string }[];
    before: Record<string, string>;
    after: Record<string, string>;
  };
  assert.equal(installed[0]?.restart, 'done');
  assert.deepEqual([before.rootDevice, after.rootDevice], ['/dev/mmcblk1p3', '/dev/mmcblk1p5']);
  assert.notEqual(after.bootId, boot.trim());
  assert.equal(after.digest, createHash('sha256').update(swu).digest('hex'));
});

test('a device that falls back by itself is told from one that was updated', async (t) => {
  const { run, target } = await withPayload(t, root, swu);
  await writeFile(target.path('etc/next-mounts'), bank(3));
  const { status, stderr } = await run(['-a', target.at, 'update', 'payload.swu']);
  assert.equal(status, 255);
  assert.match(stderr, /has restarted and runs what it ran before payload\.swu, from \/dev\/mmcblk1p3\./);
});

test('without a restart of ours it is told that one is due', async (t) => {
  const { run, target } = await withPayload(t, root, swu);
  const { status, stdout } = await run(['-a', target.at, 'update', '--no-restart', 'payload.swu']);
  assert.equal(status, 0);
  assert.match(stdout, /payload\.swu: installed\. The device has to restart before all of it runs\.\n$/);
});

test('a package that the device refuses: its reason, its exit status, and nothing left there', async (t) => {
  const lines = [
    log('Creating HEADER file data from update package...'),
    `echo "Failed to update firmware from update package '/scratch/payload.swu', error: 'exit status 25'" >&2`,
    'exit 1',
  ];
  const { run, json, target } = await withPayload(t, lines, 'bad');
  const { status, stderr } = await run(['-a', target.at, 'update', 'payload.swu']);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^The device did not install payload\.swu: Failed to update firmware from update package '\/scratch\/payload\.swu', error: 'exit status 25'\nIt runs what it ran before\./m,
  );
  await assert.rejects(access(target.path('scratch/payload.swu')));
  const failed = (await json(['-a', target.at, 'update', '--keep', 'payload.swu'])) as { error: { code: string } };
  assert.equal(failed.error.code, 'firmware.failed');
  await access(target.path('scratch/payload.swu'));
});

test('our own program: a package is installed, and one that it does not know is refused', async (t) => {
  const { home, run } = await world(t);
  const target = await device(t);
  await writeFile(join(home, 'build.txt'), 'release 1\n');
  const other = { type: 'NOSUCHv1', path: join(home, 'build.txt') };
  const common = { format: 4, apps: [], bootloaders: {} } as const;
  await createPayload({ ...common, output: join(home, 'good.swu'), others: [{ ...other, type: 'BUILDv1' }] });
  await createPayload({ ...common, output: join(home, 'bad.swu'), others: [other] });
  const good = await run(['-a', target.at, 'update', 'good.swu']);
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /good\.swu: installed, without a restart\.\nLast package: SHA-256 [0-9a-f]{64}\./);
  assert.equal(await readFile(join(target.root, 'etc/build'), 'utf8'), 'release 1\n');
  const bad = await run(['-a', target.at, 'update', 'bad.swu']);
  assert.equal(bad.status, 1);
  assert.match(
    bad.stderr,
    /The device did not install bad\.swu: Failed to update firmware from update package .*NOSUCHv1/,
  );
});

test('nothing is sent to a device without the program or without room', async (t) => {
  const { home, run } = await world(t);
  await writeFile(join(home, 'payload.swu'), Buffer.alloc(100_000));
  const bare = await device(t, { faults: { missingPrograms: ['/usr/bin/mbl-firmware-update-manager'] } });
  await rm(join(bare.root, 'usr/bin/mbl-firmware-update-manager'));
  const missing = await run(['-a', bare.at, 'update', 'payload.swu']);
  assert.equal(missing.status, 127);
  assert.match(missing.stderr, /mbl-firmware-update-manager is not on the device\.\n.*\nRung: program/);
  const full = await updatable(t, application, { faults: { freeSpace: { '/scratch': 50_000 } } });
  const none = await run(['-a', full.at, 'update', 'payload.swu']);
  assert.equal(none.status, 255);
  assert.match(none.stderr, /payload\.swu has 0\.1 MB, and \/scratch on the device has room for 0\.0 MB\./);
});

test('files are looked at before a device is', async (t) => {
  const { home, run } = await world(t);
  await writeFile(join(home, 'empty.swu'), '');
  for (const [file, says] of [
    ['no.swu', /no\.swu does not exist\./],
    ['empty.swu', /empty\.swu is empty\./],
    ['.', /is not a file\./],
  ] as const) {
    const { status, stderr } = await run(['-a', '192.0.2.1', 'update', file]);
    assert.equal(status, 255);
    assert.match(stderr, says);
  }
});

test('a device that does not come back in time', async (t) => {
  const { run, target } = await withPayload(t, root, swu);
  target.faults.restartTime = 20_000;
  const { status, stderr } = await run(['-a', target.at, 'update', '--timeout', '1', 'payload.swu']);
  assert.equal(status, 255);
  assert.match(stderr, /was told to restart and has not come back within 1 s\.\n.*\nRung: tcp/);
});

test('many at once: a line for each, and one that fails leaves the others alone', async (t) => {
  const { home, run, json } = await world(t);
  const good = await updatable(t, application);
  const bad = await updatable(t, ['echo "no room in the bank" >&2', 'exit 1']);
  await writeFile(join(home, 'payload.swu'), 'apps');
  for (const one of [good, bad]) await writeFile(one.path('etc/next-header'), headerOf('apps'));
  await writeFile(join(home, 'list'), `${good.at}\n${bad.at}\n`);
  const { status, stdout } = await run(['update', 'payload.swu', '--from', 'list', '--jobs', '2']);
  assert.equal(status, 255);
  assert.match(stdout, /^Updating 2 devices with payload\.swu, 2 at a time\.\n/);
  assert.match(stdout, /FAILED after \d+\.\d s; the device says: no room in the bank \[firmware\.failed\]/);
  assert.match(stdout, /\n2 devices: 1 updated, 1 failed, in /);
  const { total } = (await json(['update', 'payload.swu', '--from', 'list'])) as { total: Record<string, number> };
  assert.deepEqual([total.updated, total.failed], [1, 1]);
});

test('whatever a device answers about itself is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      readSoftware(Buffer.from(bytes));
      readSoftware(Buffer.concat([Buffer.from('x--\ny--\nz--\n'), Buffer.from(bytes)]));
    }),
  );
  assert.deepEqual(readSoftware(Buffer.from('--\n--\n--\n--\n')), {});
});
