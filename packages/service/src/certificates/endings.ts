import { noClockValidity, parseCertificate } from '@mooring/pki';
import type { Domain } from '../storage/context.ts';

/** A certificate that has an end, and when. */
export interface CertificateEnding {
  /** `https` for what the REST interface shows. */
  readonly use: 'https' | 'authority' | 'trusted';
  /** Of an authority its purpose; of a trusted certificate its id. */
  readonly name: string;
  readonly notAfter: Date;
}

/** How many of the uploaded certificates are told one by one: those that end first. */
const most = 100;

/**
 * Certificates that end, soonest first: authorities that still count, and the trusted certificates that are active. What is
 * valid to the end of the year 9999 is not among them.
 */
export async function certificateEndings(domain: Domain, accountId: string): Promise<CertificateEnding[]> {
  const { db } = domain.storage;
  const ends = noClockValidity.notAfter.getTime();
  const authorities = await db
    .selectFrom('authorities')
    .select(['purpose', 'certificate'])
    .where('account_id', '=', accountId)
    .where('state', '!=', 'retired')
    .execute();
  const trusted = await db
    .selectFrom('trusted_certificates')
    .select(['id', 'not_after'])
    .where('account_id', '=', accountId)
    .where('status', '=', 'ACTIVE')
    .where('not_after', '<', ends)
    .orderBy('not_after')
    .limit(most)
    .execute();
  return [
    ...authorities.map(({ purpose, certificate }) => ({
      use: 'authority' as const,
      name: purpose,
      notAfter: parseCertificate(certificate).notAfter,
    })),
    ...trusted.map(({ id, not_after }) => ({ use: 'trusted' as const, name: id, notAfter: new Date(not_after) })),
  ]
    .filter(({ notAfter }) => notAfter.getTime() < ends)
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}
