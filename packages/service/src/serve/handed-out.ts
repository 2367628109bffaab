import { serverUri } from '../certificates/server-uris.ts';
import type { OpenFolder } from './open-folder.ts';

/** Where devices are told to connect; what they were told once, they keep. */
export interface HandedOut {
  readonly bootstrapUri: string;
  readonly lwm2mUri: string;
}

const name = 'handed-out';

export function handedOut({ domain, accountId }: OpenFolder): HandedOut {
  return {
    bootstrapUri: serverUri(domain.settings, 'bootstrap', accountId),
    lwm2mUri: serverUri(domain.settings, 'lwm2m', accountId),
  };
}

/**
 * Records where devices are told to connect from now on.
 *
 * @returns what they were told before, if that was something else and any credentials were handed out
 */
export async function recordHandedOut(folder: OpenFolder): Promise<HandedOut | undefined> {
  const { storage, clock } = folder.domain;
  const now = JSON.stringify(handedOut(folder));
  return storage.transaction(async (db) => {
    const row = await db
      .selectFrom('settings')
      .select('value_json')
      .where('account_id', '=', folder.accountId)
      .where('name', '=', name)
      .executeTakeFirst();
    if (row?.value_json === now) return undefined;
    const values = { value_json: now, updated_at: clock.now().getTime() };
    await db
      .insertInto('settings')
      .values({ account_id: folder.accountId, name, ...values })
      .onConflict((conflict) => conflict.columns(['account_id', 'name']).doUpdateSet(values))
      .execute();
    const credentials = await db
      .selectFrom('trusted_certificates')
      .select('id')
      .where('account_id', '=', folder.accountId)
      .limit(1)
      .executeTakeFirst();
    return row && credentials ? (JSON.parse(row.value_json) as HandedOut) : undefined;
  });
}
