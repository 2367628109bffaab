import type { DeviceDataPostRequest, DeviceDataPutRequest } from '@mooring/rest';
import { audit } from '../../audit/records.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { replaceAttributes, sameAttributes } from '../attributes.ts';
import { directoryEvents, recordDeviceEvent } from '../device-log/device-event.ts';
import { registryErrors } from '../errors.ts';
import { countDevice } from './counts.ts';
import { changeTime, type Device, type DeviceRow, findDevice, getDevice } from './device.ts';
import { deviceKeyOf, issuerFingerprintOf, midnightOf, plainUuid } from './identifiers.ts';
import { insertDevice } from './insert.ts';

const subject = (id: string) => ({ subjectKind: 'device', subjectId: id });

const invalid = (name: string, message: string) =>
  registryErrors('device.invalid', {
    message: `The device cannot have this ${name}: ${message}`,
    next: 'Change it and repeat; nothing was changed.',
    data: { fields: [{ name, message }] },
  });

/** What is not said stays undefined; null says that it is to be empty. */
function optional<Value, Kept>(value: Value | null | undefined, keep: (value: Value) => Kept): Kept | null | undefined {
  return value === undefined ? undefined : value === null ? null : keep(value);
}

const text = (value: string): string | null => (value === '' ? null : value);

function dayOf(name: string, value: string): number {
  const time = Date.parse(`${value}T00:00:00Z`);
  if (Number.isNaN(time)) throw invalid(name, 'There is no such day.');
  return midnightOf(time);
}

