import type { RegistryEvent } from '../registry/index.ts';
import type { Domain } from '../storage/context.ts';

/** Devices that are let in no more: their connections end. */
export async function devicesShutOut(
  domain: Domain,
  event: Extract<RegistryEvent, { kind: 'shut-out' }>,
): Promise<string[]> {
  const devices = domain.storage.db.selectFrom('devices').select('id').where('account_id', '=', event.accountId);
  const found =
    'keyOf' in event
      ? devices.where('endpoint_name', '=', event.keyOf).where('ca_id', 'is', null)
      : devices.where('ca_id', '=', event.trustedCertificateId);
  return (await found.execute()).map(({ id }) => id);
}
