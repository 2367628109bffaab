import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FilterFields, type ListQuery, parseListQuery } from '@mooring/rest';
import { CompiledQuery } from 'kysely';
import { type FieldRule, type PageRequest, pageQueries } from '../../src/lists/page.ts';
import { inGroup } from '../../src/registry/devices/device.ts';
import { deviceFilters, deviceRules } from '../../src/registry/devices/filters.ts';
import type { Domain } from '../../src/storage/context.ts';
import { service } from '../http/service-fixture.ts';

/** Fields that are the same in every device that is listed: nothing to look up. */
const constants = [
  'account_id',
  'system_suspended',
  'last_system_suspended_category',
  'last_system_suspended_updated_at',
];

/** Where the column of a field has another name. */
const columns: Readonly<Record<string, string>> = {
  deployed_state: 'device_execution_mode',
  manifest_timestamp: 'manifest_at',
  bootstrapped_timestamp: 'bootstrapped_at',
  bootstrap_expiration_date: 'bootstrap_expiration',
  connector_expiration_date: 'connector_expiration',
  enrolment_list_timestamp: 'enrolled_at',
  last_operator_suspended_category: 'operator_suspended_category',
  last_operator_suspended_updated_at: 'operator_suspended_at',
  etag: 'updated_at',
};

/** Fields of two values: the rare one is looked up, the other one is that of most devices. */
const rareValues: Readonly<Record<string, string>> = {
  lifecycle_status: 'blocked',
  mechanism: 'direct',
  auto_update: 'true',
  operator_suspended: 'true',
};

const samples = { string: 'development', text: 'x', integer: '1', boolean: 'true', time: '2026-01-01', map: 'x' };

function queryOf(search: string, fields: FilterFields): ListQuery {
  const { query, problems } = parseListQuery(search, fields);
  assert.deepEqual(problems, []);
  return query;
}

/** What SQLite does for both queries of a page, a line per table. */
async function plansOf<Table extends 'devices' | 'device_events' | 'denials'>(
  { storage: { db } }: Domain,
  request: PageRequest<Table>,
): Promise<{ paged: string[]; count: string[] }> {
  const { paged, count } = pageQueries(db, request);
  const plan = async (query: { compile(): CompiledQuery }) => {
    const { sql, parameters } = query.compile();
    const { rows } = await db.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
    );
    return rows.map(({ detail }) => detail);
  };
  return { paged: await plan(paged), count: await plan(count) };
}

test('every filter of the device list is looked up in an index', async (t) => {
  const { domain, accountId } = await service(t);
  const rules: Readonly<Record<string, FieldRule>> = deviceRules(accountId);
  const plans = (query: ListQuery) => plansOf(domain, { table: 'devices', accountId, query, rules });
  for (const [field, kind] of Object.entries(deviceFilters)) {
    if (constants.includes(field) || kind === 'map') continue;
    const rare = rareValues[field];
    const value = rare ?? samples[kind];
    const index =
      field === 'id'
        ? /sqlite_autoindex_devices_1|devices_page \(account_id=\? AND id=\?\)/
        : indexOf(columns[field] ?? field);
    const searches = [`${field}=${value}`, ...(rare ? [] : [`${field}__in=${value}`])];
    for (const search of searches) {
      const { paged, count } = await plans(queryOf(`${search}&after=0`, deviceFilters));
      assert.match(paged.join('\n'), index, search);
      assert.match(count.join('\n'), index, search);
      assert.doesNotMatch(paged.join('\n'), /TEMP B-TREE/, `${search} comes sorted`);
    }
    if (kind === 'time') {
      for (const op of ['gte', 'lte']) {
        // A range is either looked up, or the devices are gone through in their order until the page is full.
        const { paged, count } = await plans(queryOf(`${field}__${op}=${value}`, deviceFilters));
        assert.match(count.join('\n'), index, `${field}__${op}`);
        assert.doesNotMatch(paged.join('\n'), /SCAN devices/, `${field}__${op}`);
      }
    }
  }
});

const indexOf = (column: string): RegExp => new RegExp(`devices_${column} \\(account_id=\\? AND ${column}[=<>]`);

test('custom attributes are looked up by their value, and a group by its members', async (t) => {
  const { domain, accountId } = await service(t);
  const rules = deviceRules(accountId);
  for (const search of ['custom_attributes__site=north', 'custom_attributes__site__in=a,b']) {
    const query = queryOf(`${search}&state=registered`, deviceFilters);
    const { paged, count } = await plansOf(domain, { table: 'devices', accountId, query, rules });
    for (const plan of [paged, count]) {
      assert.match(plan.join('\n'), /device_attributes_value \(account_id=\? AND key=\? AND value=\?\)/, search);
      assert.doesNotMatch(plan.join('\n'), /SCAN (devices|device_attributes)/, search);
    }
  }
  const { paged } = await plansOf(domain, {
    table: 'devices',
    accountId,
    query: queryOf('', deviceFilters),
    rules,
    conditions: [inGroup('a')],
  });
  assert.match(paged.join('\n'), /device_group_members.*\(group_id=\?\)/);
});

test('pages without a filter, and those that leave devices out, come in their order without sorting', async (t) => {
  const { domain, accountId } = await service(t);
  const rules = deviceRules(accountId);
  for (const search of [
    '',
    'order=DESC&after=0',
    'state__neq=registered',
    'custom_attributes__a__neq=b',
    'name__nin=a,b',
  ]) {
    const query = queryOf(search, deviceFilters);
    const { paged } = await plansOf(domain, { table: 'devices', accountId, query, rules });
    assert.match(paged.join('\n'), /SEARCH devices USING (COVERING )?INDEX devices_page \(account_id=\?/, search);
    assert.doesNotMatch(paged.join('\n'), /TEMP B-TREE FOR ORDER/, search);
  }
});
