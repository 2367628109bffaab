import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acquireLock } from '@mooring/platform';
import fc from 'fast-check';
import { type Changes, fileKeyProvider, realFiles, SecureStorage, type StoredItem } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const item = (name: string, data: string, type: StoredItem['type'] = 'config', factory = true): StoredItem => ({
  name,
  type,
  factory,
  data: Buffer.from(data),
});

interface Place {
  folder: string;
  keyFile: string;
  file: string;
  open(): Promise<SecureStorage>;
}

function place(t: Pick<TestContext, 'after'>, root = temporaryFolder(t), name = 'storage'): Place {
  const folder = join(root, 'config', name);
  const keyFile = join(root, 'config', 'key');
  return {
    folder,
    keyFile,
    file: join(folder, 'store'),
    open: () => SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile) }),
  };
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

async function contentOf(storage: SecureStorage): Promise<StoredItem[]> {
  return storage.read(async ({ items, get }) => {
    const found = await Promise.all(items.map(({ name }) => get(name)));
    return found.map((one) => ({ ...(one as StoredItem), data: Buffer.from(one?.data ?? []) }));
  });
}

test('opening and reading an empty storage makes nothing', async (t) => {
  const { folder, keyFile, open } = place(t);
  const storage = await open();
  assert.deepEqual(await storage.items(), []);
  assert.equal(await storage.get('mbed.EndpointName'), undefined);
  assert.equal(existsSync(folder) || existsSync(keyFile), false);
});

test('items come back with name, type, flag and bytes, and lie encrypted for their owner alone', async (t) => {
  const { folder, keyFile, file, open } = place(t);
  const items = [
    item('mbed.EndpointName', 'my-endpoint-name'),
    item('mbed.BootstrapDevicePrivateKey', 'very-private', 'private-key'),
    item('sslsession', '', 'config', false),
  ];
  assert.equal(await (await open()).transaction({ put: items }), 1n);
  assert.deepEqual(await contentOf(await open()), items);
  assert.deepEqual([mode(folder), mode(file), mode(keyFile)], ['700', '600', '600']);
  assert.deepEqual(readdirSync(folder), ['store']);
  const bytes = readFileSync(file, 'latin1');
  for (const { name, data } of items.slice(0, 2)) {
    assert.ok(!bytes.includes(name) && !bytes.includes(Buffer.from(data).toString('latin1')));
  }
});

test('any series of transactions leaves what the changes say', async (t) => {
  const root = temporaryFolder(t);
  const names = fc.constantFrom('a', 'b', 'mbed.C', 'x'.repeat(100));
  const stored = fc.record({
    name: names,
    type: fc.constantFrom('config' as const, 'certificate' as const, 'private-key' as const),
    factory: fc.boolean(),
    data: fc.uint8Array({ maxLength: 300 }),
  });
  const changes = fc.record({ put: fc.array(stored, { maxLength: 4 }), remove: fc.array(names, { maxLength: 3 }) });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { maxLength: 6 }), async (series) => {
      const { open } = place(t, root, `run-${run++}`);
      const expected = new Map<string, StoredItem>();
      let generation = 0n;
      for (const one of series) {
        for (const name of one.remove) expected.delete(name);
        for (const put of one.put) expected.set(put.name, { ...put, data: Buffer.from(put.data) });
        const next = await (await open()).transaction(one);
        assert.ok(next === generation || next === generation + 1n);
        generation = next;
        const found = await contentOf(await open());
        assert.deepEqual(new Map(found.map((it) => [it.name, it])), expected);
      }
    }),
    { numRuns: 40 },
  );
});

test('a transaction without effect writes nothing', async (t) => {
  const { file, open } = place(t);
  const storage = await open();
  await storage.transaction({ put: [item('a', '1')] });
  const before = readFileSync(file);
  assert.equal(await storage.transaction({ put: [item('a', '1')], remove: ['b'] }), 1n);
  assert.deepEqual(readFileSync(file), before);
});

