import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  byteSum,
  openIpk,
  readAr,
  readCpio,
  readTar,
  type TarInput,
  writeAr,
  writeCpio,
  writeTar,
} from '../src/index.ts';
import { bytes, ipk, pieces } from './samples.ts';

const code = (name: string) => (error: { code?: string }) => error.code === name;

async function cpioOf(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const found: [string, Buffer][] = [];
  for await (const { name, content } of readCpio(source, 'it')) found.push([name, await bytes(content)]);
  return found;
}

async function tarOf(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const found: unknown[] = [];
  for await (const { path, kind, mode, target, content } of readTar(source, 'it')) {
    found.push([path, kind, mode, target, (await bytes(content)).toString('latin1')]);
  }
  return found;
}

const cpioInput = (name: string, data: Uint8Array) => ({
  name,
  size: data.length,
  sum: byteSum(data),
  content: [data],
});

const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,15}$/).filter((text) => !/^\.{1,2}$/.test(text));
const members = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 2000 })), {
  selector: ([one]) => one,
  maxLength: 6,
});

test('cpio: what was written is read, however it is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(members, fc.integer({ min: 1, max: 700 }), async (all, size) => {
      const archive = await bytes(writeCpio(all.map(([one, data]) => cpioInput(one, data))));
      assert.equal(archive.length % 512, 0);
      assert.deepEqual(
        await cpioOf(pieces(archive, size)),
        all.map(([one, data]) => [one, Buffer.from(data)]),
      );
    }),
    { numRuns: 100 },
  );
});

test('ar: what was written is read', async () => {
  await fc.assert(
    fc.asyncProperty(members, fc.integer({ min: 1, max: 700 }), async (all, size) => {
      const found: [string, Buffer][] = [];
      const archive = writeAr(all.map(([one, data]) => ({ name: one, data })));
      for await (const one of readAr(pieces(archive, size), 'it')) found.push([one.name, await bytes(one.content)]);
      assert.deepEqual(
        found,
        all.map(([one, data]) => [one, Buffer.from(data)]),
      );
    }),
    { numRuns: 100 },
  );
});

test('tar: what was written is read, long names too', async () => {
  const path = fc
    .array(fc.stringMatching(/^[a-zé]{1,60}$/), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 1500 })), { selector: ([one]) => one, maxLength: 5 }),
      fc.integer({ min: 1, max: 900 }),
      async (files, size) => {
        const clash = files.some(([one]) => files.some(([other]) => other.startsWith(`${one}/`)));
        const archive = await bytes(
          writeTar(files.map(([one, data]) => ({ path: one, size: data.length, content: [data] }))),
        );
        if (clash) return;
        assert.deepEqual(
          await tarOf(pieces(archive, size)),
          files.map(([one, data]) => [one, 'file', 0o644, undefined, Buffer.from(data).toString('latin1')]),
        );
      },
    ),
    { numRuns: 100 },
  );
});

const file = (path: string, text = 'x'): TarInput => ({ path, size: text.length, content: [Buffer.from(text)] });
const link = (path: string, target: string): TarInput => ({ path, kind: 'symbolic link', target });

for (const [what, entries] of [
  ['leads out with ..', [file('a/../../b')]],
  ['has an absolute path', [file('/etc/passwd')]],
  ['is there twice', [file('a'), file('a')]],
  ['lies below a link', [link('a', 'b'), file('a/c')]],
  ['lies below a file', [file('a'), file('a/c')]],
  ['is a link in place of a folder', [{ path: 'a', kind: 'folder' }, link('a', 'b')]],
  ['is a link that leads out', [link('a/b', '../../c')]],
  ['is a link that leads out by way of a folder', [link('a', 'b/../../c')]],
] as const satisfies readonly [string, readonly TarInput[]][]) {
  test(`tar: a member that ${what} is refused`, async () => {
    await assert.rejects(tarOf(writeTar(entries)), code('payload.unsafe'));
  });
}

test('tar: links within, and absolute ones, which are of the root that is unpacked, are taken', async () => {
  const found = await tarOf(writeTar([link('bin/sh', '../usr/busybox'), link('init', '/sbin/init')]));
  assert.equal(found.length, 2);
});

for (const [what, wrong] of [
  ['a path', 'a/b'],
  ['the folder above', '..'],
  ['an absolute path', '/a'],
] as const) {
  test(`cpio and ar: ${what} as a name is refused`, async () => {
    await assert.rejects(cpioOf(writeCpio([cpioInput(wrong, Buffer.from('x'))])), code('payload.unsafe'));
    const archive = Buffer.from(writeAr([{ name: 'xx', data: Buffer.from('x') }]));
    archive.write(wrong.padEnd(16), 8, 'latin1');
    await assert.rejects(async () => {
      for await (const _ of readAr([archive], 'it'));
    }, code('payload.unsafe'));
  });
}

test('cpio: the checksum tells a changed byte', async () => {
  const archive = await bytes(writeCpio([cpioInput('a', Buffer.from('content'))]));
  archive[archive.indexOf('content')] = 0;
  await assert.rejects(cpioOf([archive]), code('payload.malformed'));
});

test('ipk: control and data are read; a value may have colons', async () => {
  const { control, entries } = await openIpk(pieces(await ipk('hello'), 100), 'it');
  assert.equal(control.name, 'hello');
  assert.equal(control.fields.get('description'), 'see https://example.com: it says more');
  const paths: string[] = [];
  for await (const { path } of entries) paths.push(path);
  assert.deepEqual(paths, ['config.json', 'rootfs', 'rootfs/bin', 'rootfs/bin/run', 'rootfs/run']);
});

test('an archive that is cut off or changed anywhere is read, or refused in words', async () => {
  const cpio = await bytes(
    writeCpio([cpioInput('sw-description', Buffer.from('abc')), cpioInput('b', Buffer.alloc(600, 7))]),
  );
  const tar = await bytes(writeTar([file('x'.repeat(120)), link('b', 'c'), file('d/e', 'y'.repeat(700))]));
  const ar = Buffer.from(
    writeAr([
      { name: 'a', data: Buffer.from('abc') },
      { name: 'b', data: Buffer.from('d') },
    ]),
  );
  const readers = [
    [cpio, cpioOf],
    [tar, tarOf],
    [
      ar,
      async (source: Iterable<Uint8Array>) => {
        for await (const { content } of readAr(source, 'it')) await bytes(content);
      },
    ],
  ] as const;
  const position = fc.nat();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...readers),
      fc.array(fc.tuple(position, fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.option(position),
      async ([whole, read], changes, cut) => {
        const changed = Buffer.from(whole);
        for (const [at, value] of changes) changed[at % changed.length] = value;
        const given = cut === null ? changed : changed.subarray(0, cut % changed.length);
        try {
          await read([given]);
        } catch (error) {
          assert.match((error as { code?: string }).code ?? String(error), /^payload\./);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
