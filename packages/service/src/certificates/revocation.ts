import { type Der, type Issuer, issueRevocationList, parseCertificate } from '@mooring/pki';
import type { Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { type Authority, countingAuthorities, signingAuthority, wholeSecond } from './authorities.ts';

const day = 24 * 60 * 60 * 1000;

/** How long a revocation list may be used. */
const listLifetime = 7 * day;

/** Remembers for ever that a certificate of ours is no longer good. To be called in the transaction of its end. */
export async function revoke(
  domain: Domain,
  row: Pick<Row<'trusted_certificates'>, 'id' | 'account_id' | 'certificate'> & { authority_id: string },
  reason: 'deleted' | 'superseded' = 'deleted',
): Promise<void> {
  await domain.storage.db
    .insertInto('revocations')
    .values({
      account_id: row.account_id,
      authority_id: row.authority_id,
      serial: Buffer.from(parseCertificate(row.certificate).serial).toString('hex'),
      certificate_id: row.id,
      revoked_at: domain.clock.now().getTime(),
      reason,
    })
    .execute();
}

/** Whether a certificate of one of our authorities was revoked. @param serial lower-case hex */
export async function isRevoked(domain: Domain, authorityId: string, serial: string): Promise<boolean> {
  const row = await domain.storage.db
    .selectFrom('revocations')
    .select('serial')
    .where('authority_id', '=', authorityId)
    .where('serial', '=', serial)
    .executeTakeFirst();
  return row !== undefined;
}

/** The revocation list (RFC 5280 §5) of the account's developer CA, numbered upwards and good for a week. */
export async function developerRevocationList(domain: Domain, accountId: string): Promise<Der> {
  return domain.storage.transaction(async () =>
    revocationList(domain, await signingAuthority(domain, accountId, 'developer')),
  );
}

/** The lists of all developer CAs that count: while one is being replaced there are two. */
export async function developerRevocationLists(domain: Domain, accountId: string): Promise<Der[]> {
  return domain.storage.transaction(async () => {
    const lists: Der[] = [];
    for (const authority of await countingAuthorities(domain, accountId, 'developer')) {
      lists.push(await revocationList(domain, authority));
    }
    return lists;
  });
}

async function revocationList(domain: Domain, { id, issuer }: Authority & { issuer: Issuer }): Promise<Der> {
  const { db } = domain.storage;
  const { crl_number: number } = await db
    .updateTable('authorities')
    .set(({ eb }) => ({ crl_number: eb('crl_number', '+', 1) }))
    .where('id', '=', id)
    .returning('crl_number')
    .executeTakeFirstOrThrow();
  const revoked = await db
    .selectFrom('revocations')
    .select(['serial', 'revoked_at'])
    .where('authority_id', '=', id)
    .orderBy('revoked_at')
    .orderBy('serial')
    .execute();
  const now = domain.clock.now();
  return issueRevocationList({
    issuer,
    number,
    thisUpdate: wholeSecond(now),
    nextUpdate: wholeSecond(new Date(now.getTime() + listLifetime)),
    revoked: revoked.map(({ serial, revoked_at }) => ({
      serial: new Uint8Array(Buffer.from(serial, 'hex')),
      at: wholeSecond(new Date(revoked_at)),
    })),
  });
}
