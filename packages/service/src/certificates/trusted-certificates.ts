import { type Certificate, parseCertificate } from '@mooring/pki';
import type { Filter, ListQuery } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { accountErrors } from '../accounts/errors.ts';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import { columnCondition, type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { isUniqueViolation } from '../storage/index.ts';
import type { Row } from '../storage/schema.ts';
import { certificateErrors } from './errors.ts';
import { revoke } from './revocation.ts';
import { readUpload } from './upload.ts';

export type CertificateService = 'bootstrap' | 'lwm2m';

export interface TrustedCertificate {
  id: string;
  accountId: string;
  /** An API key or a user; the account for its operator. */
  ownerId: string;
  name: string;
  description: string | null;
  service: CertificateService;
  status: 'ACTIVE' | 'INACTIVE';
  isDeveloper: boolean;
  enrollmentMode: boolean;
  certificate: Certificate;
  /** Not expired, by the service's clock. */
  valid: boolean;
  createdAt: number;
  updatedAt: number;
  etag: number;
}

const day = 24 * 60 * 60 * 1000;

const trustedOf = (domain: Domain, row: Row<'trusted_certificates'>): TrustedCertificate => ({
  id: row.id,
  accountId: row.account_id,
  ownerId: row.owner_id ?? row.account_id,
  name: row.name,
  description: row.description,
  service: row.service as CertificateService,
  status: row.status as TrustedCertificate['status'],
  isDeveloper: row.device_execution_mode === 1,
  enrollmentMode: row.enrollment_mode === 1,
  certificate: parseCertificate(row.certificate),
  valid: row.not_after >= domain.clock.now().getTime(),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  etag: row.etag,
});

function rulesFor(domain: Domain): Readonly<Record<string, FieldRule>> {
  const now = domain.clock.now().getTime();
  return {
    id: 'id',
    name: 'name',
    service: 'service',
    status: 'status',
    enrollment_mode: 'enrollment_mode',
    device_execution_mode: 'device_execution_mode',
    issuer: 'issuer',
    subject: 'subject',
    owner: (filter) => columnCondition(sql`coalesce(owner_id, account_id)`, filter),
    valid: (filter) => columnCondition(sql`(case when not_after >= ${now} then 1 else 0 end)`, filter),
    // "Expire filter in days": what expires within so many.
    expire: ({ values }: Filter): RawBuilder<boolean> =>
      sql<boolean>`(not_after >= ${now} and not_after <= ${now + Number(values[0]) * day})`,
  };
}

export async function listTrustedCertificates(
  domain: Domain,
  actor: Actor,
  query: ListQuery = wholeList,
): Promise<Page<TrustedCertificate>> {
  const page = await pageOf(domain, 'trusted_certificates', actor.accountId, query, rulesFor(domain));
  return { ...page, items: page.items.map((row) => trustedOf(domain, row)) };
}

async function findRow(domain: Domain, actor: Actor, id: string): Promise<Row<'trusted_certificates'>> {
  const row = await domain.storage.db
    .selectFrom('trusted_certificates')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw certificateErrors('certificate.not.found', {
    message: `There is no certificate with the id ${id}.`,
    next: 'List the trusted certificates for their ids.',
  });
}

/** @throws MooringError `certificate.not.found` */
export async function getTrustedCertificate(domain: Domain, actor: Actor, id: string): Promise<TrustedCertificate> {
  return trustedOf(domain, await findRow(domain, actor, id));
}

export interface TrustedCertificateInput {
  name: string;
  description?: string | null;
  /** PEM, or DER in base64. */
  certificate: string;
  service: CertificateService;
  enrollmentMode?: boolean;
  status?: 'ACTIVE' | 'INACTIVE';
}

/** Runs a change that may meet a certificate of the same name. @throws MooringError `certificate.name.taken` */
export async function uniqueCertificateName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw certificateErrors('certificate.name.taken', {
      message: `There is a certificate named "${name}" already.`,
      next: 'Choose another name, or delete that certificate first.',
      data: { fields: [{ name: 'name', message: 'Is taken.' }] },
    });
  }
}

