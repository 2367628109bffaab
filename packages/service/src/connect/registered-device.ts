import type { RegisteredResource } from '../registry/index.ts';
import type { Domain } from '../storage/context.ts';
import type { RegisteredDevice } from './messages.ts';

export interface Registered extends RegisteredDevice {
  isBlocked: boolean;
}

/** The registration of a device of the account, or undefined where it has none. */
export async function registeredDevice(
  domain: Domain,
  accountId: string,
  deviceId: string,
): Promise<Registered | undefined> {
  const row = await domain.storage.db
    .selectFrom('registrations')
    .innerJoin('devices', 'devices.id', 'registrations.device_id')
    .select([
      'registrations.endpoint_name',
      'registrations.endpoint_type',
      'registrations.queue_mode',
      'registrations.resources_json',
      'devices.lifecycle_status',
    ])
    .where('registrations.device_id', '=', deviceId)
    .where('registrations.account_id', '=', accountId)
    .executeTakeFirst();
  return (
    row && {
      deviceId,
      accountId,
      endpointName: row.endpoint_name,
      endpointType: row.endpoint_type,
      queueMode: row.queue_mode === 1,
      resources: JSON.parse(row.resources_json) as RegisteredResource[],
      isBlocked: row.lifecycle_status === 'blocked',
    }
  );
}

/**
 * Whether the registration speaks for a path: it is listed, or something above it or below it is. Pelion's clients
 * list every resource, others only object instances.
 */
export function hasPath(resources: readonly RegisteredResource[], path: string): boolean {
  return resources.some(
    ({ path: listed }) => listed === path || path.startsWith(`${listed}/`) || listed.startsWith(`${path}/`),
  );
}
