import type { ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { checkRoom } from '../limit.ts';

/** Without its secret, which nobody is told again. */
export type PreSharedKey = Pick<Row<'pre_shared_keys'>, 'id' | 'account_id' | 'endpoint_name' | 'created_at'>;

const sealingContext = (id: string): string => `pre_shared_keys/${id}/secret`;

const subject = (id: string) => ({ subjectKind: 'pre-shared-key', subjectId: id });

export function listPreSharedKeys(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<PreSharedKey>> {
  return pageOf(domain, 'pre_shared_keys', actor.accountId, query, {});
}

export async function getPreSharedKey(
  domain: Domain,
  actor: Actor,
  endpointName: string,
): Promise<PreSharedKey | undefined> {
  return domain.storage.db
    .selectFrom('pre_shared_keys')
    .select(['id', 'account_id', 'endpoint_name', 'created_at'])
    .where('account_id', '=', actor.accountId)
    .where('endpoint_name', '=', endpointName)
    .executeTakeFirst();
}

/**
 * Keeps a key for the device of this name. The name is what the device says in its handshake, before anything else is known of
 * it: it has to be the only one in the service.
 *
 * @returns false if there is a key for this name already, here or in another account
 * @throws MooringError `directory.limit`
 */
export async function createPreSharedKey(
  domain: Domain,
  actor: Actor,
  endpointName: string,
  secret: Uint8Array,
): Promise<boolean> {
  const id = newId(domain.clock);
  return domain.storage.transaction(async (db) => {
    await checkRoom(domain, 'pre_shared_keys', actor.accountId);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('pre_shared_keys')
      .values({
        id,
        account_id: actor.accountId,
        endpoint_name: endpointName,
        secret_sealed: domain.vault.seal(sealingContext(id), secret),
        created_at: domain.clock.now().getTime(),
      })
      .onConflict((conflict) => conflict.column('endpoint_name').doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return false;
    await audit(domain, actor, { action: 'pre-shared-key.created', ...subject(id), detail: { endpointName } });
    return true;
  });
}

/** Takes the key of a device away; that there is none is no error. */
export async function deletePreSharedKey(domain: Domain, actor: Actor, endpointName: string): Promise<void> {
  const wasThere = await domain.storage.transaction(async (db) => {
    const key = await getPreSharedKey(domain, actor, endpointName);
    if (!key) return false;
    await db.deleteFrom('pre_shared_keys').where('id', '=', key.id).execute();
    await audit(domain, actor, { action: 'pre-shared-key.deleted', ...subject(key.id), detail: { endpointName } });
    return true;
  });
  if (wasThere) domain.bus.tell({ kind: 'shut-out', accountId: actor.accountId, keyOf: endpointName });
}

/** A device that may come with a pre-shared key. */
export interface KeyedDevice {
  readonly accountId: string;
  readonly endpointName: string;
  readonly secret: Uint8Array;
}

/** The key of the device that calls itself so in its handshake (RFC 4279 §2, PSK identity). */
export async function preSharedKeyOf(domain: Domain, identity: string): Promise<KeyedDevice | undefined> {
  const row = await domain.storage.db
    .selectFrom('pre_shared_keys')
    .selectAll()
    .where('endpoint_name', '=', identity)
    .executeTakeFirst();
  return (
    row && {
      accountId: row.account_id,
      endpointName: row.endpoint_name,
      secret: domain.vault.open(sealingContext(row.id), row.secret_sealed),
    }
  );
}
