import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKeyProvider } from '../../src/secure-storage/file-key.ts';
import type { StoredItem } from '../../src/secure-storage/item.ts';
import { neededKind } from '../../src/secure-storage/key-choice.ts';
import type { KeyProvider } from '../../src/secure-storage/key-provider.ts';
import { SecureStorage } from '../../src/secure-storage/storage.ts';
import { tpmKeyProvider } from '../../src/secure-storage/tpm/tpm-key.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts';
import { SimulatedTpm, type TpmState } from './simulated-tpm.ts';

const folder = '/config/mooring';
const keyFile = '/config/mooring.key';
const index = '0x01804001';
const first: StoredItem = { name: 'endpoint', type: 'config', factory: true, data: Buffer.from('first '.repeat(30)) };
const second: StoredItem = { ...first, data: Buffer.from('second '.repeat(30)) };

/** A board: what is on its disk and in its TPM when it has no power. */
interface Board {
  readonly disk: DiskImage;
  readonly tpm: TpmState;
}

const bare = (): Board => ({
  disk: new SimulatedDisk().afterPowerCut().next().value as DiskImage,
  tpm: new SimulatedTpm().state,
});

function wake(board: Board, temporary: string) {
  const disk = new SimulatedDisk(board.disk);
  const tpm = new SimulatedTpm(board.tpm);
  const providers: Record<string, KeyProvider> = {
    tpm: tpmKeyProvider({ tpm: tpm.tools, index, temporary }),
    file: fileKeyProvider(keyFile, disk, { shared: false }),
  };
  const open = async (kind?: string) => {
    const keyProvider = providers[kind ?? (await neededKind(folder, disk)) ?? 'tpm'] as KeyProvider;
    return SecureStorage.open({ folder, keyProvider, files: disk });
  };
  return { disk, tpm, providers, open };
}
type Awake = ReturnType<typeof wake>;

/** The board after `work`, with everything safe. */
async function after(board: Board, temporary: string, work: (awake: Awake) => Promise<unknown>): Promise<Board> {
  const awake = wake(board, temporary);
  await work(awake);
  return { disk: [...awake.disk.afterPowerCut()].at(-1) as DiskImage, tpm: awake.tpm.state };
}

/** Every board that a power cut during `work` can leave: between operations of the disk and of the TPM alike. */
async function cutsOf(board: Board, temporary: string, work: (awake: Awake) => Promise<unknown>) {
  const awake = wake(board, temporary);
  const cuts: (Board & { last: string })[] = [];
  const cut = (last: string) => {
    for (const disk of awake.disk.afterPowerCut()) cuts.push({ last, disk, tpm: awake.tpm.state });
  };
  awake.disk.afterEach = cut;
  awake.tpm.afterEach = cut;
  await work(awake);
  cut('end');
  return cuts;
}

async function content(awake: Awake): Promise<string> {
  const storage = await awake.open();
  return Buffer.from((await storage.get('endpoint'))?.data ?? '').toString();
}
const textOf = (item: StoredItem) => Buffer.from(item.data).toString();

for (const [what, before, old] of [
  ['the first transaction', async () => bare(), ''],
  [
    'a later transaction',
    (temporary: string) =>
      after(bare(), temporary, async ({ open }) => (await open('tpm')).transaction({ put: [first] })),
    textOf(first),
  ],
] as const) {
  test(`${what} with a TPM: a cut between any two operations of disk and TPM leaves old or new, never a refusal`, async (t) => {
    const temporary = temporaryFolder(t);
    const put = async ({ open }: Awake) => (await open()).transaction({ put: [second] });
    const cuts = await cutsOf(await before(temporary), temporary, put);
    const seen = new Set<string>();
    for (const cut of cuts) {
      const found = await content(wake(cut, temporary));
      assert.ok([old, textOf(second)].includes(found), `after ${cut.last}: ${found}`);
      if (cut.last === 'end') assert.equal(found, textOf(second), 'what was reported as done stays');
      seen.add(found);
      const again = wake(cut, temporary);
      await put(again);
      assert.equal(await content(again), textOf(second), `written again after ${cut.last}`);
    }
    assert.equal(seen.size, 2, 'both outcomes were met');
    assert.ok(cuts.some(({ last }) => last === 'tpm2_nvincrement'));
  });
}

