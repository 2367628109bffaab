// A disk that is really full: a small file system in memory.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { missing, notTested } from '../../../test/peers/missing.ts';
import { askService } from '../src/admin/client.ts';
import { mooring } from '../test/command-line.ts';
import { failure } from '../test/failures.ts';
import { start } from '../test/serve/service.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const skip =
  missing(['mount'], 'mount') ||
  (process.getuid?.() !== 0 && notTested('the full disk needs root, to mount a small file system'));

/** The hooks of `t` run first come, first served; what stands on a disk has to end before the disk goes. */
function lastFirst(t: TestContext): Pick<TestContext, 'after'> {
  const hooks: (() => unknown)[] = [];
  t.after(async () => {
    for (const hook of hooks.reverse()) await hook();
  });
  return { after: (hook) => void hooks.push(hook as () => unknown) };
}

/** A disk of so many MiB, gone after the test. */
function disk(t: Pick<TestContext, 'after'>, size: number): string {
  const folder = join(temporaryFolder(t), 'disk');
  mkdirSync(folder);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'mooring', folder]);
  assert.equal(status, 0, String(stderr));
  t.after(() => void spawnSync('umount', ['--lazy', folder]));
  return folder;
}

/** Writes until nothing more goes; returns what makes room again. */
function fill(folder: string): () => void {
  const path = join(folder, 'ballast');
  const file = openSync(path, 'a');
  for (const size of [1 << 16, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    try {
      while (writeSync(file, block) === size);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

test('on a full disk reading goes on, writing is refused with a sentence, and it mends itself', {
  skip,
}, async (context) => {
  const t = lastFirst(context);
  const folder = disk(t, 16);
  const service = await start(t, { data: join(folder, 'data') });
  const made = await askService(service.adminSocket, 'api-key create', { name: 'one' });
  const headers = { authorization: `Bearer ${made?.result.key}`, 'content-type': 'application/json' };
  const create = (name: string) =>
    fetch(`${service.url}/v3/developer-certificates`, { method: 'POST', headers, body: JSON.stringify({ name }) });
  const first = (await (await create('before')).json()) as { id: string };
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200);

  const makeRoom = fill(folder);
  // The write-ahead log may have room inside for a while.
  let refused = await create('full 0');
  for (let round = 1; refused.status === 201 && round < 2000; round++) refused = await create(`full ${round}`);
  assert.equal(refused.status, 507);
  const body = (await refused.json()) as Record<string, unknown>;
  assert.deepEqual([body.object, body.code, body.type], ['error', 507, 'insufficient_storage']);
  assert.match(String(body.message), /disk is full/);
  assert.ok(!String(body.message).includes(folder));

  const read = await fetch(`${service.url}/v3/developer-certificates/${first.id}`, { headers });
  assert.equal(read.status, 200);
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  const said = await failure('database.disk.full', () =>
    askService(service.adminSocket, 'api-key create', { name: 'two'.repeat(20) }),
  );
  assert.match(said.next ?? '', /Free some space/);
  await sleep(2_100);
  const unready = await fetch(`${service.url}/readyz`);
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /database\.disk\.full/);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  assert.match(metrics, /^mooring_ready 0$/m);

  makeRoom();
  assert.equal((await create('after')).status, 201, 'without a restart');
  await sleep(2_100);
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
  const found = await fetch(`${service.url}/v3/trusted-certificates?include=total_count`, { headers });
  assert.equal(found.status, 200);
});

test('a service starts on a full disk, and a first start leaves nothing half made', { skip }, async (context) => {
  const t = lastFirst(context);
  const folder = disk(t, 8);
  const data = join(folder, 'data');
  const first = await start(t, { data });
  await first.close();
  const makeRoom = fill(folder);
  const again = await mooring(['api-key', 'create', 'x', '--data', data]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /full/);
  makeRoom();
  assert.equal((await start(t, { data })).account, first.account);

  const other = disk(t, 8);
  const room = fill(other);
  await assert.rejects(start(t, { data: join(other, 'data') }), /full/);
  room();
  assert.equal((await start(t, { data: join(other, 'data') })).firstStart, true);
});