test('every generation is encrypted with keys of its own', async (t) => {
  const { file, open } = place(t);
  const storage = await open();
  const parts = new Set<string>();
  for (const other of ['1', '2', '3']) {
    await storage.transaction({ put: [item('a', 'the same content'), item('other', other)] });
    parts.add(readFileSync(file).subarray(-17, -1).toString('hex'));
  }
  assert.equal(parts.size, 3);
});

for (const [why, wrong] of [
  ['a name of 101 characters', item('x'.repeat(101), '')],
  ['an empty name', item('', '')],
  ['a name with a slash', item('a/b', '')],
  ['a name with a letter beyond ASCII', item('ä', '')],
  ['an unknown type', { ...item('a', ''), type: 'public-key' as 'config' }],
  ['more bytes than a file can hold sensibly', { ...item('a', ''), data: new Uint8Array((1 << 20) + 1) }],
] as const) {
  test(`${why} is refused, and the rest of the transaction with it`, async (t) => {
    const { open } = place(t);
    const storage = await open();
    await assert.rejects(storage.transaction({ put: [item('fine', ''), wrong] }), { code: 'storage.item.invalid' });
    assert.deepEqual(await storage.items(), []);
  });
}

test('a failing decision changes nothing and lets the next writer in', async (t) => {
  const { open } = place(t);
  const storage = await open();
  const decision = async (): Promise<Changes> => {
    throw new Error('changed my mind');
  };
  await assert.rejects(storage.transaction(decision), /changed my mind/);
  assert.equal(await storage.transaction({ put: [item('a', '')] }), 1n);
});

test('every byte of the file counts: a flipped bit is an error or leaves the item as it was', async (t) => {
  const { file, open } = place(t);
  const items = [
    item('mbed.EndpointName', 'endpoint'),
    item('key', 'secret', 'private-key'),
    item('flag', '', 'config', false),
  ];
  await (await open()).transaction({ put: items });
  const whole = readFileSync(file);
  const codes = new Map<string, number>();
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    writeFileSync(file, changed);
    let code = 'unnoticed';
    try {
      await contentOf(await open());
    } catch (error) {
      code = (error as { code: string }).code;
    }
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.deepEqual([...codes], [['storage.damaged', whole.length]]);
});

test('a shortened or lengthened file is damaged, and the message names it', async (t) => {
  const { file, open } = place(t);
  await (await open()).transaction({ put: [item('a', 'content'), item('b', 'more')] });
  const whole = readFileSync(file);
  for (const bytes of [
    ...Array.from(whole, (_, end) => whole.subarray(0, end)),
    Buffer.concat([whole, Buffer.of(0)]),
  ]) {
    writeFileSync(file, bytes);
    await assert.rejects(open(), (error: Error & { code: string }) => {
      return error.code === 'storage.damaged' && error.message.includes(file);
    });
  }
});

test('damage to one item leaves the others readable', async (t) => {
  const { file, open } = place(t);
  await (await open()).transaction({ put: [item('a', 'content'), item('b', 'more')] });
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  writeFileSync(file, bytes);
  const storage = await open();
  assert.equal(Buffer.from((await storage.get('a'))?.data ?? '').toString(), 'content');
  await assert.rejects(storage.get('b'), { code: 'storage.damaged' });
  await assert.rejects(storage.transaction({ put: [item('c', '')] }), { code: 'storage.damaged' });
});

/** Where the items' bytes begin: behind header, tag and index. */
const itemsAt = (bytes: Buffer) => 112 + 16 + bytes.readUInt32BE(84);

for (const [what, spliced] of [
  [
    'two items of one storage changed places',
    (own: Buffer) => {
      const at = itemsAt(own);
      return Buffer.concat([own.subarray(0, at), own.subarray(at + 5), own.subarray(at, at + 5)]);
    },
  ],
  [
    'the items of an earlier generation under the present index',
    (own: Buffer, earlier: Buffer) =>
      Buffer.concat([own.subarray(0, itemsAt(own)), earlier.subarray(itemsAt(earlier))]),
  ],
  [
    'the present index with the header of an earlier generation',
    (own: Buffer, earlier: Buffer) => Buffer.concat([earlier.subarray(0, 112), own.subarray(112)]),
  ],
  [
    'the items of another storage with the same key',
    (own: Buffer, _: Buffer, other: Buffer) =>
      Buffer.concat([own.subarray(0, itemsAt(own)), other.subarray(itemsAt(other))]),
  ],
] as const) {
  test(`${what}: damaged, never a wrong item`, async (t) => {
    const root = temporaryFolder(t);
    const own = place(t, root, 'own');
    const other = place(t, root, 'other');
    const put = [item('a', 'aaaaa'), item('b', 'bbbbb')];
    await (await own.open()).transaction({ put });
    const earlier = readFileSync(own.file);
    await (await own.open()).transaction({ put: [item('a', 'AAAAA')] });
    await (await other.open()).transaction({ put });
    writeFileSync(own.file, spliced(readFileSync(own.file), earlier, readFileSync(other.file)));
    await assert.rejects(async () => contentOf(await own.open()), { code: 'storage.damaged' });
  });
}

