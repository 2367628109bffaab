import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedClock } from '@mooring/platform';
import { sql } from 'kysely';
import { openVault } from '../../src/keys/vault.ts';
import { Readiness } from '../../src/serve/readiness.ts';
import { openStorage } from '../../src/storage/index.ts';
import { service } from '../http/service-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('ready is what can store and sign; the finding holds for a while', async (t) => {
  const { request, domain } = await service(t);
  const { status, body } = await request('GET', '/readyz', { key: null });
  assert.deepEqual([status, body], [200, { status: 'ready', reasons: [] }]);
  await sql.raw('pragma query_only = on').execute(domain.storage.db);
  assert.equal((await request('GET', '/readyz', { key: null })).status, 200, 'not everyone who asks makes a probe');
  const report = await new Readiness(domain).report();
  assert.deepEqual(
    report.reasons.map(({ code }) => code),
    ['database.read.only'],
  );
  await sql.raw('pragma query_only = off').execute(domain.storage.db);
  assert.equal((await new Readiness(domain).report()).status, 'ready');
});

test('not ready with another master key, and nothing is said of where it is', async (t) => {
  const { domain } = await service(t);
  const report = await new Readiness({ ...domain, vault: openVault(new Uint8Array(32).fill(9)) }).report();
  assert.deepEqual(report.reasons, [
    { code: 'master.key.wrong', message: 'The master key does not open the private keys.' },
  ]);
});

test('the probe writes, and the change of mind is logged once', async (t) => {
  const { domain } = await service(t);
  const folder = temporaryFolder(t);
  const storage = await openStorage({ folder, clock: fixedClock('2026-01-02T03:04:05Z') });
  t.after(() => storage.close());
  const events: string[] = [];
  const say = (event: string) => void events.push(event);
  const readiness = new Readiness({ ...domain, storage }, { debug: say, info: say, warning: say, error: say });
  const log = () => statSync(`${storage.file}-wal`).size;
  const before = log();
  assert.equal((await readiness.report()).status, 'ready');
  assert.ok(log() > before, 'the probe reached the disk');
  await sql.raw('pragma query_only = on').execute(storage.db);
  await sleep(2_050);
  assert.equal((await readiness.report()).status, 'not ready');
  await readiness.report();
  await sql.raw('pragma query_only = off').execute(storage.db);
  await sleep(2_050);
  assert.equal((await readiness.report()).status, 'ready');
  assert.deepEqual(events, ['not-ready', 'ready']);
});

test('who drains is not ready at once', async (t) => {
  const { domain } = await service(t);
  const readiness = new Readiness(domain);
  assert.equal((await readiness.report()).status, 'ready');
  readiness.drain();
  assert.deepEqual(await readiness.report(), {
    status: 'not ready',
    reasons: [{ code: 'draining', message: 'The service is being stopped.' }],
  });
});
