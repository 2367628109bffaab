import type { FilterFields, ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import { changeTime } from '../../registry/devices/device.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { campaignOfManifest } from '../campaigns/in-use.ts';
import { checkSigner } from '../certificates/certificate.ts';
import { newLink } from '../downloads/links.ts';
import { updateErrors } from '../errors.ts';
import { checkUpdateRoom } from '../limit.ts';
import { describeManifest } from './describe.ts';

export type FirmwareManifest = Row<'firmware_manifests'>;

export const firmwareManifestFilters: FilterFields = {
  id: 'string',
  name: 'string',
  description: 'string',
  datafile: 'string',
  datafile_size: 'integer',
  device_class: 'string',
  device_vendor: 'string',
  manifest_schema_version: 'string',
  timestamp: 'time',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  description: 'description',
  datafile: 'link',
  datafile_size: 'size',
  device_class: 'device_class',
  device_vendor: 'device_vendor',
  manifest_schema_version: 'schema_version',
  timestamp: 'timestamp',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

const subject = (id: string) => ({ subjectKind: 'firmware-manifest', subjectId: id });

export function listFirmwareManifests(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<FirmwareManifest>> {
  return pageOf(domain, 'firmware_manifests', actor.accountId, query, rules);
}

/** @throws MooringError `update.manifest.not.found` */
export async function getFirmwareManifest(
  domain: Domain,
  actor: Pick<Actor, 'accountId'>,
  id: string,
): Promise<FirmwareManifest> {
  const row = await domain.storage.db
    .selectFrom('firmware_manifests')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw updateErrors('update.manifest.not.found', {
    message: `There is no update manifest with the id ${id}.`,
    next: 'List the update manifests for their ids.',
  });
}

export interface ManifestInput {
  readonly data: Uint8Array;
  readonly keyTable?: Uint8Array;
  readonly name: string | undefined;
  readonly fileName: string;
  readonly description: string | undefined;
}

/** @throws MooringError `update.manifest.invalid`, `update.manifest.untrusted`, `update.limit` */
export async function createFirmwareManifest(
  domain: Domain,
  actor: Actor,
  input: ManifestInput,
): Promise<FirmwareManifest> {
  const { facts, decoded } = describeManifest(input.data);
  return domain.storage.transaction(async (db) => {
    const signer = await checkSigner(domain, actor, decoded);
    await checkUpdateRoom(domain, 'firmware_manifests', actor.accountId);
    const now = changeTime(domain);
    const row: FirmwareManifest = {
      ...facts,
      signed_by: signer ?? facts.signed_by,
      id: newId(domain.clock),
      account_id: actor.accountId,
      name: input.name || input.fileName.slice(0, 128) || 'default_object_name',
      description: input.description || null,
      data: input.data,
      size: input.data.length,
      link: newLink(),
      key_table: input.keyTable ?? null,
      created_at: now,
      updated_at: now,
    };
    await db.insertInto('firmware_manifests').values(row).execute();
    await audit(domain, actor, { action: 'firmware-manifest.created', ...subject(row.id), detail: { name: row.name } });
    return row;
  });
}

/** @throws MooringError `update.manifest.not.found`, `update.manifest.in.use` */
export async function deleteFirmwareManifest(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { name } = await getFirmwareManifest(domain, actor, id);
    const campaign = await campaignOfManifest(domain, id);
    if (campaign !== undefined) {
      throw updateErrors('update.manifest.in.use', {
        message: `The update manifest ${id} is sent by the campaign ${campaign}, which is not over.`,
        next: 'Stop the campaign, then delete the manifest.',
      });
    }
    await db.deleteFrom('firmware_manifests').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'firmware-manifest.deleted', ...subject(id), detail: { name } });
  });
}
