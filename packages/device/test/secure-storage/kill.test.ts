import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileKeyProvider, SecureStorage } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { setOf } from './numbered-set.ts';

const writer = join(import.meta.dirname, 'writer-process.ts');

/**
 * Lets a writer run for a while from its first report of `after` on, kills it, and gives the last generation that it
 * reported as done.
 */
async function writeAndKill(folder: string, keyFile: string, milliseconds: number, after: RegExp): Promise<bigint> {
  const child = spawn(process.execPath, [writer, folder, keyFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (after.test(output)) resolve();
    });
    child.on('close', () => resolve());
  });
  await sleep(milliseconds);
  child.kill('SIGKILL');
  await ended;
  const done = output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => /^\d+$/.test(line));
  return BigInt(done.at(-1) ?? 0);
}

/** Rounds on one storage, from nothing on, so that making folder and key is killed too; how many left a set. */
async function rounds(root: string, number: number): Promise<number> {
  const folder = join(root, 'config', 'store');
  const keyFile = join(root, 'config', 'key');
  let met = 0;
  for (let round = 0; round < number; round += 1) {
    // The first round is killed while folder and key are made, the others once a set was there, however slow the disk.
    const reported = await writeAndKill(folder, keyFile, Math.random() * 12, round === 0 ? /ready/ : /^\d+$/m);
    const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile) });
    await storage.read(async ({ generation, items, get }) => {
      assert.ok(generation >= reported, `${generation} is older than ${reported}`);
      if (generation === 0n) return assert.equal(existsSync(join(folder, 'store')), false);
      met += 1;
      const expected = setOf(Number(generation));
      assert.equal(items.length, expected.length);
      for (const item of expected) assert.deepEqual((await get(item.name))?.data, item.data);
    });
  }
  return met;
}

test('kill -9 at random moments: one whole set, never older than the last that was reported', async (t) => {
  const root = temporaryFolder(t);
  let met = 0;
  for (let batch = 0; batch < 5; batch += 1) {
    const lanes = ['a', 'b'].map((lane) => rounds(join(root, `${batch}${lane}`), 3));
    for (const left of await Promise.all(lanes)) met += left;
  }
  assert.ok(met >= 20, 'all but the first rounds leave a set to look at');
});
