import type { DeviceBlock } from '@mooring/rest';
import { audit } from '../../audit/records.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { directoryEvents, recordDeviceEvent } from '../device-log/device-event.ts';
import { registryErrors } from '../errors.ts';
import { endRegistration } from '../registrations/end.ts';
import { changeTime, findDevice } from './device.ts';

/**
 * Suspends a device: its registration ends, and it is not let in until it is resumed. For one that is suspended, the
 * category and the description change.
 *
 * @throws MooringError `device.not.found`
 */
export async function suspendDevice(domain: Domain, actor: Actor, id: string, block: DeviceBlock): Promise<void> {
  const category = block.category || null;
  const ended = await domain.storage.transaction(async (db) => {
    const device = await findDevice(domain, actor.accountId, id);
    const registration = await endRegistration(domain, device, 'suspended');
    const now = changeTime(domain, device.updated_at + 1);
    await db
      .updateTable('devices')
      .set({
        operator_suspended: 1,
        lifecycle_status: 'blocked',
        operator_suspended_category: category,
        operator_suspended_description: block.description ?? null,
        operator_suspended_at: now,
        updated_at: now,
      })
      .where('id', '=', id)
      .execute();
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description: 'Device suspended',
      data: { category: category ?? '' },
    });
    await audit(domain, actor, {
      action: 'device.suspended',
      subjectKind: 'device',
      subjectId: id,
      detail: { category },
    });
    return registration;
  });
  if (!ended) return;
  const at = domain.clock.now().getTime();
  domain.bus.tell({ kind: 'deregistered', registration: ended, reason: 'suspended', at });
}

/**
 * Returns a device that was suspended. One that was not stays as it is.
 *
 * @throws MooringError `device.not.found`; `device.invalid` if the category is another than that of the suspension
 */
export async function resumeDevice(domain: Domain, actor: Actor, id: string, block: DeviceBlock): Promise<void> {
  const category = block.category || null;
  await domain.storage.transaction(async (db) => {
    const device = await findDevice(domain, actor.accountId, id);
    if (device.operator_suspended === 0) return;
    const suspended = device.operator_suspended_category;
    if (suspended !== category) {
      throw registryErrors('device.invalid', {
        message: `The device was suspended ${suspended === null ? 'without a category' : `as "${suspended}"`}, and is resumed with the same.`,
        next: 'Give the category of the suspension.',
        data: { fields: [{ name: 'category', message: 'Is not that of the suspension.' }] },
      });
    }
    const now = changeTime(domain, device.updated_at);
    await db
      .updateTable('devices')
      .set({
        operator_suspended: 0,
        lifecycle_status: 'enabled',
        operator_suspended_description: block.description ?? null,
        operator_suspended_at: now,
        updated_at: now,
      })
      .where('id', '=', id)
      .execute();
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description: 'Device returned to service',
      data: { category: category ?? '' },
    });
    await audit(domain, actor, {
      action: 'device.resumed',
      subjectKind: 'device',
      subjectId: id,
      detail: { category },
    });
  });
}