test('a counter that a cut left behind follows as soon as the storage is opened: the copy before is refused', async (t) => {
  const temporary = temporaryFolder(t);
  const start = await after(bare(), temporary, async ({ open }) => (await open()).transaction({ put: [first] }));
  const cuts = await cutsOf(start, temporary, async ({ open }) => (await open()).transaction({ put: [second] }));
  const generationOf = ({ disk }: Board) => Buffer.from(disk.get(`${folder}/store`)?.data ?? []).readBigUInt64BE(28);
  const renamed = cuts.find((cut) => generationOf(cut) > (cut.tpm.indexes.get(index)?.value ?? 0n));
  assert.ok(renamed);
  const opened = await after(renamed, temporary, ({ open }) => open());
  await assert.rejects(content(wake({ disk: start.disk, tpm: opened.tpm }, temporary)), {
    code: 'storage.rolled.back',
  });
  assert.equal(await content(wake(opened, temporary)), textOf(second));
});

test('two cuts in a row do not lock the device out', async (t) => {
  const temporary = temporaryFolder(t);
  const put =
    (item: StoredItem) =>
    async ({ open }: Awake) =>
      (await open()).transaction({ put: [item] });
  const start = await after(bare(), temporary, put(first));
  for (const cut of await cutsOf(start, temporary, put(second))) {
    for (const next of await cutsOf(cut, temporary, put({ ...first, data: Buffer.from('third') }))) {
      assert.match(await content(wake(next, temporary)), /^(first|second|third)/, `${cut.last}, then ${next.last}`);
    }
  }
});

for (const [from, to] of [
  ['file', 'tpm'],
  ['tpm', 'file'],
] as const) {
  test(`migration from ${from} to ${to}: a cut at any point leaves a storage that opens, and the next try completes`, async (t) => {
    const temporary = temporaryFolder(t);
    const start = await after(bare(), temporary, async ({ open }) => (await open(from)).transaction({ put: [first] }));
    const migrate = async (awake: Awake) => (await awake.open()).migrateKey(awake.providers[to] as KeyProvider);
    const kinds = new Set<string | undefined>();
    for (const cut of await cutsOf(start, temporary, migrate)) {
      assert.equal(await content(wake(cut, temporary)), textOf(first), `after ${cut.last}`);
      kinds.add(await neededKind(folder, new SimulatedDisk(cut.disk)));
      const again = wake(cut, temporary);
      await migrate(again);
      assert.equal(await content(again), textOf(first), `migrated again after ${cut.last}`);
      assert.equal(await neededKind(folder, again.disk), to);
    }
    assert.deepEqual([...kinds].sort(), ['file', 'tpm']);
    const end = await after(start, temporary, migrate);
    assert.equal(end.disk.has(keyFile), to === 'file', 'the key file is there only while it is needed');
    assert.equal(end.tpm.indexes.has(index), to === 'tpm', 'and so is the counter');
    const old: Board = { disk: start.disk, tpm: end.tpm };
    if (from === 'tpm') await assert.rejects(content(wake(old, temporary)), { code: 'storage.counter.missing' });
  });
}

test('a storage that was written without migration by another provider names both', async (t) => {
  const temporary = temporaryFolder(t);
  const board = await after(bare(), temporary, async ({ open }) => (await open('tpm')).transaction({ put: [first] }));
  await assert.rejects(wake(board, temporary).open('file'), { code: 'storage.key.provider', message: /"tpm".*"file"/ });
});

test('a process that had the storage open goes on after another one has migrated it to a new key of its provider', async (t) => {
  const temporary = temporaryFolder(t);
  const board = await after(bare(), temporary, async ({ open }) => (await open('tpm')).transaction({ put: [first] }));
  const awake = wake(board, temporary);
  const early = await awake.open();
  const other = tpmKeyProvider({ tpm: awake.tpm.tools, index: '0x01804002', temporary });
  assert.equal((await (await awake.open()).migrateKey(other)).changed, true);
  assert.equal(Buffer.from((await early.get('endpoint'))?.data ?? '').toString(), textOf(first));
});
