import type { Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { linkOfUri } from '../downloads/links.ts';

/** Phases in which a campaign needs its manifest and the image of that. */
export const livePhases = ['awaiting_approval', 'timed', 'starting', 'active', 'stopping'] as const;

/** A campaign that is not over and sends this manifest; undefined if there is none. */
export async function campaignOfManifest(domain: Domain, manifestId: string): Promise<string | undefined> {
  const row = await domain.storage.db
    .selectFrom('update_campaigns')
    .select('id')
    .where('root_manifest_id', '=', manifestId)
    .where('phase', 'in', livePhases)
    .executeTakeFirst();
  return row?.id;
}

/** A campaign that is not over and whose manifest names this image; undefined if there is none. */
export async function campaignOfImage(
  domain: Domain,
  image: Pick<Row<'firmware_images'>, 'account_id' | 'link'>,
): Promise<string | undefined> {
  const rows = await domain.storage.db
    .selectFrom('update_campaigns')
    .innerJoin('firmware_manifests', 'firmware_manifests.id', 'update_campaigns.root_manifest_id')
    .select(['update_campaigns.id', 'firmware_manifests.payload_uri'])
    .where('update_campaigns.account_id', '=', image.account_id)
    .where('update_campaigns.phase', 'in', livePhases)
    .execute();
  return rows.find(({ payload_uri }) => payload_uri !== null && linkOfUri(payload_uri)?.link === image.link)?.id;
}
