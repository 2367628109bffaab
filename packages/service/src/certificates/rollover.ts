import { type Der, derBytes, issueCertificate, noClockValidity } from '@mooring/pki';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { AuthorityPurpose, Row } from '../storage/schema.ts';
import { type Authority, authorityOf, insertAuthority, issuerOf, requiredRow, rowInState } from './authorities.ts';
import { rolloverErrors } from './errors.ts';

/** Authorities that devices, or the servers that devices meet, rely on. */
export const rolloverPurposes = ['bootstrap', 'lwm2m', 'developer'] as const;

export type RolloverPurpose = (typeof rolloverPurposes)[number];

export interface Rollover {
  /** What is handed out and signs from now on. */
  readonly active: Authority;
  /** What still counts beside it; undefined after the end. */
  readonly retiring: Authority | undefined;
  /** Developer certificates that were made while the other one was active: their devices may know that one alone. */
  readonly relying: number;
}

/**
 * The key of `subject`, certified by `issuer` under the name that both have: "new with old" of RFC 4210 §4.4. A device that
 * trusts the one reaches through it what the other signed; as it is self-issued it does not count for pathLenConstraint
 * (RFC 5280 §4.2.1.9), which is 0 in both.
 */
function crossCertify(domain: Domain, subject: Row<'authorities'>, issuer: Row<'authorities'>): Der {
  const { certificate } = authorityOf(subject);
  return issueCertificate({
    subject: certificate.subject,
    subjectKey: certificate.publicKey,
    issuer: issuerOf(domain, issuer),
    profile: 'authority',
    ...noClockValidity,
  });
}

/** Makes one the active and the other the retiring one. */
async function setRoles(
  domain: Domain,
  purpose: RolloverPurpose,
  active: Row<'authorities'>,
  retiring: Row<'authorities'>,
): Promise<void> {
  const { db } = domain.storage;
  const changed_at = domain.clock.now().getTime();
  // Developer certificates are checked by ourselves, who know both.
  const cross_certificate = purpose === 'developer' ? null : crossCertify(domain, active, retiring);
  await db
    .updateTable('authorities')
    .set({ state: 'active', changed_at, cross_certificate })
    .where('id', '=', active.id)
    .execute();
  await db
    .updateTable('authorities')
    .set({ state: 'retiring', changed_at, cross_certificate: null })
    .where('id', '=', retiring.id)
    .execute();
}

async function relyingOn(domain: Domain, purpose: RolloverPurpose, active: Row<'authorities'>, retiring: string) {
  const certificates = domain.storage.db
    .selectFrom('trusted_certificates')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('account_id', '=', active.account_id)
    .where('device_execution_mode', '=', 1)
    .where('status', '=', 'ACTIVE');
  const own = domain.storage.db
    .selectFrom('device_certificates')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('account_id', '=', active.account_id);
  const since = active.changed_at ?? active.created_at;
  const counts = await Promise.all(
    purpose === 'developer'
      ? [
          certificates.where('authority_id', '=', retiring).executeTakeFirstOrThrow(),
          own.where('authority_id', '=', retiring).executeTakeFirstOrThrow(),
        ]
      : [
          certificates.where('created_at', '<', since).executeTakeFirstOrThrow(),
          // One that was replaced since came with the new authority.
          own.where('updated_at', '<', since).executeTakeFirstOrThrow(),
        ],
  );
  return counts.reduce((sum, { rows }) => sum + Number(rows), 0);
}

/** How a rollover stands. @throws MooringError `authority.rollover.none`, `authority.missing` */
async function bothRows(domain: Domain, accountId: string, purpose: RolloverPurpose) {
  const active = await requiredRow(domain, accountId, purpose);
  const retiring = await rowInState(domain, accountId, purpose, 'retiring');
  if (retiring) return { active, retiring };
  throw noRollover(purpose);
}

const noRollover = (purpose: AuthorityPurpose) =>
  rolloverErrors('authority.rollover.none', {
    message: `The ${purpose} authority is not being replaced.`,
    next: `Begin with: mooring ca rollover --purpose ${purpose}`,
    data: { purpose },
  });

async function standing(domain: Domain, accountId: string, purpose: RolloverPurpose): Promise<Rollover> {
  const { active, retiring } = await bothRows(domain, accountId, purpose);
  return {
    active: authorityOf(active),
    retiring: authorityOf(retiring),
    relying: await relyingOn(domain, purpose, active, retiring.id),
  };
}

async function record(domain: Domain, actor: Actor, action: string, purpose: RolloverPurpose, detail: object) {
  const { id } = await requiredRow(domain, actor.accountId, purpose);
  await audit(domain, actor, { action, subjectKind: 'authority', subjectId: id, detail: { purpose, ...detail } });
}

const told = ({ active, retiring }: Rollover) => ({
  active: active.certificate.fingerprint,
  ...(retiring ? { retiring: retiring.certificate.fingerprint } : {}),
});

/**
 * Makes a new authority that is handed out from now on; the old one goes on counting until the rollover is finished.
 *
 * @throws MooringError `authority.rollover.running`, `authority.missing`
 */
export function beginRollover(domain: Domain, actor: Actor, purpose: RolloverPurpose): Promise<Rollover> {
  const { accountId } = actor;
  return domain.storage.transaction(async () => {
    const running = await rowInState(domain, accountId, purpose, 'retiring');
    if (running) {
      throw rolloverErrors('authority.rollover.running', {
        message: `The ${purpose} authority is being replaced already, since ${new Date(running.changed_at ?? 0).toISOString()}.`,
        next: `Go on with: mooring ca rollover --purpose ${purpose} --finish (or --cancel)`,
        data: { purpose },
      });
    }
    const old = await requiredRow(domain, accountId, purpose);
    const made = await insertAuthority(domain, actor, purpose);
    await setRoles(domain, purpose, made, old);
    const rollover = await standing(domain, accountId, purpose);
    await record(domain, actor, 'authority.rollover.begun', purpose, told(rollover));
    return rollover;
  });
}

