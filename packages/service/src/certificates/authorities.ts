import {
  type Certificate,
  type Der,
  exportPrivateKey,
  generateKeyPair,
  type Issuer,
  importPrivateKey,
  issueCertificate,
  noClockValidity,
  parseCertificate,
} from '@mooring/pki';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { AuthorityPurpose, Row } from '../storage/schema.ts';
import { certificateErrors } from './errors.ts';

export const authorityPurposes = ['bootstrap', 'lwm2m', 'developer', 'https'] as const satisfies AuthorityPurpose[];

const commonNames: Readonly<Record<AuthorityPurpose, string>> = {
  bootstrap: 'Mooring Bootstrap CA',
  lwm2m: 'Mooring LwM2M CA',
  developer: 'Mooring Developer CA',
  https: 'Mooring HTTPS CA',
};

const day = 24 * 60 * 60 * 1000;

/** Browsers judge the HTTPS CA by an ordinary clock; devices may have none (docs: device time). */
function validityOf(purpose: AuthorityPurpose, now: Date): { notBefore: Date; notAfter: Date } {
  if (purpose !== 'https') return noClockValidity;
  const notBefore = wholeSecond(new Date(now.getTime() - day));
  return { notBefore, notAfter: wholeSecond(new Date(now.getTime() + 20 * 365 * day)) };
}

/** X.509 times have no fraction. */
export const wholeSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);

export interface Authority {
  id: string;
  purpose: AuthorityPurpose;
  certificate: Certificate;
  createdAt: number;
}

export const authorityOf = (row: Row<'authorities'>): Authority => ({
  id: row.id,
  purpose: row.purpose,
  certificate: parseCertificate(row.certificate),
  createdAt: row.created_at,
});

export async function rowInState(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
  state: Row<'authorities'>['state'],
): Promise<Row<'authorities'> | undefined> {
  return domain.storage.db
    .selectFrom('authorities')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('purpose', '=', purpose)
    .where('state', '=', state)
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** The active one. @throws MooringError `authority.missing` */
export async function requiredRow(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
): Promise<Row<'authorities'>> {
  const row = await rowInState(domain, accountId, purpose, 'active');
  if (row) return row;
  throw certificateErrors('authority.missing', {
    message: `The account has no active certificate authority for ${purpose}.`,
    next: 'Start the service once: the first start makes them.',
    data: { purpose },
  });
}

const sealingContext = (id: string): string => `authorities/${id}/private_key`;

/** The authority in use for a purpose, without its key. @throws MooringError `authority.missing` */
export async function activeAuthority(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
): Promise<Authority> {
  return authorityOf(await requiredRow(domain, accountId, purpose));
}

/** To sign with. @throws MooringError `master.key.*` */
export function issuerOf(domain: Domain, row: Row<'authorities'>): Issuer {
  const key = importPrivateKey(domain.vault.open(sealingContext(row.id), row.private_key_sealed));
  return { certificate: parseCertificate(row.certificate).der, key };
}

/** The same with its private key, to sign with. @throws MooringError `authority.missing`, `master.key.*` */
export async function signingAuthority(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
): Promise<Authority & { issuer: Issuer }> {
  const row = await requiredRow(domain, accountId, purpose);
  return { ...authorityOf(row), issuer: issuerOf(domain, row) };
}

/** All that count for a purpose: the active one, then the one that is retiring. */
export async function countingAuthorities(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
): Promise<(Authority & { issuer: Issuer })[]> {
  const retiring = await rowInState(domain, accountId, purpose, 'retiring');
  return [await requiredRow(domain, accountId, purpose), ...(retiring ? [retiring] : [])].map((row) => ({
    ...authorityOf(row),
    issuer: issuerOf(domain, row),
  }));
}

/** Makes an authority. To be called in a transaction. */
export async function insertAuthority(
  domain: Domain,
  actor: Actor,
  purpose: AuthorityPurpose,
): Promise<Row<'authorities'>> {
  const id = newId(domain.clock);
  const { privateKey, publicKey } = generateKeyPair();
  const certificate: Der = issueCertificate({
    subject: { organization: 'Mooring', organizationalUnit: actor.accountId, commonName: commonNames[purpose] },
    subjectKey: publicKey,
    key: privateKey,
    profile: 'authority',
    ...validityOf(purpose, domain.clock.now()),
  });
  const row = await domain.storage.db
    .insertInto('authorities')
    .values({
      id,
      account_id: actor.accountId,
      purpose,
      state: 'active',
      certificate,
      private_key_sealed: domain.vault.seal(sealingContext(id), exportPrivateKey(privateKey, 'pkcs8', 'der')),
      created_at: domain.clock.now().getTime(),
      cross_certificate: null,
      changed_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit(domain, actor, {
    action: 'authority.created',
    subjectKind: 'authority',
    subjectId: id,
    detail: { purpose, fingerprint: parseCertificate(certificate).fingerprint },
  });
  return row;
}

/** Makes the authorities that an account has, where they are not there yet. To be called in a transaction. */
export async function ensureAuthorities(domain: Domain, actor: Actor): Promise<void> {
  for (const purpose of authorityPurposes) {
    if (!(await rowInState(domain, actor.accountId, purpose, 'active'))) await insertAuthority(domain, actor, purpose);
  }
}
