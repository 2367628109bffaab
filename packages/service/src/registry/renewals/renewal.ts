import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { findDevice } from '../devices/device.ts';
import { registryErrors } from '../errors.ts';

export type Renewal = Row<'certificate_renewals'>;

/** Why a device cannot be asked to renew a certificate. */
export type RenewalRefusal =
  /** The device has no certificate of this name. */
  | 'unknown'
  /** Nobody here signs certificates of this name. */
  | 'no-issuer'
  /** The device is not connected. */
  | 'not-connected'
  /** The device has no certificate enrolment (object 35011). */
  | 'unsupported';

/** The LwM2M server, as far as a renewal needs it: it asks the device, which then comes with a request for a certificate. */
export interface CertificateRenewals {
  /** @returns undefined if the device was asked */
  ask(device: { accountId: string; deviceId: string }, certificateName: string): Promise<RenewalRefusal | undefined>;
}

/** Where no LwM2M server runs, no device is connected. */
export const noRenewals: CertificateRenewals = { ask: async () => 'not-connected' };

/** A renewal that was never completed does not stand in the way of another one after this, in ms. */
const patience = 10 * 60_000;

const refusals: Readonly<Record<RenewalRefusal, () => Error>> = {
  unknown: () =>
    registryErrors('renewal.certificate.unknown', { message: 'The device has no certificate of this name.' }),
  'no-issuer': () =>
    registryErrors('renewal.no.issuer', { message: 'Nobody here signs certificates of this name for devices.' }),
  'not-connected': () =>
    registryErrors('renewal.impossible', {
      message: 'The device is not connected.',
      next: 'Repeat when it is registered.',
    }),
  unsupported: () =>
    registryErrors('renewal.impossible', { message: 'The device cannot renew certificates: it has no object 35011.' }),
};

async function refuseRunning(domain: Domain, deviceId: string, certificateName: string, now: number): Promise<void> {
  const running = await domain.storage.db
    .selectFrom('certificate_renewals')
    .select('id')
    .where('device_id', '=', deviceId)
    .where('certificate_name', '=', certificateName)
    .where('status', '=', 'new')
    .where('created_at', '>', now - patience)
    .executeTakeFirst();
  if (!running) return;
  throw registryErrors('renewal.running', {
    message: 'The device was asked to renew this certificate a moment ago, and has not done so yet.',
    next: 'Wait, and repeat.',
  });
}

/**
 * Asks a device to renew one of its certificates.
 *
 * @throws MooringError `device.not.found`, `renewal.*`
 */
export async function renewCertificate(
  domain: Domain,
  actor: Actor,
  renewals: CertificateRenewals,
  deviceId: string,
  certificateName: string,
): Promise<Renewal> {
  const now = domain.clock.now().getTime();
  const id = newId(domain.clock);
  await domain.storage.transaction(async (db) => {
    await findDevice(domain, actor.accountId, deviceId);
    await refuseRunning(domain, deviceId, certificateName, now);
    // Before the device is asked: it may be done before the asking is.
    await db
      .insertInto('certificate_renewals')
      .values({
        id,
        account_id: actor.accountId,
        device_id: deviceId,
        certificate_name: certificateName,
        status: 'new',
        result: null,
        detail: null,
        created_at: now,
        updated_at: now,
        etag: 1,
      })
      .execute();
    await audit(domain, actor, {
      action: 'certificate-renewal.created',
      subjectKind: 'device',
      subjectId: deviceId,
      detail: { certificate: certificateName },
    });
  });
  let refusal: RenewalRefusal | undefined;
  try {
    refusal = await renewals.ask({ accountId: actor.accountId, deviceId }, certificateName);
  } catch (error) {
    await renewalEnded(domain, deviceId, certificateName, 'The device could not be asked.');
    throw error;
  }
  if (refusal) {
    await renewalEnded(domain, deviceId, certificateName, refusal);
    throw refusals[refusal]();
  }
  return domain.storage.db
    .selectFrom('certificate_renewals')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}

/**
 * A device has a new certificate of this name, or has failed to get one.
 *
 * @param failure why it failed; undefined if all went well
 * @returns whether anybody had asked for it
 */
export async function renewalEnded(
  domain: Domain,
  deviceId: string,
  certificateName: string,
  failure?: string,
): Promise<boolean> {
  const ended = await domain.storage.grouped((db) =>
    db
      .updateTable('certificate_renewals')
      .set(({ eb }) => ({
        status: 'completed',
        result: failure === undefined ? 'success' : 'failure',
        detail: failure ?? null,
        updated_at: domain.clock.now().getTime(),
        etag: eb('etag', '+', 1),
      }))
      .where('device_id', '=', deviceId)
      .where('certificate_name', '=', certificateName)
      .where('status', '=', 'new')
      .executeTakeFirst(),
  );
  return Number(ended.numUpdatedRows) > 0;
}
