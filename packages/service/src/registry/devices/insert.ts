import { newId } from '../../accounts/ids.ts';
import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import { directoryEvents, recordDeviceEvent } from '../device-log/device-event.ts';
import { registryErrors } from '../errors.ts';
import { countDevice, deviceCount } from './counts.ts';
import { changeTime, type DeviceRow } from './device.ts';

/** What has a value in a new device already. */
const empty = {
  endpoint_name: '',
  state: 'unenrolled',
  lifecycle_status: 'enabled',
  device_execution_mode: 0,
  mechanism: 'connector',
  auto_update: 0,
  operator_suspended: 0,
  description: null,
  ca_id: null,
  device_key: null,
  issuer_fingerprint: null,
  bootstrap_expiration: null,
  connector_expiration: null,
  bootstrapped_at: null,
  device_class: null,
  vendor_id: null,
  serial_number: null,
  endpoint_type: null,
  firmware_checksum: null,
  manifest: null,
  manifest_at: null,
  mechanism_url: null,
  deployment: null,
  host_gateway: null,
  enrolled_at: null,
  operator_suspended_category: null,
  operator_suspended_at: null,
  operator_suspended_description: null,
} as const satisfies Partial<DeviceRow>;

const columns = [...Object.keys(empty), 'id', 'account_id', 'name', 'created_at', 'updated_at'] as (keyof DeviceRow)[];

const insertRow = prepared<DeviceRow, unknown>((db, value) =>
  db
    .insertInto('devices')
    .values(Object.fromEntries(columns.map((column) => [column, value(column)])) as unknown as DeviceRow),
);

/**
 * Puts a new device into the directory, with its event. To be called in a transaction.
 *
 * @param fields what is known of it; its name is its id if none is given
 * @throws MooringError `device.limit`
 */
export async function insertDevice(
  domain: Domain,
  accountId: string,
  fields: Partial<Omit<DeviceRow, 'id' | 'account_id' | 'created_at' | 'updated_at'>>,
): Promise<DeviceRow> {
  const limit = domain.settings.limits.devices;
  if ((await deviceCount(domain, accountId)) >= limit) {
    throw registryErrors('device.limit', {
      message: `The account has as many devices as its limit allows: ${limit}.`,
      next: 'Delete those that are no longer there, or raise the limit.',
      data: { limit },
    });
  }
  const id = newId(domain.clock);
  const now = changeTime(domain);
  const row: DeviceRow = { ...empty, name: id, ...fields, id, account_id: accountId, created_at: now, updated_at: now };
  await insertRow(domain.storage.db, row);
  await countDevice(domain, row, 1);
  await recordDeviceEvent(domain, row, {
    type: directoryEvents.created,
    description: 'Device record created',
    stateChange: true,
    data: { state: row.state },
  });
  return row;
}
