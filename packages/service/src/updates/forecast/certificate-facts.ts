import type { Registration } from '../../registry/index.ts';
import type { Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { factsFrom, publishedValues, type UpdateFacts } from '../delivery/update-facts.ts';
import type { FirmwareManifest } from '../manifests/manifest.ts';

type Facts = Row<'device_update_facts'>;

async function endOf(domain: Domain, accountId: string, fingerprint: string): Promise<number | null> {
  const row = await domain.storage.db
    .selectFrom('update_certificates')
    .select('not_after')
    .where('account_id', '=', accountId)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  return row?.not_after ?? null;
}

const known = (domain: Domain, deviceId: string): Promise<Facts | undefined> =>
  domain.storage.db.selectFrom('device_update_facts').selectAll().where('device_id', '=', deviceId).executeTakeFirst();

/** A device has installed what a manifest brought: it has the certificate that the manifest was signed with. */
export async function recordTakenManifest(domain: Domain, deviceId: string, manifest: FirmwareManifest): Promise<void> {
  const { signed_by: fingerprint, account_id } = manifest;
  if (fingerprint === null) return;
  await domain.storage.grouped(async (db) => {
    const before = await known(domain, deviceId);
    if (before?.source === 'device' || before?.fingerprint === fingerprint) return;
    const device = await db.selectFrom('devices').select('id').where('id', '=', deviceId).executeTakeFirst();
    if (!device) return;
    const row: Facts = {
      protocol: null,
      schemas: '',
      client: 'unknown',
      ...before,
      device_id: deviceId,
      account_id,
      fingerprint,
      not_after: await endOf(domain, account_id, fingerprint),
      source: 'manifest',
      updated_at: domain.clock.now().getTime(),
    };
    await db
      .insertInto('device_update_facts')
      .values(row)
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(row))
      .execute();
  });
}

/** What a registration says of how the device can be updated. Nothing is written where it says what is known. */
export async function recordRegistration(
  domain: Domain,
  { deviceId, accountId, resources }: Registration,
): Promise<void> {
  const found = factsFrom(resources, publishedValues(resources));
  if (!found.takesManifests) return;
  const client = clientOf(found);
  const schemas = found.schemas.join(' ');
  await domain.storage.grouped(async (db) => {
    const before = await known(domain, deviceId);
    const told = found.certificate !== undefined || found.certificateEnd !== undefined;
    const certificate = told
      ? {
          fingerprint: found.certificate ?? null,
          not_after:
            found.certificateEnd ?? (found.certificate ? await endOf(domain, accountId, found.certificate) : null),
          source: 'device' as const,
        }
      : {
          fingerprint: before?.fingerprint ?? null,
          not_after: before?.not_after ?? null,
          source: before?.source ?? null,
        };
    const row = { protocol: found.protocol ?? null, schemas, client, ...certificate };
    if (before && Object.entries(row).every(([name, value]) => before[name as keyof typeof row] === value)) return;
    const device = await db.selectFrom('devices').select('id').where('id', '=', deviceId).executeTakeFirst();
    if (!device) return;
    const whole: Facts = {
      ...row,
      device_id: deviceId,
      account_id: accountId,
      updated_at: domain.clock.now().getTime(),
    };
    await db
      .insertInto('device_update_facts')
      .values(whole)
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(whole))
      .execute();
  });
}

/** MBL's daemon speaks the older protocol, and stops at the end of its certificate; ours says which schemas it takes. */
function clientOf({ saysSchemas, protocol }: UpdateFacts): Facts['client'] {
  if (saysSchemas) return 'mooring';
  if (protocol === undefined) return 'unknown';
  return protocol >= 4 ? 'pelion' : 'mbl';
}
