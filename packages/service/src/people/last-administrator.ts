import { administrators } from '../accounts/permissions.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { peopleErrors } from './errors.ts';

async function activeAdministrators(domain: Domain, accountId: string): Promise<number> {
  const { count } = await domain.storage.db
    .selectFrom('users')
    .innerJoin('user_groups', 'user_groups.user_id', 'users.id')
    .innerJoin('policy_groups', 'policy_groups.id', 'user_groups.group_id')
    .select((expression) => expression.fn.countAll<number | string>().as('count'))
    .where('users.account_id', '=', accountId)
    .where('users.status', '=', 'ACTIVE')
    .where('policy_groups.name', '=', administrators)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/**
 * Does something that may take somebody out of the administrators, in one transaction; it is undone if nobody would be
 * left of them who can sign in. An operator may: who can reach the admin socket can make another.
 *
 * @throws MooringError `user.last.administrator`, and what the work throws
 */
export async function keepingAnAdministrator<T>(domain: Domain, actor: Actor, work: () => Promise<T>): Promise<T> {
  return domain.storage.transaction(async () => {
    const before = await activeAdministrators(domain, actor.accountId);
    const result = await work();
    if (before === 0 || actor.kind === 'operator') return result;
    if ((await activeAdministrators(domain, actor.accountId)) > 0) return result;
    throw peopleErrors('user.last.administrator', {
      message: 'This is the last user of the group Administrators who can sign in.',
      next: 'Make another administrator first.',
    });
  });
}
