import { encodeRenewalOrder, lwm2mCertificateName, renewalStatus } from '@mooring/lwm2m';
import type { Timer, Timers } from '@mooring/platform';
import { type DeviceAnswer, LinkFailure } from '../connect/index.ts';
import { type CertificateRenewals, getRegistration, type RenewalRefusal, renewalEnded } from '../registry/index.ts';
import type { Log } from '../serve/log.ts';
import type { Domain } from '../storage/context.ts';
import type { DeviceSessions } from './device-sessions.ts';

/** What a renewal is done with. */
export interface RenewalsWorld {
  readonly sessions: Pick<DeviceSessions, 'send' | 'isReachable'>;
  readonly log: Log;
  readonly timers: Timers;
}

/** Enroll of Certificate Enrollment, an object of Pelion's clients. */
const enroll = '/35011/0/27002';

/** Between the order and the device's coming with its new certificate, in ms. */
const patience = 10 * 60_000;

/** Of its time, what has to be left of a certificate that is not renewed yet. */
const renewedWith = 0.1;

const day = 24 * 60 * 60_000;

/**
 * Has devices renew their certificate for the LwM2M server. The device makes a key and asks for a certificate over the
 * connection that it has, or bootstraps again; it has done so when it says so, or when it comes with new credentials.
 */
export class Renewals implements CertificateRenewals {
  readonly #domain: Domain;
  readonly #world: RenewalsWorld;
  /** Devices that were asked and are not done. */
  readonly #waiting = new Map<string, Timer>();

  constructor(domain: Domain, world: RenewalsWorld) {
    this.#domain = domain;
    this.#world = world;
  }

  /** Takes up what an earlier process had asked for. */
  async start(): Promise<void> {
    const running = await this.#domain.storage.db
      .selectFrom('certificate_renewals')
      .select('device_id')
      .where('status', '=', 'new')
      .where('certificate_name', '=', lwm2mCertificateName)
      .execute();
    for (const { device_id } of running) this.#wait(device_id);
  }

  stop(): void {
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  async ask({ deviceId }: { deviceId: string }, certificateName: string): Promise<RenewalRefusal | undefined> {
    if (certificateName !== lwm2mCertificateName) return 'no-issuer';
    if (!this.#world.sessions.isReachable(deviceId)) return 'not-connected';
    const registration = await getRegistration(this.#domain, deviceId);
    if (!registration?.resources.some(({ path }) => path === enroll)) return 'unsupported';
    this.#wait(deviceId);
    this.#order(deviceId).catch((error: unknown) => this.#fault(error, deviceId));
    return undefined;
  }

  /**
   * A device is connected whose certificate ends then: it is asked before that, by itself.
   *
   * @param notAfter ms since 1970, by the service's clock
   */
  consider(deviceId: string, notAfter: number | undefined): void {
    if (notAfter === undefined || this.#waiting.has(deviceId)) return;
    const { deviceCredentialDays = 3650 } = this.#domain.settings;
    if (notAfter - this.#domain.clock.now().getTime() > deviceCredentialDays * day * renewedWith) return;
    this.ask({ deviceId }, lwm2mCertificateName).catch((error: unknown) => this.#fault(error, deviceId));
  }

  /** A device came with credentials that it had not used before. */
  renewed(deviceId: string): void {
    if (this.#waiting.has(deviceId)) this.#ended(deviceId);
  }

  async #order(deviceId: string): Promise<void> {
    let answer: DeviceAnswer;
    try {
      answer = await this.#world.sessions.send(deviceId, {
        method: 'POST',
        path: enroll,
        query: [],
        // What Pelion's clients take an argument in.
        contentFormat: 0,
        payload: encodeRenewalOrder(lwm2mCertificateName),
      });
    } catch (error) {
      // It may be on its way to come again with what it got.
      if (error instanceof LinkFailure) return;
      throw error;
    }
    if (answer.code >> 5 !== 2) return this.#ended(deviceId, 'The device refused to renew the certificate.');
    const status = renewalStatus(answer.payload);
    if (status === 0) this.#ended(deviceId);
    else if (status !== undefined)
      this.#ended(deviceId, `The device has not got a new certificate: its status is ${status}.`);
  }

  #wait(deviceId: string): void {
    this.#waiting.get(deviceId)?.cancel();
    const late = () => this.#ended(deviceId, 'The device did not come with a new certificate in time.');
    this.#waiting.set(deviceId, this.#world.timers.after(patience, late));
  }

  #ended(deviceId: string, failure?: string): void {
    const timer = this.#waiting.get(deviceId);
    if (!timer) return;
    timer.cancel();
    this.#waiting.delete(deviceId);
    const { log } = this.#world;
    if (failure === undefined) log.info('device.renewed', `Device ${deviceId} has a new certificate.`, { deviceId });
    else
      log.warning('device.renewal', `The certificate of device ${deviceId} was not renewed. ${failure}`, { deviceId });
    renewalEnded(this.#domain, deviceId, lwm2mCertificateName, failure).catch((error: unknown) =>
      this.#fault(error, deviceId),
    );
  }

  #fault(error: unknown, deviceId: string): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#world.log.error('lwm2m.fault', `The renewal of a certificate failed: ${message}`, { deviceId });
  }
}
