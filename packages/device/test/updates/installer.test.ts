import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inMemory } from '@mooring/platform';
import { Journal } from '../../src/updates/journal/journal.ts';
import {
  journalPath,
  newPayload,
  oldDisk,
  oldSoftware,
  SimulatedBoard,
  settle,
  softwareOf,
} from './simulated-board.ts';

const full = (path: string) => Object.assign(new Error(`ENOSPC: ${path}`), { code: 'ENOSPC', syscall: 'write', path });

async function fresh(disk = oldDisk(), options = {}) {
  const board = new SimulatedBoard(disk, options);
  const installer = await board.open();
  await installer.recover();
  return { board, installer };
}

const restarted = (board: SimulatedBoard) => board.disk.afterPowerCut(() => true);

test('applications: all new ones run, one folder is left of each, and nothing has to be restarted', async () => {
  const payload = await newPayload({ apps: ['one', 'three'] });
  const { board, installer } = await fresh();
  assert.equal(await installer.install(payload), 'nothing');
  assert.deepEqual(softwareOf(board).apps, ['new one', undefined, 'new three']);
  assert.deepEqual(await board.disk.list('/home/app/one'), ['4']);
  assert.deepEqual(await board.disk.list('/home/app/three'), ['0']);
  assert.equal((await installer.running())?.digest, payload.software.digest);
});

test('applications: one that dies takes all of them back, and the old ones run again', async () => {
  const payload = await newPayload({ apps: ['one', 'two', 'three'] });
  const { board, installer } = await fresh(oldDisk(), { broken: ['new three'] });
  board.containers.running.set('one', '/home/app/one/3').set('two', '/home/app/two/3');
  await assert.rejects(installer.install(payload), /new three dies/);
  assert.deepEqual(softwareOf(board).apps, ['old one', 'old two', undefined]);
  assert.deepEqual(await board.disk.list('/home/app'), ['one', 'two']);
  assert.equal(installer.state.last?.failure?.code, 'update.application');
  assert.deepEqual(installer.state.running, oldSoftware);
});

test('a root that does not reach its service is given up after three boots, and the old one is back', async () => {
  const payload = await newPayload({ root: true, kernel: true, apps: ['one'] });
  const before = softwareOf(await settle(oldDisk()));
  const { board, installer } = await fresh();
  assert.equal(await installer.install(payload), 'device');
  let boots = 0;
  let at = new SimulatedBoard(restarted(board));
  for (; boots < 10; boots++) {
    const next = await at.open();
    const pending = await next.recover();
    if (pending === 'confirmation') assert.equal((await next.running())?.digest, payload.software.digest);
    if (pending === 'nothing') break;
    at = new SimulatedBoard(restarted(at));
  }
  assert.equal(boots, 4, 'three boots of the new one, and one that turns back');
  const end = await settle(restarted(at));
  assert.deepEqual(softwareOf(end), before);
  assert.equal(end.installer?.state.last?.failure?.code, 'update.not.confirmed');
});

test('a bootloader that goes back by itself is noticed', async () => {
  const payload = await newPayload({ root: true });
  const { board, installer } = await fresh();
  await installer.install(payload);
  await board.disk.remove('/var/log/bootflags/rootfs2');
  const end = await settle(restarted(board));
  assert.equal(end.installer?.state.last?.failure?.code, 'update.not.started');
  assert.equal(end.root, 'o');
});

test('given up while it runs: the old one is chosen, and cleared up after once it runs', async () => {
  const payload = await newPayload({ root: true, apps: ['one'] });
  const { board, installer } = await fresh();
  await installer.install(payload);
  const trial = new SimulatedBoard(restarted(board));
  const second = await trial.open();
  assert.equal(await second.recover(), 'confirmation');
  assert.equal(await second.giveUp({ code: 'update.not.confirmed', message: 'no service' }), 'device');
  const end = await settle(restarted(trial));
  assert.equal(end.root, 'o');
  assert.deepEqual(softwareOf(end).apps, ['old one', 'old two', undefined]);
});

test('an update that waits for its restart goes on waiting when only the programs are started anew', async () => {
  const payload = await newPayload({ root: true });
  const { board, installer } = await fresh();
  assert.equal(await installer.install(payload), 'device');
  assert.equal(await (await board.open()).recover(), 'device');
  await assert.rejects((await board.open()).install(payload), { code: 'update.busy' });
});

