import type { AccountInfo, AccountUpdateReq } from '@mooring/rest';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { accountErrors } from './errors.ts';

type Attributes = Omit<AccountUpdateReq, 'display_name' | 'email' | 'aliases' | 'end_market'>;

export interface Account {
  id: string;
  status: AccountInfo['status'];
  tier: string;
  displayName: string | null;
  email: string | null;
  endMarket: string;
  aliases: string[];
  /** Address, contact and what else an owner may write into an account, by the contract's names. */
  attributes: Attributes;
  createdAt: number;
  updatedAt: number;
  etag: number;
}

const accountOf = (row: Row<'accounts'>): Account => ({
  id: row.id,
  status: row.status as AccountInfo['status'],
  tier: row.tier,
  displayName: row.display_name,
  email: row.email,
  endMarket: row.end_market,
  aliases: JSON.parse(row.aliases_json) as string[],
  attributes: JSON.parse(row.attributes_json) as Attributes,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  etag: row.etag,
});

/** The first account of the service, if there is one. */
export async function firstAccount(domain: Domain): Promise<Account | undefined> {
  const row = await domain.storage.db.selectFrom('accounts').selectAll().orderBy('id').executeTakeFirst();
  return row && accountOf(row);
}

/** @throws MooringError `account.missing` */
export async function showAccount(domain: Domain, actor: Pick<Actor, 'accountId'>): Promise<Account> {
  const row = await domain.storage.db
    .selectFrom('accounts')
    .selectAll()
    .where('id', '=', actor.accountId)
    .executeTakeFirst();
  if (row) return accountOf(row);
  throw accountErrors('account.missing', {
    message: 'The account does not exist.',
    next: 'Start the service once: the first start makes the account.',
  });
}

/** Changes what is given and keeps the rest; null empties a field. */
export async function updateAccount(domain: Domain, actor: Actor, changes: AccountUpdateReq): Promise<Account> {
  return domain.storage.transaction(async (db) => {
    const before = await showAccount(domain, actor);
    const { display_name, email, aliases, end_market, ...rest } = changes;
    const known = Object.entries(rest).filter(([name]) => attributeNames.has(name));
    const attributes = { ...before.attributes, ...Object.fromEntries(known) };
    const named = { display_name, email, aliases, end_market };
    const touched = [
      ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [name])),
      ...known.map(([name]) => name),
    ];
    if (touched.length === 0) return before;
    await db
      .updateTable('accounts')
      .set({
        display_name: display_name === undefined ? before.displayName : display_name,
        email: email === undefined ? before.email : email,
        end_market: end_market === undefined ? before.endMarket : (end_market ?? ''),
        aliases_json: JSON.stringify(aliases === undefined ? before.aliases : (aliases ?? [])),
        attributes_json: JSON.stringify(attributes),
        updated_at: domain.clock.now().getTime(),
        etag: before.etag + 1,
      })
      .where('id', '=', before.id)
      .execute();
    await audit(domain, actor, {
      action: 'account.updated',
      subjectKind: 'account',
      subjectId: before.id,
      detail: { fields: touched.sort() },
    });
    return showAccount(domain, actor);
  });
}

const attributeNames: ReadonlySet<string> = new Set<keyof Attributes>([
  'company',
  'contact',
  'phone_number',
  'address_line1',
  'address_line2',
  'city',
  'state',
  'postal_code',
  'country',
  'custom_fields',
  'expiration_warning_threshold',
  'idle_timeout',
  'mfa_status',
  'notification_emails',
  'password_policy',
  'password_recovery_expiration',
]);