test('a storage of a later version is refused by that name', async (t) => {
  const { file, open } = place(t);
  await (await open()).transaction({ put: [item('a', '')] });
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(3, 8);
  const { createHash } = await import('node:crypto');
  bytes.set(createHash('sha256').update(bytes.subarray(0, 96)).digest().subarray(0, 16), 96);
  writeFileSync(file, bytes);
  await assert.rejects(open(), { code: 'storage.version' });
});

for (const [what, harm, code] of [
  ['is gone', ({ keyFile }: Place) => rmSync(keyFile), 'storage.key.missing'],
  ['holds another key', ({ keyFile }: Place) => writeFileSync(keyFile, `${'ab'.repeat(32)}\n`), 'storage.key.wrong'],
  ['is empty', ({ keyFile }: Place) => writeFileSync(keyFile, ''), 'storage.key.malformed'],
  ['is cut off', ({ keyFile }: Place) => writeFileSync(keyFile, 'ab'.repeat(31)), 'storage.key.malformed'],
  ['holds something else', ({ keyFile }: Place) => writeFileSync(keyFile, 'x'.repeat(64)), 'storage.key.malformed'],
  ['may be read by the group', ({ keyFile }: Place) => chmodSync(keyFile, 0o640), 'storage.key.exposed'],
  ['may be read by all', ({ keyFile }: Place) => chmodSync(keyFile, 0o644), 'storage.key.exposed'],
  [
    'is a folder',
    ({ keyFile }: Place) => {
      rmSync(keyFile);
      mkdirSync(keyFile, { mode: 0o700 });
    },
    'file.not.folder',
  ],
] as const) {
  test(`a key file that ${what}: nothing is read, written or made anew`, async (t) => {
    const here = place(t);
    const storage = await here.open();
    await storage.transaction({ put: [item('a', '1')] });
    const before = readFileSync(here.file);
    harm(here);
    const key = existsSync(here.keyFile) && statSync(here.keyFile).isFile() ? readFileSync(here.keyFile) : undefined;
    await assert.rejects(here.open(), { code });
    assert.deepEqual(readFileSync(here.file), before);
    assert.deepEqual(
      existsSync(here.keyFile) && statSync(here.keyFile).isFile() ? readFileSync(here.keyFile) : undefined,
      key,
    );
  });
}

test('a key file that is there already is used for a new storage, if it is a good one', async (t) => {
  const root = temporaryFolder(t);
  const [one, two] = [place(t, root, 'one'), place(t, root, 'two')];
  await (await one.open()).transaction({ put: [item('a', '1')] });
  const key = readFileSync(one.keyFile);
  await (await two.open()).transaction({ put: [item('a', '2')] });
  assert.deepEqual(readFileSync(one.keyFile), key);
  chmodSync(one.keyFile, 0o604);
  const three = place(t, root, 'three');
  await assert.rejects((await three.open()).transaction({ put: [item('a', '3')] }), { code: 'storage.key.exposed' });
  assert.equal(existsSync(three.file), false);
});

test('an empty folder is taken for oneself, one that others may enter and that holds something is not', async (t) => {
  const { folder, open } = place(t);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, 'letter.txt'), 'mine');
  await assert.rejects((await open()).transaction({ put: [item('a', '')] }), { code: 'storage.folder.exposed' });
  assert.equal(mode(folder), '755');
  rmSync(join(folder, 'letter.txt'));
  await (await open()).transaction({ put: [item('a', '')] });
  assert.equal(mode(folder), '700');
});

