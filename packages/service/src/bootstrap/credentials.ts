import { fingerprint, subjectOf } from '@mooring/pki';
import type { DenialRecorder } from '../registry/denials/denial.ts';
import { directoryEvents, recordDeviceEvent } from '../registry/device-log/device-event.ts';
import { changeTime, type DeviceRow } from '../registry/devices/device.ts';
import { midnightOf } from '../registry/devices/identifiers.ts';
import { nextState } from '../registry/devices/state.ts';
import type { Domain } from '../storage/context.ts';
import { prepared } from '../storage/prepared.ts';
import type { Row } from '../storage/schema.ts';
import { type DenialReason, decideAdmission } from './decision.ts';

/** A certificate for the LwM2M server that was made for a device. */
export interface IssuedCredentials {
  readonly deviceId: string;
  readonly accountId: string;
  /** Of ours, that signed it. */
  readonly authorityId: string;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly notAfter: Date;
}

/** Credentials that were made and never used: a device that fails again and again is not to fill the table. */
const mostUnused = 5;

type CredentialRow = Row<'device_credentials'>;

const earlier = prepared<{ device_id: string }, Pick<CredentialRow, 'fingerprint' | 'issued_at' | 'used_at'>>(
  (db, value) =>
    db
      .selectFrom('device_credentials')
      .select(['fingerprint', 'issued_at', 'used_at'])
      .where('device_id', '=', value('device_id'))
      .orderBy('issued_at', 'desc'),
);

const insertCredentials = prepared<CredentialRow, unknown>((db, value) =>
  db.insertInto('device_credentials').values({
    fingerprint: value('fingerprint'),
    account_id: value('account_id'),
    device_id: value('device_id'),
    authority_id: value('authority_id'),
    serial: value('serial'),
    not_after: value('not_after'),
    issued_at: value('issued_at'),
    used_at: value('used_at'),
  }),
);

/** Remembers credentials before they are sent: only what is remembered is let in. */
export async function credentialsIssued(domain: Domain, issued: IssuedCredentials): Promise<void> {
  const { deviceId } = issued;
  await domain.storage.grouped(async (db) => {
    const before = await earlier(db, { device_id: deviceId });
    await insertCredentials(db, {
      fingerprint: issued.fingerprint,
      account_id: issued.accountId,
      device_id: deviceId,
      authority_id: issued.authorityId,
      serial: issued.serial,
      not_after: issued.notAfter.getTime(),
      // After all others of the device, also where the clock was set back: the newest are those that count.
      issued_at: Math.max(domain.clock.now().getTime(), (before[0]?.issued_at ?? 0) + 1),
      used_at: null,
    });
    const surplus = before.filter(({ used_at }) => used_at === null).slice(mostUnused - 1);
    if (surplus.length === 0) return;
    const fingerprints = surplus.map(({ fingerprint }) => fingerprint);
    await db.deleteFrom('device_credentials').where('fingerprint', 'in', fingerprints).execute();
  });
}

const deviceById = prepared<{ id: string }, DeviceRow>((db, value) =>
  db.selectFrom('devices').selectAll().where('id', '=', value('id')),
);

type Bootstrapped = Pick<DeviceRow, 'id' | 'state' | 'bootstrapped_at' | 'updated_at' | 'connector_expiration'>;

const setBootstrapped = prepared<Bootstrapped, unknown>((db, value) =>
  db
    .updateTable('devices')
    .set({
      state: value('state'),
      bootstrapped_at: value('bootstrapped_at'),
      updated_at: value('updated_at'),
      connector_expiration: value('connector_expiration'),
    })
    .where('id', '=', value('id')),
);

/** A device has finished its bootstrap. @param credentials what it was given, if it was given a certificate */
export async function deviceBootstrapped(
  domain: Domain,
  deviceId: string,
  credentials?: Pick<IssuedCredentials, 'notAfter'>,
): Promise<void> {
  const accountId = await domain.storage.grouped(async (db) => {
    const [device] = await deviceById(db, { id: deviceId });
    // Deleted while it bootstrapped: it will not be let in.
    if (!device) return undefined;
    const state = nextState(device.state, 'bootstrapped');
    await setBootstrapped(db, {
      id: deviceId,
      state,
      bootstrapped_at: domain.clock.now().getTime(),
      updated_at: changeTime(domain, device.updated_at),
      connector_expiration: credentials ? midnightOf(credentials.notAfter.getTime()) : device.connector_expiration,
    });
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description: 'Device bootstrapped',
      stateChange: state !== device.state,
      data: { state },
    });
    return device.account_id;
  });
  if (accountId !== undefined) domain.usage.count(accountId, 'bootstraps_successful');
}

/** A bootstrap that was begun and came to nothing, other than by a refusal. */
export function bootstrapFailed(domain: Domain, accountId: string): void {
  domain.usage.count(accountId, 'bootstraps_failed');
}

/** Who comes to the LwM2M server with credentials that were made here. */
export interface Admitted {
  readonly deviceId: string;
  readonly accountId: string;
  /** The common name of its certificate. */
  readonly endpointName: string;
  /** When its credentials end, ms since 1970 by the service's clock; they may have no end. */
  readonly notAfter?: number;
  /** They were not used before. */
  readonly isFirstUse?: boolean;
}

