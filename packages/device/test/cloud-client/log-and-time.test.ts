import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import { fakeTime } from '@mooring/platform/testing';
import { BestTime } from '../../src/cloud-client/best-time.ts';
import { clientLog } from '../../src/cloud-client/log.ts';
import { StateFile } from '../../src/cloud-client/state-file.ts';
import { systemNotices } from '../../src/cloud-client/system-notices.ts';
import { fileKeyProvider, SecureStorage } from '../../src/index.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the log has the lines of Mbed Linux OS’ client, and a new file after it was rotated', (t) => {
  const path = join(folderOf(t), 'log');
  const also: string[] = [];
  const clock = fixedClock('2026-11-28T02:00:01.900Z');
  const log = clientLog(path, { clock, debug: false, also: (text) => also.push(text), failed: assert.ifError });
  log.info('Client registered');
  log.debug('not told');
  log.error('two\nlines');
  renameSync(path, `${path}.1`);
  log.info('to the old file still');
  log.reopen();
  log.reopen();
  log.warn('new');
  log.close();
  const head = '2026-11-28T02:00:01+0000';
  assert.equal(
    readFileSync(`${path}.1`, 'utf8'),
    `${head} [INFO][mbl ]: Client registered\n${head} [ERR ][mbl ]: two lines\n${head} [INFO][mbl ]: to the old file still\n`,
  );
  assert.equal(readFileSync(path, 'utf8'), `${head} [WARN][mbl ]: new\n`);
  assert.equal(also.length, 4);
});

test('a log that cannot be written is told once, and the client goes on', () => {
  const failures: Error[] = [];
  const also: string[] = [];
  const options = {
    clock: fixedClock('2026-01-01T00:00:00Z'),
    debug: true,
    also: (text: string) => void also.push(text),
  };
  const log = clientLog('/no/such/folder/log', { ...options, failed: (error) => failures.push(error) });
  log.info('one');
  log.debug('two');
  assert.equal(failures.length, 1);
  assert.equal(also.length, 2);
});

const stored = async (t: TestContext) => {
  const folder = folderOf(t);
  return SecureStorage.open({ folder: join(folder, 'store'), keyProvider: fileKeyProvider(join(folder, 'key')) });
};

test('a device without a clock: no time at first, then what was vouched for, and never back', async (t) => {
  const storage = await stored(t);
  const clock = fixedClock('1970-01-01T00:10:00Z');
  const time = await BestTime.open(storage, clock);
  assert.equal(time.now(), undefined);
  assert.equal(await time.vouched(new Date('2016-01-01T00:00:00Z')), false, 'before the client was built');
  assert.equal(await time.vouched(new Date('2107-01-01T00:00:00Z')), false, 'beyond 32 bits');
  assert.equal(await time.vouched(new Date('2026-11-28T02:00:00Z')), true);
  clock.set('1970-01-01T00:20:00Z');
  assert.equal(time.now()?.toISOString(), '2026-11-28T02:10:00.000Z');
  assert.equal(await time.vouched(new Date('2026-11-27T00:00:00Z')), false, 'time does not run backwards');

  clock.set('1970-01-01T00:00:05Z');
  const after = await BestTime.open(storage, clock);
  assert.equal(after.now()?.toISOString(), '2026-11-28T02:00:00.000Z', 'after a restart: not earlier than that');
});

test('a device with a clock goes by it', async (t) => {
  const time = await BestTime.open(await stored(t), fixedClock('2026-11-28T02:00:00Z'));
  assert.equal(time.now()?.toISOString(), '2026-11-28T02:00:00.000Z');
});

test('the state file is whole, and gone at the end', (t) => {
  const path = join(folderOf(t), 'run', 'state.json');
  const file = new StateFile(path);
  const state = { state: 'registered', since: '2026-11-28T02:00:00.000Z', pid: 1, endpointName: 'e' } as const;
  file.write(state);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), state);
  file.remove();
  file.remove();
  assert.throws(() => readFileSync(path), /ENOENT/);
});

test('systemd hears that the client is ready, and twice in each watchdog period that it is alive while it is', async () => {
  const time = fakeTime();
  const sent: string[] = [];
  let healthy = true;
  const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '120000000' };
  const notices = systemNotices(
    env,
    time.timers,
    () => healthy,
    (words) => void sent.push(words.join(' ')),
  );
  notices.ready('starting');
  await time.advance(120_000);
  healthy = false;
  await time.advance(120_000);
  notices.stopping();
  notices.end();
  assert.deepEqual(sent, ['--ready --status=starting', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1']);
  assert.equal(time.waiting, 0);
});

test('without systemd nothing is said', () => {
  const time = fakeTime();
  systemNotices(
    {},
    time.timers,
    () => true,
    () => assert.fail(),
  ).ready('x');
  assert.equal(time.waiting, 0);
});
