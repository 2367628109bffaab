import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, device as deviceOf } from './client.ts';

test('a restart breaks connections, empties /tmp, and the device comes back in another boot', async (t) => {
  const device = await deviceOf(t, { faults: { restartTime: 10 } });
  const { root } = device;
  const bootId = () => readFile(join(root, 'proc/sys/kernel/random/boot_id'), 'utf8');
  const before = await bootId();
  await mkdir(join(root, 'tmp/a/b'), { recursive: true });
  await writeFile(join(root, 'tmp/a/do_not_reboot'), '');
  await writeFile(join(root, 'scratch/kept'), '');

  const connection = await connect(t, device);
  const gone = new Promise<void>((resolve) => connection.once('close', () => resolve()));
  connection.exec('reboot', () => undefined);
  await gone;
  let again: Awaited<ReturnType<typeof connect>> | undefined;
  for (let tries = 0; !again && tries < 100; tries++) {
    again = await connect(t, device).catch(() => undefined);
    if (!again) await pause(20);
  }
  assert.ok(again, 'it is back at its port');
  assert.notEqual(await bootId(), before);
  await assert.rejects(readFile(join(root, 'tmp/a/do_not_reboot')), { code: 'ENOENT' });
  await readFile(join(root, 'scratch/kept'));
});