test('a second writer waits its turn, and both changes are kept', async (t) => {
  const { open } = place(t);
  const writers = await Promise.all(Array.from({ length: 6 }, open));
  await Promise.all(writers.map((writer, n) => writer.transaction({ put: [item(`from-${n}`, String(n))] })));
  assert.equal((await (await open()).items()).length, 6);
});

test('a lock that is not given up is an error that says so', async (t) => {
  const { folder, keyFile, open } = place(t);
  await (await open()).transaction({ put: [item('a', '')] });
  const held = await acquireLock(join(folder, 'lock'));
  const files = { ...realFiles, lock: (path: string) => acquireLock(path, 0) };
  const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile), files });
  await assert.rejects(storage.transaction({ put: [item('a', '2')] }), { code: 'storage.locked' });
  await held.release();
  assert.equal(await storage.transaction({ put: [item('a', '2')] }), 2n);
});

test('a reader keeps its generation while a writer replaces it', async (t) => {
  const { open } = place(t);
  const storage = await open();
  await storage.transaction({ put: [item('a', 'old'), item('b', 'old')] });
  const seen = await storage.read(async (snapshot) => {
    const a = await snapshot.get('a');
    await (await open()).transaction({ put: [item('a', 'new'), item('b', 'new')] });
    return [a, await snapshot.get('b')].map((found) => Buffer.from(found?.data ?? '').toString());
  });
  assert.deepEqual(seen, ['old', 'old']);
});

for (const [what, step] of [
  ['while the file is written', 'write'],
  ['while it is synced', 'sync'],
] as const) {
  test(`a disk that is full ${what} leaves the old content and nothing beside it`, async (t) => {
    const { folder, keyFile, open } = place(t);
    await (await open()).transaction({ put: [item('a', 'old')] });
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    const files = {
      ...realFiles,
      create: async (path: string, bits: number) => ({
        ...(await realFiles.create(path, bits)),
        [step]: async () => {
          throw full;
        },
      }),
    };
    const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile), files });
    await assert.rejects(storage.transaction({ put: [item('a', 'new')] }), { code: 'storage.full' });
    assert.deepEqual(readdirSync(folder), ['store']);
    assert.deepEqual(await contentOf(await open()), [item('a', 'old')]);
  });
}

test('what a killed writer left beside is cleared by the next one', async (t) => {
  const { folder, file, open } = place(t);
  await (await open()).transaction({ put: [item('a', 'old')] });
  copyFileSync(file, join(folder, 'store.new'));
  assert.deepEqual(await contentOf(await open()), [item('a', 'old')]);
  await (await open()).transaction({ put: [item('a', 'new')] });
  assert.deepEqual(readdirSync(folder), ['store']);
});

test('a storage of the first format is read, and written on in the present one', async (t) => {
  const { folder, keyFile, file, open } = place(t);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(keyFile, '68f25ffad949c9adcea2e75e160bcf23fce5bc9205d03f0c396a56dd7d6a2c92\n', { mode: 0o600 });
  const first =
    'TU9PUlNUT1IAAAABNbg19XQLS3TYmvzCnxr1wQAAAAAAAAABKpKwk+AvWSFk4elgdMHCB+kfMJXp50WXGPOsPKNSQhrVzwfyVpMnP48SLYkrV0ka' +
    'AAAAKgAAAAyVjkb3Rp9YJGgdaeeABJuxOxC9nMlSxk8JS0RV1VujZ2zYdbDL104hGxlBykAEQOa24xy7Dy752rIfWHpRM45C4VQxGqIbZpfq63kN' +
    'vATuubwCp/sLDA==';
  writeFileSync(file, Buffer.from(first, 'base64'), { mode: 0o600 });
  assert.deepEqual(await contentOf(await open()), [item('mbed.EndpointName', 'first-format')]);
  assert.equal(await (await open()).transaction({ put: [item('more', '1')] }), 2n);
  assert.equal(readFileSync(file).readUInt32BE(8), 2);
  assert.equal((await contentOf(await open())).length, 2);
});
