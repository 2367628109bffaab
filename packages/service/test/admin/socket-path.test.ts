import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { newSocketPath, removeSocket } from '../../src/admin/socket-path.ts';
import { temporaryFolder } from '../temporary-folder.ts';

async function socketAt(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  server.unref();
}

test('the socket is in the data folder', async (t) => {
  const folder = temporaryFolder(t);
  assert.equal(await newSocketPath(folder, {}), join(folder, 'admin.sock'));
});

test('where the data folder is too deep for a socket, a short private folder is made, and removed with it', async (t) => {
  const deep = join(temporaryFolder(t), 'd'.repeat(120));
  mkdirSync(deep);
  const runtime = temporaryFolder(t);
  const path = await newSocketPath(deep, { XDG_RUNTIME_DIR: runtime });
  assert.equal(dirname(dirname(path)), runtime);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  await socketAt(path);
  await removeSocket(path, deep);
  assert.equal(existsSync(dirname(path)), false);

  const elsewhere = await newSocketPath(deep, { XDG_RUNTIME_DIR: join(runtime, 'r'.repeat(120)) });
  assert.ok(Buffer.byteLength(elsewhere) <= 103);
  await socketAt(elsewhere);
  await removeSocket(elsewhere, deep);
});

test('what is no socket of ours stays', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'admin.sock'), 'a file');
  await removeSocket(join(folder, 'admin.sock'), folder);
  assert.ok(existsSync(join(folder, 'admin.sock')));

  const others = join(temporaryFolder(t), 'others');
  mkdirSync(others);
  await socketAt(join(others, 'admin.sock'));
  await removeSocket(join(others, 'admin.sock'), folder);
  assert.ok(existsSync(others));
  await removeSocket(join(folder, 'never-there.sock'), folder);
});
