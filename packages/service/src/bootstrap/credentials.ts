import { type Certificate, parseCertificate } from '@mooring/pki';
import type { DenialRecorder } from '../registry/denials/denial.ts';
import { directoryEvents, recordDeviceEvent } from '../registry/device-log/device-event.ts';
import { changeTime } from '../registry/devices/device.ts';
import { midnightOf } from '../registry/devices/identifiers.ts';
import { nextState } from '../registry/devices/state.ts';
import type { Domain } from '../storage/context.ts';
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

/** Remembers credentials before they are sent: only what is remembered is let in. */
export async function credentialsIssued(domain: Domain, issued: IssuedCredentials): Promise<void> {
  const { deviceId } = issued;
  await domain.storage.grouped(async (db) => {
    const { latest } = await db
      .selectFrom('device_credentials')
      .select(({ fn }) => fn.max<number | null>('issued_at').as('latest'))
      .where('device_id', '=', deviceId)
      .executeTakeFirstOrThrow();
    await db
      .insertInto('device_credentials')
      .values({
        fingerprint: issued.fingerprint,
        account_id: issued.accountId,
        device_id: deviceId,
        authority_id: issued.authorityId,
        serial: issued.serial,
        not_after: issued.notAfter.getTime(),
        // After all others of the device, also where the clock was set back: the newest are those that count.
        issued_at: Math.max(domain.clock.now().getTime(), (latest ?? 0) + 1),
        used_at: null,
      })
      .execute();
    const unused = await db
      .selectFrom('device_credentials')
      .select('fingerprint')
      .where('device_id', '=', deviceId)
      .where('used_at', 'is', null)
      .orderBy('issued_at', 'desc')
      .execute();
    const surplus = unused.slice(mostUnused).map(({ fingerprint }) => fingerprint);
    if (surplus.length === 0) return;
    await db.deleteFrom('device_credentials').where('fingerprint', 'in', surplus).execute();
  });
}

/** A device has finished its bootstrap. @param credentials what it was given, if it was given a certificate */
export async function deviceBootstrapped(
  domain: Domain,
  deviceId: string,
  credentials?: Pick<IssuedCredentials, 'notAfter'>,
): Promise<void> {
  const accountId = await domain.storage.grouped(async (db) => {
    const device = await db.selectFrom('devices').selectAll().where('id', '=', deviceId).executeTakeFirst();
    // Deleted while it bootstrapped: it will not be let in.
    if (!device) return undefined;
    const state = nextState(device.state, 'bootstrapped');
    await db
      .updateTable('devices')
      .set({
        state,
        bootstrapped_at: domain.clock.now().getTime(),
        updated_at: changeTime(domain, device.updated_at),
        ...(credentials ? { connector_expiration: midnightOf(credentials.notAfter.getTime()) } : {}),
      })
      .where('id', '=', deviceId)
      .execute();
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
}

function readable(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch {
    // OpenSSL takes some that are no DER; what was made here is.
    return undefined;
  }
}

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
  const { db } = domain.storage;
  const certificate = readable(leaf);
  if (!certificate) return undefined;
  const found = await db
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
    .where('credentials.fingerprint', '=', certificate.fingerprint)
    .executeTakeFirst();
  if (!found) return undefined;
  const newest = await db
    .selectFrom('device_credentials')
    .select('issued_at')
    .where('device_id', '=', found.device_id)
    .where('used_at', 'is not', null)
    .orderBy('issued_at', 'desc')
    .executeTakeFirst();
  const decision = decideAdmission({
    now: domain.clock.now(),
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
    newestUsed: newest?.issued_at,
  });
  const endpointName = certificate.subject.commonName ?? '';
  if ('denied' in decision) {
    await denials.record({
      accountId: found.account_id,
      endpointName,
      reason: decision.denied,
      fingerprint: certificate.fingerprint,
      ...(address === undefined ? {} : { address }),
    });
    return decision;
  }
  if (found.used_at === null) {
    await domain.storage.grouped(async (transaction) => {
      await transaction
        .updateTable('device_credentials')
        .set({ used_at: domain.clock.now().getTime() })
        .where('fingerprint', '=', certificate.fingerprint)
        .execute();
      await transaction
        .deleteFrom('device_credentials')
        .where('device_id', '=', found.device_id)
        .where('issued_at', '<', found.issued_at)
        .execute();
    });
  }
  return { deviceId: found.device_id, accountId: found.account_id, endpointName };
}
