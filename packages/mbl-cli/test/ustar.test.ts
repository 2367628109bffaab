import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ustar } from '../src/ssh/ustar.ts';
import { temporaryFolder } from './world.ts';

test('what is packed, the system’s tar unpacks', async (t) => {
  const files = fc.dictionary(
    fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/),
    fc.uint8Array({ maxLength: 1100 }),
    { maxKeys: 8, noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(files, async (content) => {
      const folder = await temporaryFolder(t);
      const entries = Object.entries(content).map(([name, data]) => ({ name, data, mode: 0o600 }));
      const { status, stderr } = spawnSync('tar', ['-x', '-f', '-'], { cwd: folder, input: ustar(entries) });
      assert.equal(status, 0, stderr.toString());
      assert.deepEqual((await readdir(folder)).sort(), Object.keys(content).sort());
      for (const [name, data] of Object.entries(content)) {
        assert.deepEqual([...(await readFile(join(folder, name)))], [...data]);
        assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
      }
    }),
    { numRuns: 20 },
  );
});

test('a name that does not fit is a fault of the program', () => {
  for (const name of ['', 'x'.repeat(101), 'é']) {
    assert.throws(() => ustar([{ name, data: new Uint8Array(), mode: 0o600 }]), RangeError);
  }
});
