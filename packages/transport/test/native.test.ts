import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addons, digestFile, sourceDigests } from '../native/build.ts';
import { nativePlatforms } from '../src/native.ts';

test('the addons in the tree were built from the sources in the tree', () => {
  assert.equal(readFileSync(digestFile, 'utf8'), sourceDigests(), 'run native/build.ts and commit what it makes');
  for (const platform of nativePlatforms) {
    for (const name of addons) {
      const file = join(import.meta.dirname, '../prebuilt', platform, `${name}.node`);
      assert.ok(existsSync(file), file);
      // ELF, e_machine: 62 is x86-64, 183 is AArch64.
      const elf = readFileSync(file);
      assert.equal(elf.readUInt16LE(18), platform === 'linux-x64' ? 62 : 183);
    }
  }
});