interface AdmissionRow {
  device_id: string;
  account_id: string;
  issued_at: number;
  not_after: number;
  used_at: number | null;
  ca_id: string | null;
  lifecycle_status: DeviceRow['lifecycle_status'];
  account_status: Row<'accounts'>['status'];
  authority_state: Row<'authorities'>['state'];
  origin_status: Row<'trusted_certificates'>['status'] | null;
  /** Of all credentials of the device that were ever used. */
  newest_used: number | null;
}

const admissionOf = prepared<{ fingerprint: string }, AdmissionRow>((db, value) =>
  db
    .selectFrom('device_credentials as credentials')
    .innerJoin('devices', 'devices.id', 'credentials.device_id')
    .innerJoin('accounts', 'accounts.id', 'credentials.account_id')
    .innerJoin('authorities', 'authorities.id', 'credentials.authority_id')
    .leftJoin('trusted_certificates as origin', 'origin.id', 'devices.ca_id')
    .select([
      'credentials.device_id',
      'credentials.account_id',
      'credentials.issued_at',
      'credentials.not_after',
      'credentials.used_at',
      'devices.ca_id',
      'devices.lifecycle_status',
      'accounts.status as account_status',
      'authorities.state as authority_state',
      'origin.status as origin_status',
    ])
    .select(({ selectFrom }) =>
      selectFrom('device_credentials as used')
        .select(({ fn }) => fn.max<number | null>('used.issued_at').as('newest'))
        .whereRef('used.device_id', '=', 'credentials.device_id')
        .where('used.used_at', 'is not', null)
        .as('newest_used'),
    )
    .where('credentials.fingerprint', '=', value('fingerprint')),
);

const setUsed = prepared<Pick<CredentialRow, 'fingerprint'> & { used_at: number }, unknown>((db, value) =>
  db
    .updateTable('device_credentials')
    .set({ used_at: value('used_at') })
    .where('fingerprint', '=', value('fingerprint')),
);

const deleteOlder = prepared<Pick<CredentialRow, 'device_id' | 'issued_at'>, unknown>((db, value) =>
  db
    .deleteFrom('device_credentials')
    .where('device_id', '=', value('device_id'))
    .where('issued_at', '<', value('issued_at')),
);

const decisionOn = (found: AdmissionRow, now: Date) =>
  decideAdmission({
    now,
    device: {
      id: found.device_id,
      caId: found.ca_id,
      blocked: found.lifecycle_status === 'blocked',
      originInactive: found.origin_status === 'INACTIVE',
    },
    account: { suspended: found.account_status === 'SUSPENDED' },
    credentials: {
      issuedAt: found.issued_at,
      notAfter: found.not_after,
      authorityRetired: found.authority_state === 'retired',
    },
    newestUsed: found.newest_used ?? undefined,
  });

/**
 * Lets a device in that shows credentials of ours to the LwM2M server. Older credentials of it end with that.
 *
 * @param leaf DER
 * @returns undefined if these are no credentials of ours: `joinDevice` decides on them
 */
export async function admitDevice(
  { domain, denials }: { domain: Domain; denials: DenialRecorder },
  leaf: Uint8Array,
  address?: string,
): Promise<Admitted | { denied: DenialReason } | undefined> {
  const print = fingerprint(leaf);
  const admitted = await domain.storage.grouped(async (db) => {
    const [found] = await admissionOf(db, { fingerprint: print });
    if (!found) return undefined;
    const decision = decisionOn(found, domain.clock.now());
    if (!('denied' in decision) && found.used_at === null) {
      await setUsed(db, { fingerprint: print, used_at: domain.clock.now().getTime() });
      await deleteOlder(db, { device_id: found.device_id, issued_at: found.issued_at });
    }
    return { found, decision };
  });
  if (!admitted) return undefined;
  const { found, decision } = admitted;
  const endpointName = subjectOf(leaf).commonName ?? '';
  if ('denied' in decision) {
    await denials.record({
      accountId: found.account_id,
      endpointName,
      reason: decision.denied,
      fingerprint: print,
      ...(address === undefined ? {} : { address }),
    });
    return decision;
  }
  const { device_id: deviceId, account_id: accountId, not_after: notAfter, used_at } = found;
  return { deviceId, accountId, endpointName, notAfter, isFirstUse: used_at === null };
}

/** A device has got a certificate for the LwM2M server over the connection that it has. */
export async function credentialsRenewed(domain: Domain, deviceId: string, notAfter: Date): Promise<void> {
  await domain.storage.grouped(async (db) => {
    const device = await db.selectFrom('devices').selectAll().where('id', '=', deviceId).executeTakeFirst();
    if (!device) return;
    await db
      .updateTable('devices')
      .set({
        connector_expiration: midnightOf(notAfter.getTime()),
        updated_at: changeTime(domain, device.updated_at),
      })
      .where('id', '=', deviceId)
      .execute();
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description: 'Device was given a new certificate',
      data: { connector_expiration: notAfter.toISOString().slice(0, 10) },
    });
  });
}
