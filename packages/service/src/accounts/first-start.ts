import { audit } from '../audit/records.ts';
import { ensureAuthorities } from '../certificates/authorities.ts';
import type { Domain } from '../storage/context.ts';
import { firstAccount } from './account.ts';
import { ensureFirstGroups } from './groups.ts';
import { newId } from './ids.ts';
import { operator } from './operator.ts';

/** Makes an account with its groups and certificate authorities; all of it or nothing. Returns its id. */
export async function createAccount(domain: Domain, displayName: string | null = null): Promise<string> {
  const id = newId(domain.clock);
  const now = domain.clock.now().getTime();
  return domain.storage.transaction(async (db) => {
    await db
      .insertInto('accounts')
      .values({
        id,
        account_id: id,
        display_name: displayName,
        email: null,
        status: 'ACTIVE',
        tier: '1',
        end_market: 'IOT',
        aliases_json: '[]',
        attributes_json: '{}',
        created_at: now,
        updated_at: now,
        etag: 1,
      })
      .execute();
    await audit(domain, operator(id), { action: 'account.created', subjectKind: 'account', subjectId: id });
    await ensureFirstGroups(domain, id);
    await ensureAuthorities(domain, operator(id));
    return id;
  });
}

/**
 * Makes what a service needs before anything else, in one transaction. What is there already stays as it is, so
 * it can be called at every start.
 */
export async function firstStart(
  domain: Domain,
  { displayName = null }: { displayName?: string | null } = {},
): Promise<{ accountId: string; created: boolean }> {
  return domain.storage.transaction(async () => {
    const present = await firstAccount(domain);
    if (!present) return { accountId: await createAccount(domain, displayName), created: true };
    await ensureFirstGroups(domain, present.id);
    await ensureAuthorities(domain, operator(present.id));
    return { accountId: present.id, created: false };
  });
}
