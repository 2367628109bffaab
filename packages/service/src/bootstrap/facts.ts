import { type Certificate, verifySignedBy } from '@mooring/pki';
import { sql } from 'kysely';
import { isId } from '../accounts/ids.ts';
import { knownCertificate } from '../certificates/known-certificates.ts';
import { isRevoked } from '../certificates/revocation.ts';
import { deviceCount } from '../registry/devices/counts.ts';
import type { DeviceRow } from '../registry/devices/device.ts';
import { deviceKeyOf } from '../registry/devices/identifiers.ts';
import type { Domain } from '../storage/context.ts';
import { prepared } from '../storage/prepared.ts';
import type { Row } from '../storage/schema.ts';
import type { Enrolment, KnownDevice, Server, Trusted, Voucher } from './decision.ts';

/** Trusted certificates that are looked at for one device. */
const mostCandidates = 50;

type TrustedRow = Pick<
  Row<'trusted_certificates'>,
  'id' | 'account_id' | 'certificate' | 'service' | 'status' | 'enrollment_mode' | 'device_execution_mode'
> & { state: Row<'authorities'>['state'] | null };

/** One certificate is looked for at a time: what a device sends above its own is seldom more than one. */
const trustedNamed = prepared<{ fingerprint: string; subject: string; account_id: string | null }, TrustedRow>(
  (db, value) =>
    db
      .selectFrom('trusted_certificates as trusted')
      .leftJoin('authorities', 'authorities.id', 'trusted.authority_id')
      .select([
        'trusted.id',
        'trusted.account_id',
        'trusted.certificate',
        'trusted.service',
        'trusted.status',
        'trusted.enrollment_mode',
        'trusted.device_execution_mode',
        'authorities.state',
      ])
      .where(({ or, eb }) =>
        or([eb('trusted.fingerprint', '=', value('fingerprint')), eb('trusted.subject', '=', value('subject'))]),
      )
      .where(({ eb }) =>
        eb('trusted.account_id', '=', sql<string>`coalesce(${value('account_id')}, trusted.account_id)`),
      )
      .orderBy('trusted.id')
      .limit(mostCandidates),
);

/** The trusted certificates that could vouch for these: they are among them, or have the name of who signed them. */
export async function trustedFor(
  domain: Domain,
  shown: readonly Certificate[],
  accountId: string | undefined,
): Promise<Trusted[]> {
  const found = new Map<string, TrustedRow>();
  for (const { fingerprint, issuerText } of shown) {
    const values = { fingerprint, subject: issuerText, account_id: accountId ?? null };
    for (const row of await trustedNamed(domain.storage.db, values)) found.set(row.id, row);
  }
  return [...found.values()].slice(0, mostCandidates).map((row) => ({
    id: row.id,
    accountId: row.account_id,
    certificate: knownCertificate(row.certificate),
    service: row.service as Server,
    active: row.status === 'ACTIVE',
    enrollmentMode: row.enrollment_mode === 1,
    isDeveloper: row.device_execution_mode === 1,
    authorityRetired: row.state === 'retired',
  }));
}

const issuedFor = prepared<
  { fingerprint: string; account_id: string | null },
  Pick<Row<'device_certificates'>, 'id' | 'account_id' | 'certificate'> & Pick<Row<'authorities'>, 'state'>
>((db, value) =>
  db
    .selectFrom('device_certificates as own')
    .innerJoin('authorities', 'authorities.id', 'own.authority_id')
    .select(['own.id', 'own.account_id', 'own.certificate', 'authorities.state'])
    .where('own.fingerprint', '=', value('fingerprint'))
    .where(({ eb }) => eb('own.account_id', '=', sql<string>`coalesce(${value('account_id')}, own.account_id)`)),
);

/** The certificate of one device that was issued here for a key of its own: it vouches for itself, and for nobody else. */
export async function ownCertificate(
  domain: Domain,
  leaf: Certificate,
  accountId: string | undefined,
): Promise<Trusted[]> {
  const rows = await issuedFor(domain.storage.db, { fingerprint: leaf.fingerprint, account_id: accountId ?? null });
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    certificate: knownCertificate(row.certificate),
    service: 'bootstrap',
    active: true,
    enrollmentMode: false,
    isDeveloper: false,
    authorityRetired: row.state === 'retired',
  }));
}

/** Whether this is a certificate of the account's developer authority that was deleted or replaced. */
export async function isDeletedDeveloper(domain: Domain, leaf: Certificate, accountId: string): Promise<boolean> {
  const authorities = await domain.storage.db
    .selectFrom('authorities')
    .select(['id', 'certificate'])
    .where('account_id', '=', accountId)
    .where('purpose', '=', 'developer')
    .execute();
  for (const { id, certificate } of authorities) {
    if (!verifySignedBy(leaf, knownCertificate(certificate))) continue;
    if (await isRevoked(domain, id, Buffer.from(leaf.serial).toString('hex'))) return true;
  }
  return false;
}

/** Whether this was signed by an LwM2M authority of the account: credentials that are remembered no longer. */
export async function isFormerCredential(domain: Domain, leaf: Certificate, accountId: string): Promise<boolean> {
  const authorities = await domain.storage.db
    .selectFrom('authorities')
    .select('certificate')
    .where('account_id', '=', accountId)
    .where('purpose', '=', 'lwm2m')
    .execute();
  return authorities.some(({ certificate }) => verifySignedBy(leaf, knownCertificate(certificate)));
}

