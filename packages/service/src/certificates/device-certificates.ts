import {
  type Certificate,
  issueCertificate,
  keyIdentifierOf,
  noClockValidity,
  parseCertificate,
  parseRequest,
} from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { ListQuery } from '@mooring/rest';
import { isId, newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import { type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { signingAuthority } from './authorities.ts';
import { certificateErrors } from './errors.ts';
import { revoke } from './revocation.ts';

/** The certificate of one device, whose private key never left it. */
export interface DeviceCertificate {
  id: string;
  accountId: string;
  /** An API key or a user; the account for its operator. */
  ownerId: string;
  /** Its common name; one device of the account has it. */
  endpointName: string;
  certificate: Certificate;
  /** Subject key identifier, 40 hexadecimal digits. */
  keyId: string;
  createdAt: number;
  /** When it was issued. */
  updatedAt: number;
  etag: number;
}

export interface DeviceCertificateInput {
  endpointName: string;
  /** PKCS#10 (RFC 2986), PEM. */
  request: string;
  /** Id of the certificate that the device has now, which ends with this one. */
  replaces?: string | undefined;
}

const deviceCertificateOf = (row: Row<'device_certificates'>): DeviceCertificate => ({
  id: row.id,
  accountId: row.account_id,
  ownerId: row.owner_id ?? row.account_id,
  endpointName: row.endpoint_name,
  certificate: parseCertificate(row.certificate),
  keyId: row.key_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  etag: row.etag,
});

const refuse = (field: 'csr' | 'endpoint_name', reason: string, next: string, cause?: unknown) =>
  certificateErrors('certificate.request.invalid', {
    message: `The device certificate cannot be issued: ${reason}`,
    next,
    ...(cause === undefined ? {} : { cause }),
    data: { fields: [{ name: field, message: reason }] },
  });

/** Clients keep the name in 64 bytes with a zero at the end. */
const longestName = 63;

function checkName(name: string): void {
  const reason =
    Buffer.byteLength(name) > longestName
      ? `The endpoint name is longer than ${longestName} bytes.`
      : /\p{Cc}/u.test(name) || name.trim() !== name || name === ''
        ? 'The endpoint name is empty, begins or ends with a space, or has a control character in it.'
        : isId(name)
          ? 'The endpoint name looks like an id: those are the names of devices that share a developer certificate.'
          : undefined;
  if (reason !== undefined) throw refuse('endpoint_name', reason, 'Choose another name.');
}

/** Checks that the sender of a request has its key, and that it is for this device of this account. */
function readRequest({ request, endpointName }: DeviceCertificateInput, accountId: string) {
  try {
    const { subject, publicKey, spki } = parseRequest(request);
    const { commonName, organizationalUnit } = subject;
    if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
      throw refuse('csr', 'Its key is not a P-256 key, the only kind that devices and service speak.', 'Make another.');
    }
    if (commonName !== endpointName) {
      const reason = `The request is for ${JSON.stringify(commonName ?? '')}, not for ${JSON.stringify(endpointName)}.`;
      throw refuse('csr', reason, 'Have the device make a request with that endpoint name.');
    }
    if (organizationalUnit !== undefined && organizationalUnit !== accountId) {
      throw refuse('csr', 'The request is for another account.', 'Use an API key of that account.');
    }
    return { publicKey, keyId: Buffer.from(keyIdentifierOf(spki)).toString('hex') };
  } catch (error) {
    if (!isMooringError(error) || !error.code.startsWith('pki.')) throw error;
    throw refuse('csr', error.message, error.next ?? 'Make the request anew.', error);
  }
}

const findBy = (domain: Domain, accountId: string, column: 'id' | 'endpoint_name', value: string) =>
  domain.storage.db
    .selectFrom('device_certificates')
    .selectAll()
    .where('account_id', '=', accountId)
    .where(column, '=', value)
    .executeTakeFirst();

/**
 * Issues the certificate of one device: a leaf of the account's developer authority with the endpoint name as common name.
 * The same request again gives the same certificate. One for another key takes the place of the certificate that `replaces`
 * names, which is revoked; without that a name that is in use is refused, for two boards may have one host name.
 *
 * @throws MooringError `certificate.request.invalid`, `certificate.endpoint.taken`, `certificate.limit`
 */
export async function issueDeviceCertificate(
  domain: Domain,
  actor: Actor,
  input: DeviceCertificateInput,
): Promise<DeviceCertificate> {
  const { accountId } = actor;
  const { endpointName } = input;
  checkName(endpointName);
  const { publicKey, keyId } = readRequest(input, accountId);
  return domain.storage.transaction(async (db) => {
    const present = await findBy(domain, accountId, 'endpoint_name', endpointName);
    if (present?.key_id === keyId) return deviceCertificateOf(present);
    if (present && present.id !== input.replaces) throw taken(present);
    if (!present) await checkLimit(domain, actor);
    const authority = await signingAuthority(domain, accountId, 'developer');
    const certificate = parseCertificate(
      issueCertificate({
        subject: { organization: 'Mooring', organizationalUnit: accountId, commonName: endpointName },
        subjectKey: publicKey,
        issuer: authority.issuer,
        profile: 'developer',
        ...noClockValidity,
      }),
    );
    const now = domain.clock.now().getTime();
    const id = present?.id ?? newId(domain.clock);
    const columns = {
      certificate: certificate.der,
      fingerprint: certificate.fingerprint,
      key_id: keyId,
      authority_id: authority.id,
      owner_id: actor.kind === 'operator' ? null : actor.id,
      updated_at: now,
    };
    if (present) {
      await revoke(domain, present, 'superseded');
      await db
        .updateTable('device_certificates')
        .set({ ...columns, etag: present.etag + 1 })
        .where('id', '=', id)
        .execute();
    } else {
      await db
        .insertInto('device_certificates')
        .values({ id, account_id: accountId, endpoint_name: endpointName, ...columns, created_at: now, etag: 1 })
        .execute();
    }
    await audit(domain, actor, {
      action: present ? 'device-certificate.replaced' : 'device-certificate.created',
      subjectKind: 'device-certificate',
      subjectId: id,
      detail: {
        endpointName,
        fingerprint: certificate.fingerprint,
        ...(present ? { replaced: present.fingerprint } : {}),
      },
    });
    return getDeviceCertificate(domain, actor, id);
  });
}

const taken = ({ id, endpoint_name: name }: Row<'device_certificates'>) =>
  certificateErrors('certificate.endpoint.taken', {
    message: `A device named ${JSON.stringify(name)} has a certificate for another key already.`,
    next: `If it is this device, name that certificate with "replaces": "${id}"; else give the new one another endpoint name.`,
    data: { id, fields: [{ name: 'endpoint_name', message: `Is taken, by the certificate ${id}.` }] },
  });

async function checkLimit(domain: Domain, { accountId }: Actor): Promise<void> {
  const { devices: limit } = domain.settings.limits;
  const { rows } = await domain.storage.db
    .selectFrom('device_certificates')
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (Number(rows) < limit) return;
  throw certificateErrors('certificate.limit', {
    message: `The account has as many device certificates as it may have devices: ${limit}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit },
  });
}

/** @throws MooringError `certificate.not.found` */
export async function getDeviceCertificate(domain: Domain, actor: Actor, id: string): Promise<DeviceCertificate> {
  const row = await findBy(domain, actor.accountId, 'id', id);
  if (row) return deviceCertificateOf(row);
  throw notThere(id);
}

const notThere = (id: string) =>
  certificateErrors('certificate.not.found', {
    message: `There is no device certificate with the id ${id}.`,
    next: 'List the device certificates for their ids.',
  });

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  endpoint_name: 'endpoint_name',
  certificate_fingerprint: 'fingerprint',
  key_id: 'key_id',
};

export async function listDeviceCertificates(
  domain: Domain,
  actor: Actor,
  query: ListQuery = wholeList,
): Promise<Page<DeviceCertificate>> {
  const page = await pageOf(domain, 'device_certificates', actor.accountId, query, rules);
  return { ...page, items: page.items.map(deviceCertificateOf) };
}

/**
 * Revokes a device's certificate: it can bootstrap with it no longer. Credentials for the LwM2M server that it has already
 * end with the device (blocked or deleted in the directory).
 *
 * @throws MooringError `certificate.not.found`
 */
export async function deleteDeviceCertificate(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const row = await findBy(domain, actor.accountId, 'id', id);
    if (!row) throw notThere(id);
    await revoke(domain, row, 'deleted');
    await db.deleteFrom('device_certificates').where('id', '=', id).execute();
    await audit(domain, actor, {
      action: 'device-certificate.deleted',
      subjectKind: 'device-certificate',
      subjectId: id,
      detail: { endpointName: row.endpoint_name, fingerprint: row.fingerprint },
    });
  });
}
