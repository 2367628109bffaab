import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inMemory, openForReading, piecesOf } from '../src/index.ts';

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'random-access-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'content');
  writeFileSync(path, content);
  return path;
}

test('a file and memory give the same bytes from anywhere', async (t) => {
  const file = await openForReading(fileOf(t));
  t.after(() => file.close());
  for (const source of [file, inMemory(content)]) {
    assert.equal(source.size, 1000);
    for (const [position, length] of [
      [0, 1000],
      [999, 1],
      [10, 20],
      [5, 0],
    ] as const) {
      assert.deepEqual(Buffer.from(await source.read(position, length)), content.subarray(position, position + length));
    }
  }
});

test('in pieces, from one place to another', async () => {
  const sizes: number[] = [];
  const parts: Buffer[] = [];
  for await (const piece of piecesOf(inMemory(content), { start: 100, end: 750, piece: 300 })) {
    sizes.push(piece.length);
    parts.push(Buffer.from(piece));
  }
  assert.deepEqual(sizes, [300, 300, 50]);
  assert.deepEqual(Buffer.concat(parts), content.subarray(100, 750));
});

test('what is not there is not read', async (t) => {
  const path = fileOf(t);
  const file = await openForReading(path);
  t.after(() => file.close());
  truncateSync(path, 10);
  await assert.rejects(file.read(0, 1000), { code: 'file.failed', message: /ends at byte 10: it has become shorter/ });
  await assert.rejects(inMemory(content).read(990, 11), RangeError);
  await assert.rejects(openForReading(`${path}.none`), { code: 'file.not.found' });
});
