import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { operator } from '../../src/accounts/index.ts';
import { audit } from '../../src/audit/records.ts';
import { trimBackups } from '../../src/backup/retention.ts';
import type { LogLevel } from '../../src/serve/log.ts';
import { defaultRetention } from '../../src/serve/settings.ts';
import { trimLog } from '../../src/upkeep/log-retention.ts';
import { Upkeep } from '../../src/upkeep/upkeep.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

async function write({ domain, accountId }: Fixture, count: number, action: string): Promise<void> {
  await domain.storage.transaction(async () => {
    for (let index = 0; index < count; index++) {
      await audit(domain, operator(accountId), { action, subjectKind: 'test', subjectId: String(index) });
    }
  });
}

async function kept({ domain }: Fixture): Promise<Record<string, number>> {
  const rows = await domain.storage.db
    .selectFrom('audit_records')
    .select(({ fn }) => ['action', fn.countAll<number>().as('rows')])
    .where('subject_kind', '=', 'test')
    .groupBy('action')
    .execute();
  return Object.fromEntries(rows.map(({ action, rows: count }) => [action, Number(count)]));
}

test('audit records beyond the number go, the oldest first, in several batches', async (t) => {
  const fixture = await service(t);
  await write(fixture, 1200, 'old');
  await write(fixture, 300, 'new');
  const removed = await trimLog(fixture.domain, 'audit_records', { days: 0, max: 400 });
  assert.ok(removed > 1100);
  assert.deepEqual(await kept(fixture), { old: 100, new: 300 });
  assert.equal(await trimLog(fixture.domain, 'audit_records', { days: 0, max: 400 }), 0);
});

test('audit records beyond the age go, but the newest thousand stay', async (t) => {
  const fixture = await service(t);
  await write(fixture, 1500, 'old');
  fixture.clock.set('2028-06-01T00:00:00Z');
  await write(fixture, 200, 'new');
  assert.equal((await trimLog(fixture.domain, 'audit_records', { days: 365, max: 0 })) > 0, true);
  assert.deepEqual(await kept(fixture), { old: 800, new: 200 });
});

test('without limits nothing goes', async (t) => {
  const fixture = await service(t);
  await write(fixture, 1500, 'old');
  fixture.clock.set('2050-01-01T00:00:00Z');
  assert.equal(await trimLog(fixture.domain, 'audit_records', { days: 0, max: 0 }), 0);
});

test('a clock that jumped to 2080 or fell to 1970 makes no record old', async (t) => {
  const fixture = await service(t);
  await write(fixture, 1500, 'old');
  for (const wrong of ['2080-01-01T00:00:00Z', '1970-01-01T00:00:10Z']) {
    fixture.clock.set(wrong);
    assert.equal(await trimLog(fixture.domain, 'audit_records', { days: 365, max: 0 }), 0, wrong);
  }
});

test('of the backups that the service made itself the newest stay, and what others put there', async (t) => {
  const data = temporaryFolder(t);
  const folder = join(data, 'backups');
  assert.deepEqual(await trimBackups(data, 2), [], 'there are none yet');
  mkdirSync(folder);
  const own = ['1-20260102T030405Z', '2-20260302T030405Z', '10-20260202T030405Z'].map(
    (each) => `schema-${each}.tar.gz`,
  );
  for (const name of [...own, 'mine.tar.gz', 'schema-1.tar.gz']) writeFileSync(join(folder, name), '');
  assert.deepEqual(await trimBackups(data, 0), []);
  assert.deepEqual(await trimBackups(data, 2), [own[0]]);
  assert.deepEqual(readdirSync(folder).sort(), ['mine.tar.gz', own[2], own[1], 'schema-1.tar.gz'].sort());
});

test('certificates that end soon are warned of once a day, and a failure stops nothing', async (t) => {
  const { domain, accountId, clock } = await service(t);
  const said: { level: LogLevel; event: string; message: string }[] = [];
  const say = (level: LogLevel) => (event: string, message: string) => void said.push({ level, event, message });
  const upkeep = new Upkeep({
    domain,
    accountId,
    retention: { ...defaultRetention, backupsKeep: 1 },
    log: { debug: say('debug'), info: say('info'), warning: say('warning'), error: say('error') },
    shown: () => ({ use: 'https', name: 'https', notAfter: new Date('2026-12-01T00:00:00Z') }),
    auditRemoved: () => undefined,
  });
  await upkeep.once();
  await upkeep.once();
  assert.deepEqual(
    said.map(({ level, message }) => `${level}: ${message}`),
    ['warning: The HTTPS certificate ends on 2026-12-01, in 8 days.'],
  );
  clock.set('2026-12-02T00:00:00Z');
  await upkeep.once();
  assert.equal(said.at(-1)?.message, 'The HTTPS certificate ended on 2026-12-01.');
  await upkeep.stop();
});
