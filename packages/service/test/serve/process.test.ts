import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../temporary-folder.ts';
import { start } from './service.ts';

const launcher = join(import.meta.dirname, '../../../../bin/mooring');

interface Running {
  readonly child: ChildProcess;
  readonly texts: { stdout: string; stderr: string };
  /** Exit status, or the signal. */
  readonly ended: Promise<number | string>;
}

/** `mooring` as a shell starts it, in a home of its own. */
function run(t: TestContext, home: string, ...argv: string[]): Running {
  const child = spawn(process.execPath, [launcher, ...argv], {
    env: { HOME: home, PATH: process.env.PATH, MOORING_DEVICES: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString('utf8');
    });
  }
  return { child, texts, ended: once(child, 'close').then(([code, signal]) => code ?? signal) };
}

/** Waits until standard output holds a line of this form. */
async function line({ child, texts, ended }: Running, form: RegExp): Promise<string> {
  const over = ended.then((status) => assert.fail(`it ended with ${status}: ${texts.stderr}`));
  for (;;) {
    const found = texts.stdout
      .split('\n')
      .slice(0, -1)
      .find((each) => form.test(each));
    if (found !== undefined) return found;
    await Promise.race([once(child.stdout ?? assert.fail(), 'data'), over]);
  }
}

async function finish(t: TestContext, home: string, ...argv: string[]) {
  const { texts, ended } = run(t, home, ...argv);
  return { status: await ended, ...texts };
}

test('serve says that it is ready in one JSON object, is killed, starts again, and ends in order', async (t) => {
  const home = temporaryFolder(t);
  const killed = run(t, home, 'serve', '--http', '127.0.0.1:0', '--json');
  const ready = JSON.parse(await line(killed, /^\{/));
  assert.deepEqual(Object.keys(ready), [
    'url',
    'http',
    'pid',
    'account',
    'bootstrapUri',
    'lwm2mUri',
    'transports',
    'adminSocket',
    'ca',
    'portalLink',
  ]);
  const data = join(home, '.local/share/mooring');
  assert.equal(ready.adminSocket, join(data, 'admin.sock'));

  const made = await finish(t, home, 'api-key', 'create', 'laptop');
  assert.deepEqual([made.status, made.stdout.split('\n').length], [0, 2]);
  const answer = await fetch(`${ready.url}/v3/accounts/me`, {
    headers: { authorization: `Bearer ${made.stdout.trim()}` },
  });
  assert.equal(((await answer.json()) as { id: string }).id, ready.account);

  process.kill(ready.pid, 'SIGKILL');
  assert.equal(await killed.ended, 'SIGKILL');
  assert.ok(existsSync(ready.adminSocket), 'a killed service leaves its socket');
  assert.match((await finish(t, home, 'api-key', 'list')).stdout, /laptop/, 'what was acknowledged is there');

  const again = run(t, home, 'serve', '--http', '127.0.0.1:0', '--json');
  const { pid, account, adminSocket } = JSON.parse(await line(again, /^\{/));
  assert.equal(account, ready.account);
  process.kill(pid, 'SIGTERM');
  assert.equal(await again.ended, 0);
  assert.equal(again.texts.stdout.trim().split('\n').length, 1);
  assert.equal(existsSync(adminSocket), false);
});

test('serve for people: where it is, and Ctrl-C ends it with status 0', async (t) => {
  const home = temporaryFolder(t);
  const data = join(home, 'data');
  const running = run(t, home, 'serve', '--data', data, '--http', '127.0.0.1:0');
  await line(running, /^Ctrl-C/);
  assert.match(running.texts.stdout, /^Mooring is ready at http:\/\/127\.0\.0\.1:\d+\n/);
  assert.match(running.texts.stdout, new RegExp(`master key +the file ${data}\\.master-key`));
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0, running.texts.stderr);
  assert.doesNotMatch(running.texts.stderr, /\n +at /);
});

test('what cannot be started ends with a sentence, and with status 78 where another start would end so too', async (t) => {
  const home = temporaryFolder(t);
  const { status, stdout, stderr } = await finish(t, home, 'serve', '--http', '0.0.0.0:0');
  assert.deepEqual([status, stdout], [78, '']);
  assert.match(stderr, /^0\.0\.0\.0 can be reached by others.*\n.*--tls-own/);
  assert.equal(existsSync(join(home, '.local')), false);

  const service = await start(t);
  const serve = ['serve', '--data', service.data];
  const used = await finish(t, home, ...serve, '--http', `127.0.0.1:${new URL(service.url).port}`);
  assert.equal(used.status, 1, 'whoever has the folder or the port may end');
  await service.close();
  rmSync(`${service.data}.master-key`);
  const keyless = await finish(t, home, ...serve, '--http', '127.0.0.1:0');
  assert.equal(keyless.status, 78, keyless.stderr);
  assert.match(keyless.stderr, /No new one was made/);
  assert.equal((await finish(t, home, ...serve, '--http', 'nonsense:x')).status, 78);
});

test('a first start that is killed at any moment is completed by the next', async (t) => {
  const whole = temporaryFolder(t);
  const before = performance.now();
  const first = run(t, whole, 'serve', '--data', join(whole, 'data'), '--http', '127.0.0.1:0', '--json');
  await line(first, /^\{/);
  const duration = performance.now() - before;
  first.child.kill('SIGKILL');

  for (let round = 0; round < 4; round++) {
    const home = temporaryFolder(t);
    const data = join(home, 'data');
    const killed = run(t, home, 'serve', '--data', data, '--http', '127.0.0.1:0', '--json');
    // The second half is where the folder is made.
    await sleep(duration * (0.5 + Math.random() / 2));
    killed.child.kill('SIGKILL');
    await killed.ended;
    const service = await start(t, { data });
    assert.match(service.account, /^[0-9a-f]{32}$/);
    assert.equal(statSync(`${data}.master-key`).mode & 0o777, 0o600);
    assert.match(readFileSync(`${data}.master-key`, 'utf8'), /^[A-Za-z0-9+/]{43}=\n$/);
    await service.close();
  }
});

test('who is to stop says so before it stops, and a second signal ends it at once', async (t) => {
  const home = temporaryFolder(t);
  const words = ['serve', '--data', join(home, 'data'), '--http', '127.0.0.1:0', '--drain-notice', '2', '--json'];
  const running = run(t, home, ...words);
  const { pid, url } = JSON.parse(await line(running, /^\{/));
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  process.kill(pid, 'SIGTERM');
  while (!running.texts.stderr.includes('Stopping')) await sleep(10);
  const report = await fetch(`${url}/readyz`);
  assert.equal(report.status, 503);
  assert.match(await report.text(), /draining/);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  // Two that come together are one Ctrl-C that arrived by two ways.
  process.kill(pid, 'SIGTERM');
  await sleep(400);
  process.kill(pid, 'SIGTERM');
  assert.equal(await running.ended, 143);
  assert.match(running.texts.stderr, /Ended at once/);
  assert.equal((await finish(t, home, 'api-key', 'list', '--data', join(home, 'data'))).status, 0);
});
