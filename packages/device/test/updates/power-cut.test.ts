import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newPayload,
  oldDisk,
  oldSoftware,
  type PayloadParts,
  SimulatedBoard,
  settle,
  softwareOf,
} from './simulated-board.ts';
import type { DiskImage } from './simulated-disk.ts';

/** Numbers from 0 to below 1, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

interface Cut {
  readonly after: string;
  readonly image: DiskImage;
}

/** Everything reached the platter, nothing did, and any choice between. */
function* choices(random: () => number, count: number): Generator<() => boolean> {
  yield () => true;
  yield () => false;
  for (let i = 2; i < count; i++) yield () => random() < 0.5;
}

type Payload = Awaited<ReturnType<typeof newPayload>>;

/** Runs one update to its end, boots and all, and cuts the power after each operation of each disk. */
async function cutsOf(payload: Payload, random: () => number, each: number): Promise<Cut[]> {
  const cuts: Cut[] = [];
  const watch = (board: SimulatedBoard) => {
    board.disk.afterEach = (after) => {
      for (const keeps of choices(random, each)) cuts.push({ after, image: board.disk.afterPowerCut(keeps) });
    };
  };
  let board = new SimulatedBoard(oldDisk());
  let installer = await board.open();
  await installer.recover();
  watch(board);
  let pending = await installer.install(payload);
  while (pending !== 'nothing') {
    board = new SimulatedBoard(board.disk.afterPowerCut(() => true));
    watch(board);
    installer = await board.open();
    pending = await installer.recover();
    if (pending !== 'confirmation') continue;
    await installer.confirm();
    pending = 'nothing';
  }
  return cuts;
}

const kinds: readonly (readonly [string, PayloadParts])[] = [
  ['applications', { apps: ['one', 'two', 'three'] }],
  ['a root file system', { root: true }],
  ['the agent', { agent: true }],
  [
    'a root file system, kernel, bootloader and applications',
    { root: true, kernel: true, loader: true, apps: ['one', 'three'] },
  ],
];

for (const [what, parts] of kinds) {
  test(`${what}: whatever a power cut leaves runs the old or the new software, knows which, and says so`, async (t) => {
    const payload = await newPayload(parts);
    const before = softwareOf(await settle(oldDisk()));
    const done = await settle(await installed(payload));
    const after = softwareOf(done);
    assert.notDeepEqual(after, before);
    const random = numbers(7);
    const cuts = await cutsOf(payload, random, parts.kernel ? 8 : 12);
    const seen = new Set<string>();
    let again = 0;
    for (const { after: cut, image } of cuts) {
      seen.add(await check(await settle(image), before, after, payload, cut));
      // And once more, while the device picks itself up.
      if (random() > 0.15) continue;
      const board = new SimulatedBoard(image);
      const at = Math.floor(random() * 12);
      let second: DiskImage | undefined;
      board.disk.afterEach = (operation) => {
        if (board.disk.operations !== at || second) return;
        second = board.disk.afterPowerCut(() => random() < 0.5);
        again += operation.length > 0 ? 1 : 0;
      };
      await (await board.open()).recover();
      if (second) await check(await settle(second), before, after, payload, `${cut}, and again`);
    }
    assert.deepEqual([...seen].sort(), ['new', 'old'], 'both outcomes were met');
    t.diagnostic(`${cuts.length} power cuts, ${again} of them twice`);
  });
}

async function installed(payload: Payload): Promise<DiskImage> {
  const board = new SimulatedBoard(oldDisk());
  const installer = await board.open();
  await installer.install(payload);
  return board.disk.afterPowerCut(() => true);
}

type Shape = ReturnType<typeof softwareOf>;

async function check(
  board: SimulatedBoard,
  before: Shape,
  after: Shape,
  payload: Payload,
  cut: string,
): Promise<'old' | 'new'> {
  const found = softwareOf(board);
  const installer = board.installer;
  assert.ok(installer);
  const { running, phase, last } = installer.state;
  assert.equal(phase.name, 'idle', cut);
  const isNew = running?.digest === payload.software.digest;
  assert.deepEqual(found, isNew ? after : before, `after ${cut}: what runs is not what the journal says`);
  assert.equal(running?.digest, isNew ? payload.software.digest : oldSoftware.digest, cut);
  if (isNew) assert.deepEqual([last?.failure, last?.reported], [undefined, false], cut);
  // A cut before the first record leaves nothing to report: nothing was begun.
  else if (last) assert.equal(last.failure?.code.startsWith('update.'), true, cut);
  const rest = [...board.disk.tree('/').keys()].filter((path) =>
    /\/\.(new|old)-|\.(new|back)$|\/scratch\/updates\/./.test(path),
  );
  assert.deepEqual(rest, [], `after ${cut}: something was left behind`);
  return isNew ? 'new' : 'old';
}
