import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { provisioningItems } from '@mooring/credentials';
import { fileKeyProvider, SecureStorage } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type CredentialSet, credentialSet, type FileName, writeSet } from './credential-set.ts';
import { run } from './terminal.ts';

const main = join(import.meta.dirname, '../../src/provisioning/main.ts');

/** Runs the program and kills it some time after it began to work; true if it was done before. */
async function provisionAndKill(options: readonly string[], milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [main, '--provision', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const began = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
  });
  await Promise.race([began, ended]);
  await Promise.race([sleep(milliseconds), ended]);
  child.kill('SIGKILL');
  await ended;
  return output.includes('completed without error');
}

test('kill -9 while provisioning: the old credentials or the new ones, and the next run completes', async (t) => {
  const root = temporaryFolder(t);
  const certificates = join(root, 'certs');
  const sets = [credentialSet('first'), credentialSet('second')];
  let options: string[] = [];
  let store = '';
  let before: CredentialSet | undefined;
  for (let round = 0; round < 12; round += 1) {
    if (round % 4 === 0) {
      store = join(root, `store-${round}`);
      options = ['--certs-dir', certificates, '--store', store];
      before = undefined;
    }
    const sent = sets[round % 2] as CredentialSet;
    writeSet(certificates, sent);
    const done = await provisionAndKill(options, Math.random() * 30);
    const storage = await SecureStorage.open({ folder: store, keyProvider: fileKeyProvider(`${store}.key`) });
    const found = await storage.read(async ({ items, get }) => {
      const all = await Promise.all(items.map(({ name }) => get(name)));
      return new Map(all.map((item) => [item?.name, Buffer.from(item?.data ?? [])]));
    });
    const isSet = (set: CredentialSet) =>
      found.size === provisioningItems.length &&
      provisioningItems.every(({ name, source }) => !source || found.get(name)?.equals(set[source as FileName]));
    assert.ok(isSet(sent) || (!done && (before ? isSet(before) : found.size === 0)), `round ${round}`);
    if (round % 4 === 3) {
      assert.equal((await run(['--provision', ...options])).status, 0);
      assert.equal((await run(['--get-pelion-status', ...options])).status, 0);
    }
    before = isSet(sent) ? sent : before;
  }
});
