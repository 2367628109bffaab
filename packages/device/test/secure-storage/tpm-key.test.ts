import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SecureStorage, type StoredItem } from '../../src/index.ts';
import type { Tpm } from '../../src/secure-storage/tpm/tools.ts';
import { defaultIndex, tpmKeyProvider } from '../../src/secure-storage/tpm/tpm-key.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { SimulatedTpm } from './simulated-tpm.ts';

const item = (text: string): StoredItem => ({ name: 'a', type: 'config', factory: true, data: Buffer.from(text) });
const index = '0x01804001';

function place(t: TestContext, tpm = new SimulatedTpm()) {
  const root = temporaryFolder(t);
  const folder = join(root, 'store');
  const temporary = temporaryFolder(t);
  const open = (device = tpm) =>
    SecureStorage.open({ folder, keyProvider: tpmKeyProvider({ tpm: device.tools, index, temporary }) });
  return { tpm, folder, temporary, file: join(folder, 'store'), open };
}

test('counter and storage move together', async (t) => {
  const { tpm, open } = place(t);
  for (const text of ['1', '2', '3']) {
    const generation = await (await open()).transaction({ put: [item(text)] });
    assert.equal(tpm.state.indexes.get(index)?.value, generation);
  }
});

test('nothing secret is on a command line, and no file of the tools stays', async (t) => {
  const { tpm, temporary, open, folder } = place(t);
  await (await open()).transaction({ put: [item('1')] });
  const sealed = readFileSync(join(folder, 'store'), 'latin1');
  const { private: secret } = JSON.parse(/\{"counter".*?\}/.exec(sealed)?.[0] ?? '') as { private: string };
  const key = (JSON.parse(Buffer.from(secret, 'base64').toString()) as string[])[1] ?? '-';
  assert.equal(key.length, 64);
  await open();
  assert.ok(!tpm.commands.flat().some((word) => word.includes(key)));
  assert.deepEqual(readdirSync(temporary), []);
});

test('a transaction of another process between file and counter is no roll back', async (t) => {
  const { tpm, folder, temporary, open } = place(t);
  await (await open()).transaction({ put: [item('1')] });
  let meanwhile = async () => {
    meanwhile = async () => undefined;
    await (await open()).transaction({ put: [item('2')] });
  };
  const slow: Tpm = {
    ...tpm.tools,
    must: async (program, ...rest) => {
      if (program === 'tpm2_nvread') await meanwhile();
      return tpm.tools.must(program, ...rest);
    },
  };
  const storage = await SecureStorage.open({ folder, keyProvider: tpmKeyProvider({ tpm: slow, index, temporary }) });
  assert.equal(Buffer.from((await storage.get('a'))?.data ?? []).toString(), '2');
});

for (const [what, harm, code] of [
  ['another device (its TPM did not seal the key)', ({ open }) => open(new SimulatedTpm()), 'storage.key.elsewhere'],
  [
    'a TPM that was cleared',
    ({ tpm, open }) => {
      tpm.clear();
      return open();
    },
    'storage.key.elsewhere',
  ],
  [
    'an ordinary index set to the right number in place of the counter',
    ({ tpm, open }) => {
      tpm.replaceByOrdinary(index, tpm.state.indexes.get(index)?.value ?? 0n);
      return open();
    },
    'storage.counter.missing',
  ],
  [
    'the counter taken away',
    async ({ tpm, open }) => {
      await tpm.tools.must('tpm2_nvundefine', [index]);
      return open();
    },
    'storage.counter.missing',
  ],
  [
    'the counter taken away and made again',
    async ({ tpm, open }) => {
      await tpm.tools.must('tpm2_nvundefine', [index]);
      await tpm.tools.must('tpm2_nvdefine', [index]);
      await tpm.tools.must('tpm2_nvincrement', [index]);
      return open();
    },
    'storage.rolled.back',
  ],
  [
    'an edited index of the counter, with a checksum that fits',
    async ({ tpm, open, file }) => {
      const { createHash } = await import('node:crypto');
      const bytes = readFileSync(file);
      bytes.write('0x01804002', bytes.indexOf('0x01804001'), 'latin1');
      const end = 96 + bytes.readUInt16BE(94);
      bytes.set(createHash('sha256').update(bytes.subarray(0, end)).digest().subarray(0, 16), end);
      writeFileSync(file, bytes);
      await tpm.tools.must('tpm2_nvdefine', ['0x01804002']);
      await tpm.tools.must('tpm2_nvincrement', ['0x01804002']);
      return open();
    },
    'storage.damaged',
  ],
] as const satisfies readonly [string, (here: ReturnType<typeof place>) => Promise<unknown>, string][]) {
  test(`refused: ${what}`, async (t) => {
    const here = place(t);
    await (await here.open()).transaction({ put: [item('1')] });
    const before = readFileSync(here.file);
    await assert.rejects(harm(here), { code });
    if (code !== 'storage.damaged') assert.deepEqual(readFileSync(here.file), before);
  });
}

test('an old copy is refused, also after a wipe', async (t) => {
  const { folder, file, open } = place(t);
  await (await open()).transaction({ put: [item('1')] });
  const copy = readFileSync(file);
  await (await open()).transaction({ put: [item('2')] });
  const latest = readFileSync(file);
  writeFileSync(file, copy);
  await assert.rejects(open(), { code: 'storage.rolled.back' });
  const { rmSync } = await import('node:fs');
  rmSync(folder, { recursive: true });
  await (await open()).transaction({ put: [item('3')] });
  writeFileSync(file, latest);
  await assert.rejects(open(), { code: 'storage.rolled.back' });
});

test('the counter goes with the folder of the storage', () => {
  assert.equal(defaultIndex('/config/user/mooring'), defaultIndex('/config/user/./mooring/'));
  assert.notEqual(defaultIndex('/config/user/mooring'), defaultIndex('/config/user/other'));
  assert.match(defaultIndex('/x'), /^0x01804[0-9a-f]{3}$/);
});