/** The columns that both kinds of requests change; only those that were given. */
function changeableColumns(input: DeviceDataPutRequest) {
  const columns = {
    description: optional(input.description, text),
    endpoint_type: optional(input.endpoint_type, text),
    host_gateway: optional(input.host_gateway, text),
    ca_id: optional(input.ca_id, text),
    device_key: optional(input.device_key, (key) => (key === '' ? null : deviceKeyOf(key))),
    auto_update: input.auto_update === undefined ? undefined : input.auto_update ? 1 : 0,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as Partial<DeviceRow>;
}

async function refuseTakenKey(domain: Domain, accountId: string, key: string, except?: string): Promise<void> {
  const present = await domain.storage.db
    .selectFrom('devices')
    .select('id')
    .where('account_id', '=', accountId)
    .where('device_key', '=', key)
    .where('device_execution_mode', '!=', 1)
    .executeTakeFirst();
  if (!present || present.id === except) return;
  throw registryErrors('device.present', {
    message: `The device ${present.id} has this certificate already.`,
    next: 'Use that device, or give the fingerprint of another certificate.',
    data: { fields: [{ name: 'device_key', message: `Is that of the device ${present.id}.` }] },
  });
}

/**
 * Puts a device into the directory that has not come yet. One with a `device_key` is recognised by its certificate when
 * it does.
 *
 * @throws MooringError `device.invalid`, `device.present`, `device.limit`
 */
export async function createDevice(domain: Domain, actor: Actor, input: DeviceDataPostRequest): Promise<Device> {
  const { accountId } = actor;
  if (input.state === 'registered') throw invalid('state', 'A device is registered once it has registered.');
  const columns = changeableColumns(input);
  const device = await domain.storage.transaction(async () => {
    if (columns.device_key) await refuseTakenKey(domain, accountId, columns.device_key);
    const { id, account_id, name } = await insertDevice(domain, accountId, {
      ...columns,
      ...(input.name ? { name: input.name } : {}),
      endpoint_name: input.endpoint_name ?? '',
      state: input.state ?? 'unenrolled',
      device_execution_mode: input.device_execution_mode ?? 0,
      device_class: optional(input.device_class, plainUuid) ?? null,
      vendor_id: optional(input.vendor_id, plainUuid) ?? null,
      serial_number: input.serial_number ?? null,
      issuer_fingerprint: optional(input.issuer_fingerprint, issuerFingerprintOf) ?? null,
      bootstrap_expiration:
        optional(input.bootstrap_expiration_date, (day) => dayOf('bootstrap_expiration_date', day)) ?? null,
      connector_expiration:
        optional(input.connector_expiration_date, (day) => dayOf('connector_expiration_date', day)) ?? null,
      mechanism: input.mechanism ?? 'connector',
      mechanism_url: input.mechanism_url ?? null,
      deployment: input.deployment ?? null,
      manifest: input.manifest ?? null,
    });
    await replaceAttributes(domain, 'device_attributes', { id, account_id }, input.custom_attributes ?? {});
    await audit(domain, actor, { action: 'device.created', ...subject(id), detail: { name } });
    return getDevice(domain, actor, id);
  });
  domain.bus.tell({ kind: 'changed', accountId, deviceId: device.id });
  return device;
}

/**
 * Changes what is given and keeps the rest.
 *
 * @throws MooringError `device.not.found`, `device.present`
 */
export async function updateDevice(
  domain: Domain,
  actor: Actor,
  id: string,
  input: DeviceDataPutRequest,
): Promise<Device> {
  const device = await domain.storage.transaction(async (db) => {
    const before = await getDevice(domain, actor, id);
    const given: Partial<DeviceRow> = {
      ...changeableColumns(input),
      ...(input.name === undefined ? {} : { name: input.name || id }),
    };
    const changed = Object.entries(given).filter(([column, value]) => value !== before[column as keyof DeviceRow]);
    const attributes =
      input.custom_attributes === undefined ? before.customAttributes : (input.custom_attributes ?? {});
    const fields = changed.map(([column]) => column);
    if (!sameAttributes(attributes, before.customAttributes)) {
      await replaceAttributes(domain, 'device_attributes', before, attributes);
      fields.push('custom_attributes');
    }
    if (fields.length === 0) return before;
    const columns = Object.fromEntries(changed) as Partial<DeviceRow>;
    if (columns.device_key) await refuseTakenKey(domain, actor.accountId, columns.device_key, id);
    if (columns.ca_id !== undefined) {
      await countDevice(domain, before, -1);
      await countDevice(domain, { ...before, ca_id: columns.ca_id }, 1);
    }
    await db
      .updateTable('devices')
      .set({ ...columns, updated_at: changeTime(domain, before.updated_at) })
      .where('id', '=', id)
      .execute();
    await recordDeviceEvent(domain, before, {
      type: directoryEvents.updated,
      description: 'Device record updated',
      data: { fields: fields.join(' ') },
    });
    await audit(domain, actor, { action: 'device.updated', ...subject(id), detail: { fields } });
    return getDevice(domain, actor, id);
  });
  domain.bus.tell({ kind: 'changed', accountId: actor.accountId, deviceId: id });
  return device;
}

/**
 * Deletes a device with its registration and its certificates; its events stay. A device in production cannot be
 * deleted, as in the old service: suspend it.
 *
 * @throws MooringError `device.not.found`, `device.kept`
 */
export async function deleteDevice(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const device = await findDevice(domain, actor.accountId, id);
    if (device.device_execution_mode !== 1 && device.state !== 'unenrolled') {
      throw registryErrors('device.kept', {
        message: `The device ${id} came with a certificate of its own; only devices with a developer certificate can be deleted.`,
        next: 'Suspend it: it is then not let in.',
      });
    }
    await db
      .updateTable('device_groups')
      .set(({ eb }) => ({ devices_count: eb('devices_count', '-', 1) }))
      .where('id', 'in', (members) =>
        members.selectFrom('device_group_members').select('group_id').where('device_id', '=', id),
      )
      .execute();
    await db.deleteFrom('devices').where('id', '=', id).execute();
    await countDevice(domain, device, -1);
    await recordDeviceEvent(domain, device, { type: directoryEvents.deleted, description: 'Device record deleted' });
    await audit(domain, actor, {
      action: 'device.deleted',
      ...subject(id),
      detail: { name: device.name, endpointName: device.endpoint_name },
    });
  });
  domain.bus.tell({ kind: 'deleted', accountId: actor.accountId, deviceId: id, at: domain.clock.now().getTime() });
}
