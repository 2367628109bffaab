import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKeyProvider } from '../../src/secure-storage/file-key.ts';
import type { Files } from '../../src/secure-storage/files.ts';
import type { Changes, StoredItem } from '../../src/secure-storage/item.ts';
import type { GenerationCounter, KeyProvider, OpenKey } from '../../src/secure-storage/key-provider.ts';
import { SecureStorage } from '../../src/secure-storage/storage.ts';
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts';

const folder = '/config/mooring';
const keyFile = '/config/mooring.key';

const item = (name: string, text: string): StoredItem => ({
  name,
  type: 'config',
  factory: true,
  data: Buffer.from(text.repeat(20)),
});
const oldSet = [item('endpoint', 'old'), item('only-old', 'x'), item('key', 'old key')];
const newSet = [item('endpoint', 'new'), item('key', 'new key'), item('only-new', 'y')];
const toNew: Changes = { put: newSet, remove: ['only-old'] };

/** A counter that survives power cuts, as a TPM's. */
function counterAt(value: bigint): GenerationCounter & { value: bigint } {
  return {
    value,
    async read() {
      return this.value;
    },
    async advance(to) {
      if (to > this.value) this.value = to;
    },
  };
}

function open(files: Files, counter?: GenerationCounter): Promise<SecureStorage> {
  const file = fileKeyProvider(keyFile, files);
  const counted = async (key: Promise<OpenKey>) => ({ ...(await key), ...(counter && { generation: counter }) });
  const keyProvider: KeyProvider = {
    ...file,
    load: (sealed) => counted(file.load(sealed)),
    loadOrMake: () => counted(file.loadOrMake()),
  };
  return SecureStorage.open({ folder, keyProvider, files });
}

async function contentOf(storage: SecureStorage): Promise<string> {
  return storage.read(async ({ items, get }) => {
    const found = await Promise.all(
      items.map(async ({ name }) => `${name}=${Buffer.from((await get(name))?.data ?? '')}`),
    );
    return found.sort().join('\n');
  });
}

const textOf = (items: readonly StoredItem[]): string =>
  items
    .map(({ name, data }) => `${name}=${Buffer.from(data)}`)
    .sort()
    .join('\n');

async function diskWith(items: readonly StoredItem[], counter?: GenerationCounter): Promise<DiskImage> {
  const disk = new SimulatedDisk();
  if (items.length > 0) await (await open(disk, counter)).transaction({ put: items });
  return [...disk.afterPowerCut()].at(-1) as DiskImage;
}

interface Cut {
  after: string;
  image: DiskImage;
  counted: bigint;
}

/** Cuts the power after each operation of one transaction, in every way that the disk may then be found. */
async function cutsOf(
  before: DiskImage,
  changes: Changes,
  counter: ReturnType<typeof counterAt>,
  wrap: (disk: SimulatedDisk) => Files = (disk) => disk,
): Promise<Cut[]> {
  const disk = new SimulatedDisk(before);
  const cuts: Cut[] = [];
  disk.afterEach = (after) => {
    for (const image of disk.afterPowerCut()) cuts.push({ after, image, counted: counter.value });
  };
  await (await open(wrap(disk), counter)).transaction(changes);
  disk.afterEach('end');
  return cuts;
}

async function verdictOn({ image, counted }: Cut): Promise<string> {
  try {
    return await contentOf(await open(new SimulatedDisk(image), counterAt(counted)));
  } catch (error) {
    return String(error);
  }
}

for (const [name, before] of [
  ['the first transaction', []],
  ['a later transaction', oldSet],
] as const) {
  test(`${name}: whatever a power cut leaves is the old set or the new one, and can be written again`, async () => {
    const counter = counterAt(0n);
    const cuts = await cutsOf(await diskWith(before, counter), toNew, counter);
    const seen = new Set<string>();
    for (const cut of cuts) {
      const found = await verdictOn(cut);
      assert.ok([textOf(before), textOf(newSet)].includes(found), `after ${cut.after}: ${found}`);
      seen.add(found);
      const again = await open(new SimulatedDisk(cut.image), counterAt(cut.counted));
      await again.transaction(toNew);
      assert.equal(await contentOf(again), textOf(newSet), `written again after ${cut.after}`);
    }
    assert.equal(seen.size, 2, 'both outcomes were met');
    for (const cut of cuts.filter(({ after }) => after === 'end')) {
      assert.equal(await verdictOn(cut), textOf(newSet), 'what was reported as done stays');
    }
  });
}

for (const [name, leaveOut] of [
  ['the storage file', (path: string) => path.startsWith(`${folder}/`)],
  ['the key file', (path: string) => path.startsWith(keyFile)],
] as const) {
  test(`the walk notices a missing sync of ${name}`, async () => {
    const careless = (disk: SimulatedDisk): Files =>
      new Proxy(disk, {
        get(target, property) {
          const value = Reflect.get(target, property);
          if (property !== 'create') return typeof value === 'function' ? value.bind(target) : value;
          return async (path: string, mode: number) => {
            const file = await target.create(path, mode);
            return leaveOut(path) ? { ...file, sync: async () => undefined } : file;
          };
        },
      });
    const counter = counterAt(0n);
    const cuts = await cutsOf(await diskWith([]), toNew, counter, careless);
    const verdicts = await Promise.all(cuts.map(verdictOn));
    assert.ok(verdicts.some((verdict) => verdict !== '' && verdict !== textOf(newSet)));
  });
}

test('the walk notices a missing sync of the folder that holds the key', async () => {
  const careless = (disk: SimulatedDisk): Files =>
    new Proxy(disk, {
      get(target, property) {
        if (property === 'syncFolder') {
          return async (path: string) => (path === folder ? target.syncFolder(path) : undefined);
        }
        const value = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const before = new Map([
    ...(await diskWith([])),
    [folder.slice(0, 7), { folder: true, mode: 0o755, data: new Uint8Array() }],
    [folder, { folder: true, mode: 0o700, data: new Uint8Array() }],
  ]);
  const verdicts = await Promise.all((await cutsOf(before, toNew, counterAt(0n), careless)).map(verdictOn));
  assert.ok(verdicts.some((verdict) => verdict.includes('mooring.key does not exist')));
});

test('an old copy of the whole storage is refused where a counter remembers', async () => {
  const counter = counterAt(0n);
  const copy = await diskWith(oldSet, counter);
  const later = await open(new SimulatedDisk(copy), counter);
  await later.transaction(toNew);
  await later.transaction({ put: oldSet });
  await assert.rejects(open(new SimulatedDisk(copy), counter), { code: 'storage.rolled.back' });
});

test('the first storage after a wipe goes on where the counter stands', async () => {
  const counter = counterAt(41n);
  const storage = await open(new SimulatedDisk(), counter);
  assert.equal(await storage.transaction({ put: newSet }), 42n);
  assert.equal(counter.value, 42n);
});
