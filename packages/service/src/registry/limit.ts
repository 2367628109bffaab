import type { Domain } from '../storage/context.ts';
import { registryErrors } from './errors.ts';

type Counted = 'device_groups' | 'device_queries' | 'enrolments' | 'pre_shared_keys';

const names: Readonly<Record<Counted, string>> = {
  device_groups: 'device groups',
  device_queries: 'device queries',
  enrolments: 'enrolments',
  pre_shared_keys: 'pre-shared keys',
};

const limitsOf = ({ settings: { limits } }: Domain): Readonly<Record<Counted, number>> => ({
  device_groups: limits.deviceGroups,
  device_queries: limits.deviceQueries,
  enrolments: limits.enrollments,
  pre_shared_keys: limits.preSharedKeys,
});

/** How many more of these an account may have. */
export async function roomFor(domain: Domain, table: Counted, accountId: string): Promise<number> {
  const { count } = await domain.storage.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return limitsOf(domain)[table] - Number(count);
}

/** @throws MooringError `directory.limit` if the account can have no more of these */
export async function checkRoom(domain: Domain, table: Counted, accountId: string): Promise<void> {
  if ((await roomFor(domain, table, accountId)) > 0) return;
  const limit = limitsOf(domain)[table];
  throw registryErrors('directory.limit', {
    message: `The account has as many ${names[table]} as its limit allows: ${limit}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit },
  });
}