/**
 * Hands out the old authority again. The new one is now the retiring one, since devices may have got it meanwhile.
 *
 * @throws MooringError `authority.rollover.none`
 */
export function cancelRollover(domain: Domain, actor: Actor, purpose: RolloverPurpose): Promise<Rollover> {
  return domain.storage.transaction(async () => {
    const { active, retiring } = await bothRows(domain, actor.accountId, purpose);
    await setRoles(domain, purpose, retiring, active);
    const rollover = await standing(domain, actor.accountId, purpose);
    await record(domain, actor, 'authority.rollover.cancelled', purpose, told(rollover));
    return rollover;
  });
}

/**
 * Ends the time of both: the retiring authority counts no longer, and its private key is removed. Developer certificates
 * that it issued become inactive.
 *
 * @throws MooringError `authority.rollover.none`, `authority.rollover.needed` if devices may rely on it still
 */
export function finishRollover(
  domain: Domain,
  actor: Actor,
  purpose: RolloverPurpose,
  { evenIfUsed = false }: { evenIfUsed?: boolean } = {},
): Promise<Rollover> {
  return domain.storage.transaction(async (db) => {
    const { active, retiring } = await bothRows(domain, actor.accountId, purpose);
    const relying = await relyingOn(domain, purpose, active, retiring.id);
    if (relying > 0 && !evenIfUsed) {
      throw rolloverErrors('authority.rollover.needed', {
        message: `${relying} active certificates of developers and devices are from the time of the retiring ${purpose} authority; their devices would no longer ${purpose === 'developer' ? 'be let in' : 'trust the server'}.`,
        next: 'Provision those devices again and delete their old certificates; or add --even-if-used.',
        data: { purpose, relying },
      });
    }
    const now = domain.clock.now().getTime();
    await db
      .updateTable('authorities')
      .set({ state: 'retired', changed_at: now, private_key_sealed: new Uint8Array(0) })
      .where('id', '=', retiring.id)
      .execute();
    await db.updateTable('authorities').set({ cross_certificate: null }).where('id', '=', active.id).execute();
    const ended = await db
      .updateTable('trusted_certificates')
      .set(({ eb }) => ({ status: 'INACTIVE', updated_at: now, etag: eb('etag', '+', 1) }))
      .where('authority_id', '=', retiring.id)
      .where('status', '=', 'ACTIVE')
      .executeTakeFirst();
    const rollover = { active: authorityOf(active), retiring: undefined, relying };
    await record(domain, actor, 'authority.rollover.finished', purpose, {
      ...told(rollover),
      retired: authorityOf(retiring).certificate.fingerprint,
      madeInactive: Number(ended.numUpdatedRows),
    });
    return rollover;
  });
}

/** @throws MooringError `authority.rollover.none` */
export async function retiringAuthority(
  domain: Domain,
  accountId: string,
  purpose: AuthorityPurpose,
): Promise<Authority> {
  const row = await rowInState(domain, accountId, purpose, 'retiring');
  if (row) return authorityOf(row);
  throw noRollover(purpose);
}

/** What a server of ours shows after its own certificate, so that devices of both times trust it. */
export async function serverChain(domain: Domain, accountId: string, server: 'bootstrap' | 'lwm2m'): Promise<Der[]> {
  const { cross_certificate } = await requiredRow(domain, accountId, server);
  return cross_certificate === null ? [] : [derBytes(cross_certificate)];
}

export interface ListedAuthority {
  readonly id: string;
  readonly purpose: Authority['purpose'];
  readonly state: 'active' | 'retiring' | 'retired';
  readonly fingerprint: string;
  readonly createdAt: string;
  readonly notAfter: string;
  /** Of the developer authorities: certificates in the account that it issued. */
  readonly certificates: number;
  readonly revoked: number;
}

/** All authorities of an account, those that are no longer used last. */
export async function listAuthorities(domain: Domain, accountId: string): Promise<ListedAuthority[]> {
  const { db } = domain.storage;
  const rows = await db.selectFrom('authorities').selectAll().where('account_id', '=', accountId).execute();
  const counted = async (table: 'trusted_certificates' | 'device_certificates' | 'revocations') =>
    new Map(
      (
        await db
          .selectFrom(table)
          .select(({ fn }) => ['authority_id', fn.countAll<number>().as('rows')])
          .where('account_id', '=', accountId)
          .groupBy('authority_id')
          .execute()
      ).map((row) => [row.authority_id, Number(row.rows)]),
    );
  const [shared, own] = [await counted('trusted_certificates'), await counted('device_certificates')];
  const revoked = await counted('revocations');
  const states = ['active', 'retiring', 'retired'];
  return rows
    .sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state) || (a.id < b.id ? -1 : 1))
    .map((row) => {
      const { id, purpose, certificate, createdAt } = authorityOf(row);
      return {
        id,
        purpose,
        state: row.state,
        fingerprint: certificate.fingerprint,
        createdAt: new Date(createdAt).toISOString(),
        notAfter: certificate.notAfter.toISOString(),
        certificates: (shared.get(id) ?? 0) + (own.get(id) ?? 0),
        revoked: revoked.get(id) ?? 0,
      };
    });
}