test('the disk is full at any write: the old software runs, and the reason is told', async () => {
  const payload = await newPayload({ kernel: true, loader: true, apps: ['one', 'three'], root: true });
  const before = softwareOf(await settle(oldDisk()));
  let failures = 0;
  for (let at = 1; ; at++) {
    const { board, installer } = await fresh();
    let writes = 0;
    board.disk.beforeWrite = (path) => {
      writes += 1;
      // The journal is on a disk of its own.
      if (writes >= at && !path.startsWith('/config')) throw full(path);
    };
    const pending = await installer.install(payload).catch((error: { code?: string }) => error);
    board.disk.beforeWrite = () => undefined;
    if (pending === 'device') break;
    failures += 1;
    assert.equal((pending as { code?: string }).code, 'file.disk.full');
    const end = await settle(restarted(board));
    assert.deepEqual(softwareOf(end), before, `write ${at}`);
    assert.equal(end.installer?.state.last?.failure?.code, 'file.disk.full');
  }
  assert.ok(failures > 20);
});

test('no record can be written, at any step: whatever is left is old or new', async () => {
  const payload = await newPayload({ apps: ['one'] });
  const before = softwareOf(await settle(oldDisk()));
  const outcomes = new Set<boolean>();
  for (let at = 1; at < 12; at++) {
    const { board, installer } = await fresh();
    let writes = 0;
    board.disk.beforeWrite = (path, bytes) => {
      if (path.startsWith('/config') && bytes > 0 && ++writes >= at) throw full(path);
    };
    await installer.install(payload).catch(() => undefined);
    board.disk.beforeWrite = () => undefined;
    const end = await settle(restarted(board));
    const isNew = end.installer?.state.running?.digest === payload.software.digest;
    outcomes.add(isNew);
    if (!isNew) assert.deepEqual(softwareOf(end), before);
    else assert.equal(softwareOf(end).apps[0], 'new one');
  }
  assert.equal(outcomes.size, 2);
});

test('too little space is noticed before anything is written', async () => {
  const payload = await newPayload({ apps: ['one'] });
  const { board, installer } = await fresh();
  board.disk.room = 1024 * 1024;
  const before = board.disk.tree('/home');
  await assert.rejects(installer.install(payload), { code: 'update.space' });
  assert.deepEqual(board.disk.tree('/home'), before);
  assert.equal(installer.state.last?.failure?.code, 'update.space');
});

test('a device that keeps other bytes than were written is noticed, and nothing is switched', async () => {
  const payload = await newPayload({ root: true });
  const { board, installer } = await fresh();
  const openDevice = board.disk.openDevice.bind(board.disk);
  board.disk.openDevice = async (path) => {
    const device = await openDevice(path);
    return {
      ...device,
      write: (at, data) =>
        device.write(
          at,
          data.map((byte, index) => (index === 5 ? byte ^ 1 : byte)),
        ),
    };
  };
  await assert.rejects(installer.install(payload), { code: 'update.write' });
  assert.equal((await settle(restarted(board))).root, 'o');
});

for (const [what, change] of [
  ['a changed byte', (bytes: Buffer) => bytes.writeUInt8((bytes.at(-700) as number) ^ 1, bytes.length - 700)],
  ['an image type that nobody installs', (bytes: Buffer) => bytes.write('APPSv9', bytes.indexOf('APPSv3'))],
] as const) {
  test(`${what} is refused and changes nothing`, async () => {
    const payload = await newPayload({ apps: ['one'] });
    const source = payload.payloads[0];
    assert.ok(source);
    const bytes = Buffer.from(await source.read(0, source.size));
    change(bytes);
    const { board, installer } = await fresh();
    const before = board.disk.tree('/home');
    await assert.rejects(installer.install({ ...payload, payloads: [inMemory(bytes)] }), (error: { code?: string }) =>
      /^(payload|update)\./.test(error.code ?? ''),
    );
    assert.deepEqual(board.disk.tree('/home'), before);
  });
}

test('the journal begins anew once it is long, and says the same', async () => {
  const disk = oldDisk();
  const journal = await Journal.open(disk, journalPath);
  await journal.add({ type: 'running', software: oldSoftware, last: undefined });
  const failure = { code: 'update.space', message: 'x'.repeat(500) };
  for (let i = 0; i < 200; i++) {
    await journal.add({ type: 'failed', software: oldSoftware, source: 'local', failure });
    await journal.add({ type: 'reported' });
  }
  const size = (await disk.status(journalPath))?.size ?? 0;
  assert.ok(size < 34 * 1024);
  assert.deepEqual((await Journal.open(disk, journalPath)).state, journal.state);
});
