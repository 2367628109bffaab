import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFiles } from '../../src/fleet/memory-files.ts';

async function write(files: MemoryFiles, path: string, text: string): Promise<void> {
  const file = await files.create(path, 0o600);
  await file.write(Buffer.from(text));
  await file.sync();
  await file.close();
}

async function read(files: MemoryFiles, path: string): Promise<string | undefined> {
  const file = await files.openToRead(path);
  return file && Buffer.from(await file.read(0, 1000)).toString();
}

test('devices that are flashed alike go apart when they write', async () => {
  const first = new MemoryFiles();
  await write(first, '/store', 'as flashed');
  const [one, other] = [new MemoryFiles(first.image()), new MemoryFiles(first.image())];
  await write(one, '/store.new', 'of one');
  await one.rename('/store.new', '/store');
  assert.equal(await read(one, '/store'), 'of one');
  assert.equal(await read(other, '/store'), 'as flashed');
  assert.deepEqual(await one.list('/'), ['store']);
});

test('a name that is taken, a folder that is missing, and what is not there', async () => {
  const files = new MemoryFiles();
  await write(files, '/a', '');
  await assert.rejects(files.create('/a', 0o600), { code: 'EEXIST' });
  await assert.rejects(files.create('/folder/a', 0o600), { code: 'ENOENT' });
  await assert.rejects(files.rename('/b', '/c'), { code: 'ENOENT' });
  await files.remove('/b');
  assert.equal(await files.openToRead('/b'), undefined);
  assert.equal(await files.status('/b'), undefined);
  await files.makeFolder('/folder', 0o700);
  await write(files, '/folder/a', 'there');
  assert.deepEqual(await files.list('/folder'), ['a']);
});

test('who wants the lock waits for who has it', async () => {
  const files = new MemoryFiles();
  const order: string[] = [];
  const first = await files.lock();
  const second = files.lock().then((lock) => {
    order.push('second has it');
    return lock.release();
  });
  const third = files.lock().then(() => order.push('third has it'));
  order.push('first lets go');
  await first.release();
  await Promise.all([second, third]);
  assert.deepEqual(order, ['first lets go', 'second has it', 'third has it']);
});
