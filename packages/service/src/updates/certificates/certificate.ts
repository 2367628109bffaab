import { type DecodedManifest, verifies, verifiesRaw } from '@mooring/manifest';
import { type Certificate, fingerprint, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { FilterFields, ListQuery, UpdateCertificateReq } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { readUpload } from '../../certificates/upload.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import { changeTime } from '../../registry/devices/device.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { isUniqueViolation } from '../../storage/index.ts';
import type { Row } from '../../storage/schema.ts';
import { updateErrors } from '../errors.ts';

export type UpdateCertificate = Row<'update_certificates'>;

export const updateCertificateFilters: FilterFields = {
  id: 'string',
  name: 'string',
  certificate_fingerprint: 'string',
  validity: 'time',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  certificate_fingerprint: 'fingerprint',
  validity: 'not_after',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

const subject = (id: string) => ({ subjectKind: 'update-certificate', subjectId: id });

export function listUpdateCertificates(
  domain: Domain,
  actor: Actor,
  query: ListQuery,
): Promise<Page<UpdateCertificate>> {
  return pageOf(domain, 'update_certificates', actor.accountId, query, rules);
}

/** @throws MooringError `update.certificate.not.found` */
export async function getUpdateCertificate(domain: Domain, actor: Actor, id: string): Promise<UpdateCertificate> {
  const row = await domain.storage.db
    .selectFrom('update_certificates')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw updateErrors('update.certificate.not.found', {
    message: `There is no update certificate with the id ${id}.`,
    next: 'List the update certificates for their ids.',
  });
}

const isP256 = ({ keyType }: Certificate): boolean => keyType === 'P-256';

/** @throws MooringError `update.certificate.invalid`, `update.certificate.present` */
export async function createUpdateCertificate(
  domain: Domain,
  actor: Actor,
  input: UpdateCertificateReq,
): Promise<UpdateCertificate> {
  let certificate: Certificate;
  try {
    certificate = readUpload(input.certificate, domain.clock.now());
  } catch (error) {
    if (!isMooringError(error) || !/^(certificate|pki|der|pem)\b/.test(error.code)) throw error;
    throw refused(error.message, error.next ?? 'Check the certificate.', error);
  }
  if (!isP256(certificate)) {
    throw refused(
      `The key of the certificate is ${certificate.keyType}; devices check manifests with P-256 alone.`,
      'Make an update certificate with manifest-tool init.',
    );
  }
  try {
    return await domain.storage.transaction(async (db) => {
      const now = changeTime(domain);
      const row: UpdateCertificate = {
        id: newId(domain.clock),
        account_id: actor.accountId,
        name: input.name,
        certificate: certificate.der,
        fingerprint: fingerprint(certificate.der),
        not_after: certificate.notAfter.getTime(),
        created_at: now,
        updated_at: now,
      };
      await db.insertInto('update_certificates').values(row).execute();
      // Devices that were known by the fingerprint alone have an end now.
      await db
        .updateTable('device_update_facts')
        .set({ not_after: row.not_after })
        .where('account_id', '=', actor.accountId)
        .where('fingerprint', '=', row.fingerprint)
        .where('not_after', 'is', null)
        .execute();
      const { name, fingerprint: print } = row;
      await audit(domain, actor, {
        action: 'update-certificate.created',
        ...subject(row.id),
        detail: { name, fingerprint: print },
      });
      return row;
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw updateErrors('update.certificate.present', {
      message: 'The account has this update certificate already.',
      next: 'List the update certificates.',
    });
  }
}

function refused(message: string, next: string, cause?: unknown) {
  return updateErrors('update.certificate.invalid', {
    message,
    next,
    ...(cause === undefined ? {} : { cause }),
    data: { fields: [{ name: 'certificate', message }] },
  });
}

/** @throws MooringError `update.certificate.not.found` */
export async function deleteUpdateCertificate(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { name } = await getUpdateCertificate(domain, actor, id);
    await db.deleteFrom('update_certificates').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'update-certificate.deleted', ...subject(id), detail: { name } });
  });
}

function isSignedWith(decoded: DecodedManifest, certificate: Certificate): boolean {
  if (decoded.schema === 'v3') return verifiesRaw(certificate.publicKey, decoded.manifestTlv, decoded.value.signature);
  const print = fingerprint(certificate.der);
  return decoded.value.signature.signatures.some(
    ({ signature, certificates }) =>
      Buffer.from(certificates[0]?.fingerprint ?? []).toString('hex') === print &&
      verifies(certificate.publicKey, decoded.resourceTlv, signature),
  );
}

/**
 * The account's rule for manifests: once it has named update certificates, a manifest has to be signed with one of them.
 *
 * @returns the fingerprint of the certificate; undefined where the account has named none
 * @throws MooringError `update.manifest.untrusted`
 */
export async function checkSigner(domain: Domain, actor: Actor, decoded: DecodedManifest): Promise<string | undefined> {
  const rows = await domain.storage.db
    .selectFrom('update_certificates')
    .select(['certificate', 'fingerprint'])
    .where('account_id', '=', actor.accountId)
    .execute();
  if (rows.length === 0) return undefined;
  const signer = rows.find(({ certificate }) => isSignedWith(decoded, parseCertificate(certificate)));
  if (signer) return signer.fingerprint;
  throw updateErrors('update.manifest.untrusted', {
    message: `The manifest is signed with none of the ${rows.length} update certificates of the account.`,
    next: 'Sign it with one of them, or add its certificate to the account.',
    data: { fields: [{ name: 'datafile', message: 'Is not signed with an update certificate of the account.' }] },
  });
}
