import type { Filter, FilterFields, FilterValue } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { columnCondition, type FieldRule } from '../../lists/page.ts';
import { attributeCondition } from '../attributes.ts';
import { deviceKeyOf, plainUuid } from './identifiers.ts';

/** The fields of a device that take a filter: in lists, in groups, in stored queries and in campaigns. */
export const deviceFilters: FilterFields = {
  id: 'string',
  account_id: 'string',
  endpoint_name: 'string',
  name: 'string',
  description: 'string',
  state: 'string',
  lifecycle_status: 'string',
  device_execution_mode: 'integer',
  deployed_state: 'string',
  mechanism: 'string',
  mechanism_url: 'string',
  deployment: 'string',
  auto_update: 'boolean',
  ca_id: 'string',
  device_key: 'string',
  device_class: 'string',
  vendor_id: 'string',
  serial_number: 'string',
  endpoint_type: 'string',
  firmware_checksum: 'string',
  manifest: 'string',
  manifest_timestamp: 'time',
  host_gateway: 'string',
  bootstrapped_timestamp: 'time',
  bootstrap_expiration_date: 'time',
  connector_expiration_date: 'time',
  enrolment_list_timestamp: 'time',
  operator_suspended: 'boolean',
  last_operator_suspended_category: 'string',
  last_operator_suspended_updated_at: 'time',
  system_suspended: 'boolean',
  last_system_suspended_category: 'string',
  last_system_suspended_updated_at: 'time',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
  custom_attributes: 'map',
};

const spelt =
  (column: string, normal: (text: string) => string): FieldRule =>
  (filter) =>
    columnCondition(sql.ref(column), { ...filter, values: filter.values.map((value) => normal(String(value))) });

/** A column whose rare value alone stands in an index, which is used where that value stands in the query itself. */
const rarely =
  (column: string, rare: string | number): FieldRule =>
  (filter) => {
    const isRare =
      filter.op === 'eq' && (typeof rare === 'number' ? Number(filter.values[0]) : filter.values[0]) === rare;
    return isRare ? sql<boolean>`${sql.ref(column)} = ${sql.lit(rare)}` : columnCondition(sql.ref(column), filter);
  };

/** A field that has the same value in every device. */
const constant =
  (value: FilterValue | null): FieldRule =>
  (filter) =>
    columnCondition(value === null ? sql`null` : sql.lit(Number(value)), filter);

const deployedStates: Readonly<Record<string, readonly number[]>> = { development: [1], production: [0, 5] };

/** `deployed_state` is another word for the execution mode. */
function deployedState({ op, values }: Filter): RawBuilder<boolean> {
  const modes = values.flatMap((value) => deployedStates[String(value)] ?? []);
  const wanted = op === 'eq' || op === 'in' ? modes : [0, 1, 5].filter((mode) => !modes.includes(mode));
  if (wanted.length === 0) return sql<boolean>`1 = 0`;
  return columnCondition(sql.ref('device_execution_mode'), { field: '', op: 'in', values: wanted });
}

const rules: Readonly<Record<string, FieldRule>> = {
  deployed_state: deployedState,
  lifecycle_status: rarely('lifecycle_status', 'blocked'),
  mechanism: rarely('mechanism', 'direct'),
  auto_update: rarely('auto_update', 1),
  operator_suspended: rarely('operator_suspended', 1),
  device_key: spelt('device_key', deviceKeyOf),
  device_class: spelt('device_class', plainUuid),
  vendor_id: spelt('vendor_id', plainUuid),
  manifest_timestamp: 'manifest_at',
  bootstrapped_timestamp: 'bootstrapped_at',
  bootstrap_expiration_date: 'bootstrap_expiration',
  connector_expiration_date: 'connector_expiration',
  enrolment_list_timestamp: 'enrolled_at',
  last_operator_suspended_category: 'operator_suspended_category',
  last_operator_suspended_updated_at: 'operator_suspended_at',
  system_suspended: constant(false),
  last_system_suspended_category: constant(null),
  last_system_suspended_updated_at: constant(null),
  etag: 'updated_at',
};

/** How each of them is found in the table. */
export function deviceRules(accountId: string): Readonly<Record<string, FieldRule>> {
  return {
    ...Object.fromEntries(Object.keys(deviceFilters).map((field) => [field, field])),
    ...rules,
    custom_attributes: (filter) => attributeCondition('device_attributes', 'devices', accountId, filter),
  };
}
