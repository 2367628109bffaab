import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import type { DeregistrationReason } from '../bus.ts';
import { directoryEvents, recordDeviceEvent } from '../device-log/device-event.ts';
import { changeTime, type DeviceRow } from '../devices/device.ts';
import { nextState } from '../devices/state.ts';
import { type Registration, registrationOf } from './registration.ts';

const descriptions: Readonly<Record<DeregistrationReason | 'expired', string>> = {
  device: 'Device deregistered',
  expired: 'Device registration expired',
  suspended: 'Device deregistered because it was suspended',
};

const deleteRow = prepared<{ device_id: string }, Row<'registrations'>>((db, value) =>
  db.deleteFrom('registrations').where('device_id', '=', value('device_id')).returningAll(),
);

/** Writes the state of a device; the event is for the caller to write. */
export const setState = prepared<Pick<DeviceRow, 'id' | 'state' | 'updated_at'>, unknown>((db, value) =>
  db
    .updateTable('devices')
    .set({ state: value('state'), updated_at: value('updated_at') })
    .where('id', '=', value('id')),
);

/**
 * Takes the registration of a device away, if it has one. To be called in a transaction; the bus is told afterwards.
 *
 * @returns what was taken away
 */
export async function endRegistration(
  domain: Domain,
  device: Pick<DeviceRow, 'id' | 'account_id' | 'state' | 'updated_at'>,
  reason: DeregistrationReason | 'expired',
): Promise<Registration | undefined> {
  const { db } = domain.storage;
  const [row] = await deleteRow(db, { device_id: device.id });
  if (!row) return undefined;
  const state = nextState(device.state, 'deregistered');
  if (state !== device.state) {
    await setState(db, { id: device.id, state, updated_at: changeTime(domain, device.updated_at) });
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description: descriptions[reason],
      stateChange: true,
      data: { state, reason },
    });
  }
  return registrationOf(row);
}