const accountById = prepared<{ id: string }, Row<'accounts'>>((db, value) =>
  db.selectFrom('accounts').selectAll().where('id', '=', value('id')),
);

export const accountOf = async (domain: Domain, id: string): Promise<Row<'accounts'> | undefined> =>
  (await accountById(domain.storage.db, { id }))[0];

/**
 * The account that a device means: what it says, or what its certificate says; the only one there is, if it says nothing.
 * Undefined where that is no account.
 */
export async function accountMeant(
  domain: Domain,
  said: string | undefined,
  leaf: Certificate | undefined,
): Promise<Row<'accounts'> | undefined> {
  const { db } = domain.storage;
  const id = said ?? leaf?.subject.organizationalUnit;
  if (id !== undefined && isId(id)) {
    const row = await accountOf(domain, id);
    if (row || said !== undefined) return row;
  }
  const rows = await db.selectFrom('accounts').selectAll().orderBy('id').limit(2).execute();
  return said === undefined && rows.length === 1 ? rows[0] : undefined;
}

const enrolmentFor = prepared<
  { fingerprint: string },
  Pick<Row<'enrolments'>, 'id' | 'account_id' | 'device_id' | 'expires_at' | 'claimed_at'>
>((db, value) =>
  db
    .selectFrom('enrolments')
    .select(['id', 'account_id', 'device_id', 'expires_at', 'claimed_at'])
    .where('fingerprint', '=', value('fingerprint')),
);

export async function enrolmentOf(domain: Domain, fingerprint: string): Promise<Enrolment | undefined> {
  const now = domain.clock.now().getTime();
  const [row] = await enrolmentFor(domain.storage.db, { fingerprint });
  if (!row || (row.claimed_at === null && row.expires_at !== null && row.expires_at < now)) return undefined;
  return { id: row.id, accountId: row.account_id, deviceId: row.device_id };
}

/** What of a device is looked at. */
const columns = ['id', 'account_id', 'ca_id', 'lifecycle_status'] as const satisfies (keyof DeviceRow)[];
type Found = Pick<DeviceRow, (typeof columns)[number]>;

const byKey = prepared<{ account_id: string; device_key: string | null }, Found>((db, value) =>
  db
    .selectFrom('devices')
    .select(columns)
    .where('account_id', '=', value('account_id'))
    .where('device_key', '=', value('device_key'))
    .where('device_execution_mode', '!=', 1)
    .orderBy('id'),
);

const byName = prepared<{ account_id: string; endpoint_name: string }, Found & Pick<DeviceRow, 'device_key' | 'state'>>(
  (db, value) =>
    db
      .selectFrom('devices')
      .select([...columns, 'device_key', 'state'])
      .where('account_id', '=', value('account_id'))
      .where('endpoint_name', '=', value('endpoint_name'))
      .where('device_execution_mode', '!=', 1)
      .orderBy('id')
      .limit(50),
);

const byId = prepared<{ id: string }, Found>((db, value) =>
  db.selectFrom('devices').select(columns).where('id', '=', value('id')),
);

const known = (row: Found): KnownDevice => ({
  id: row.id,
  caId: row.ca_id,
  blocked: row.lifecycle_status === 'blocked',
});

/**
 * The device that a certificate of its own says it is: the one with this certificate; the one of this name that came with the
 * same trusted certificate, whose own was renewed; or one that an operator put there under this name and that never came.
 */
export async function recognisedByCertificate(
  domain: Domain,
  { trusted }: Voucher,
  leaf: Certificate,
  endpointName: string,
): Promise<KnownDevice | undefined> {
  const { db } = domain.storage;
  const account_id = trusted.accountId;
  const [device] = await byKey(db, { account_id, device_key: deviceKeyOf(leaf.fingerprint) });
  if (device) return known(device);
  if (endpointName === '') return undefined;
  const named = await byName(db, { account_id, endpoint_name: endpointName });
  const found =
    named.find(({ ca_id }) => ca_id === trusted.id) ??
    named.find(({ ca_id, device_key, state }) => ca_id === null && device_key === null && state === 'unenrolled');
  return found && known(found);
}

/** The device of this name that came with a pre-shared key, or never came. */
export async function recognisedByName(
  domain: Domain,
  accountId: string,
  endpointName: string,
): Promise<KnownDevice | undefined> {
  const named = await byName(domain.storage.db, { account_id: accountId, endpoint_name: endpointName });
  const found = named.find(({ ca_id, device_key }) => ca_id === null && device_key === null);
  return found && known(found);
}

/** The device with the id that a device sends as `iep`, if it is one of the account. */
export async function claimedDevice(
  domain: Domain,
  accountId: string,
  internalEndpoint: string | undefined,
): Promise<KnownDevice | undefined> {
  if (internalEndpoint === undefined || !isId(internalEndpoint)) return undefined;
  const [device] = await byId(domain.storage.db, { id: internalEndpoint });
  return device?.account_id === accountId ? known(device) : undefined;
}

/** Whether the limits leave room for one more device. */
export async function roomForDevice(domain: Domain, accountId: string, developerCertificate: string | undefined) {
  const { limits } = domain.settings;
  return {
    account: (await deviceCount(domain, accountId)) < limits.devices,
    certificate:
      developerCertificate === undefined || (await deviceCount(domain, developerCertificate)) < limits.developerDevices,
  };
}