/** @throws MooringError `certificate.limit` */
export async function checkCertificateLimit(domain: Domain, actor: Actor, isDeveloper: boolean): Promise<void> {
  const { limits } = domain.settings;
  const counts = await domain.storage.db
    .selectFrom('trusted_certificates')
    .select(({ fn, val, eb }) => [
      fn.countAll<number | string>().as('all'),
      fn.count<number | string>(eb.case().when('device_execution_mode', '=', 1).then(val(1)).end()).as('developer'),
    ])
    .where('account_id', '=', actor.accountId)
    .executeTakeFirstOrThrow();
  const over =
    Number(counts.all) >= limits.trustedCertificates
      ? ['trusted certificates', limits.trustedCertificates]
      : isDeveloper && Number(counts.developer) >= limits.developerCertificates
        ? ['developer certificates', limits.developerCertificates]
        : undefined;
  if (!over) return;
  throw certificateErrors('certificate.limit', {
    message: `The account has as many ${over[0]} as its limit allows: ${over[1]}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit: over[1] },
  });
}

/** The columns that come from the certificate itself. */
export const certificateColumns = (certificate: Certificate) => ({
  certificate: certificate.der,
  fingerprint: certificate.fingerprint,
  issuer: certificate.issuerText,
  subject: certificate.subjectText,
  not_after: certificate.notAfter.getTime(),
});

async function refusePresent(domain: Domain, actor: Actor, certificate: Certificate, except?: string): Promise<void> {
  const present = await domain.storage.db
    .selectFrom('trusted_certificates')
    .select(['id', 'name'])
    .where('account_id', '=', actor.accountId)
    .where('fingerprint', '=', certificate.fingerprint)
    .executeTakeFirst();
  if (!present || present.id === except) return;
  throw certificateErrors('certificate.present', {
    message: `This certificate is there already, under the name "${present.name}".`,
    next: 'Use that one.',
    data: { id: present.id, fields: [{ name: 'certificate', message: `Is there as ${present.name}.` }] },
  });
}

/**
 * Takes in the certificate of another authority, or of one device, which is then let in.
 *
 * @throws MooringError `certificate.invalid`, `certificate.name.taken`, `certificate.present`, `certificate.limit`
 */
export async function createTrustedCertificate(
  domain: Domain,
  actor: Actor,
  input: TrustedCertificateInput,
): Promise<TrustedCertificate> {
  const certificate = readUpload(input.certificate, domain.clock.now());
  const id = newId(domain.clock);
  const now = domain.clock.now().getTime();
  return uniqueCertificateName(input.name, () =>
    domain.storage.transaction(async (db) => {
      await checkCertificateLimit(domain, actor, false);
      await refusePresent(domain, actor, certificate);
      await db
        .insertInto('trusted_certificates')
        .values({
          id,
          account_id: actor.accountId,
          name: input.name,
          description: input.description ?? null,
          service: input.service,
          status: input.status ?? 'ACTIVE',
          enrollment_mode: input.enrollmentMode ? 1 : 0,
          device_execution_mode: 0,
          ...certificateColumns(certificate),
          authority_id: null,
          owner_id: actor.kind === 'operator' ? null : actor.id,
          created_at: now,
          updated_at: now,
          etag: 1,
        })
        .execute();
      await audit(domain, actor, {
        action: 'trusted-certificate.created',
        subjectKind: 'trusted-certificate',
        subjectId: id,
        detail: { name: input.name, service: input.service, fingerprint: certificate.fingerprint },
      });
      return getTrustedCertificate(domain, actor, id);
    }),
  );
}

/**
 * Changes what is given and keeps the rest.
 *
 * @throws MooringError `certificate.not.found`, `certificate.developer.fixed`, and as for creating
 */
export async function updateTrustedCertificate(
  domain: Domain,
  actor: Actor,
  id: string,
  changes: Partial<TrustedCertificateInput>,
): Promise<TrustedCertificate> {
  let shutsOut = false;
  const updated = await uniqueCertificateName(changes.name ?? '', () =>
    domain.storage.transaction(async (db) => {
      const row = await findRow(domain, actor, id);
      const before = trustedOf(domain, row);
      const certificate =
        changes.certificate === undefined ? before.certificate : readUpload(changes.certificate, domain.clock.now());
      const after = {
        name: changes.name ?? before.name,
        description: changes.description === undefined ? before.description : changes.description,
        service: changes.service ?? before.service,
        status: changes.status ?? before.status,
        enrollment_mode: changes.enrollmentMode ?? before.enrollmentMode,
        fingerprint: certificate.fingerprint,
      };
      const now = {
        name: before.name,
        description: before.description,
        service: before.service,
        status: before.status,
        enrollment_mode: before.enrollmentMode,
        fingerprint: before.certificate.fingerprint,
      };
      const changed = Object.entries(after).filter(([field, value]) => value !== now[field as keyof typeof now]);
      if (changed.length === 0) return before;
      shutsOut = after.status === 'INACTIVE' && before.status === 'ACTIVE';
      const fields = changed.map(([field]) => (field === 'fingerprint' ? 'certificate' : field));
      const deeper = fields.filter((field) => !['name', 'description', 'status'].includes(field));
      if (deeper.length > 0) {
        if (before.isDeveloper) throw fixedForDeveloper(deeper);
        requireAuthorityPermission(actor, deeper);
      }
      if (after.fingerprint !== now.fingerprint) await refusePresent(domain, actor, certificate, id);
      await db
        .updateTable('trusted_certificates')
        .set({
          name: after.name,
          description: after.description,
          service: after.service,
          status: after.status,
          enrollment_mode: after.enrollment_mode ? 1 : 0,
          ...certificateColumns(certificate),
          updated_at: domain.clock.now().getTime(),
          etag: row.etag + 1,
        })
        .where('id', '=', id)
        .execute();
      await audit(domain, actor, {
        action: 'trusted-certificate.updated',
        subjectKind: 'trusted-certificate',
        subjectId: id,
        detail: Object.fromEntries(changed),
      });
      return getTrustedCertificate(domain, actor, id);
    }),
  );
  if (shutsOut) domain.bus.tell({ kind: 'shut-out', accountId: actor.accountId, trustedCertificateId: id });
  return updated;
}

const fixedForDeveloper = (fields: readonly string[]) =>
  certificateErrors('certificate.developer.fixed', {
    message: `The ${fields.join(' and ')} of a developer certificate cannot be changed.`,
    next: 'Make a new developer certificate, or upload a certificate of your own.',
    data: { fields: fields.map((name) => ({ name, message: 'Cannot be changed for a developer certificate.' })) },
  });

/** Another certificate under an old name lets in other devices, which is what uploading one does. */
function requireAuthorityPermission(actor: Actor, fields: readonly string[]): void {
  if (actor.permissions.has('certificate-authorities:write')) return;
  throw accountErrors('permission.denied', {
    message: `The ${fields.join(' and ')} of a trusted certificate can only be changed by one that may upload certificates.`,
    next: 'Use an API key of the group Administrators.',
  });
}

/**
 * Deletes a certificate: its devices are no longer let in. One that this service issued is revoked as well, and a
 * developer certificate goes with its private key.
 *
 * @throws MooringError `certificate.not.found`
 */
export async function deleteTrustedCertificate(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const row = await findRow(domain, actor, id);
    if (row.authority_id !== null) await revoke(domain, { ...row, authority_id: row.authority_id });
    await db.deleteFrom('developer_certificates').where('id', '=', id).execute();
    await db.deleteFrom('trusted_certificates').where('id', '=', id).execute();
    await audit(domain, actor, {
      action: row.device_execution_mode === 1 ? 'developer-certificate.deleted' : 'trusted-certificate.deleted',
      subjectKind: 'trusted-certificate',
      subjectId: id,
      detail: { name: row.name, fingerprint: row.fingerprint, revoked: row.authority_id !== null },
    });
  });
}
