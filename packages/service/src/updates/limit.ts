import type { Domain } from '../storage/context.ts';
import { updateErrors } from './errors.ts';

type Counted = 'firmware_images' | 'firmware_manifests' | 'update_campaigns' | 'upload_jobs';

const names: Readonly<Record<Counted, string>> = {
  firmware_images: 'firmware images',
  firmware_manifests: 'update manifests',
  update_campaigns: 'update campaigns',
  upload_jobs: 'upload jobs',
};

/** @throws MooringError `update.limit` if the account can have no more of these */
export async function checkUpdateRoom(domain: Domain, table: Counted, accountId: string): Promise<void> {
  const { limits } = domain.settings;
  const limit = {
    firmware_images: limits.firmwareImages,
    upload_jobs: limits.firmwareImages,
    firmware_manifests: limits.firmwareManifests,
    update_campaigns: limits.updateCampaigns,
  }[table];
  const { count } = await domain.storage.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (Number(count) < limit) return;
  throw updateErrors('update.limit', {
    message: `The account has as many ${names[table]} as its limit allows: ${limit}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit },
  });
}
