import type { Der } from '@mooring/pki';
import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import { dtlsMissing, type Refusal, type RefusalReason, serverTime } from '@mooring/transport';
import { Bootstrap, CredentialIssuer, type DenialReason, denyStranger } from '../bootstrap/index.ts';
import { type DeviceServerCertificate, deviceServerCertificate } from '../certificates/index.ts';
import type { Connect } from '../connect/index.ts';
import { type DeviceIdentity, Lwm2mServer } from '../lwm2m-server/index.ts';
import type { DeviceReport, DeviceServerName, DeviceTransport } from '../metrics/device-metrics.ts';
import {
  type CertificateRenewals,
  DenialRecorder,
  type KeyedDevice,
  preSharedKeyOf,
  RegistrationExpiry,
} from '../registry/index.ts';
import type { Domain } from '../storage/context.ts';
import { type Campaigns, updateListener } from '../updates/index.ts';
import { DeviceListeners, type Door } from './device-listeners.ts';
import { type Lack, lacking } from './lacking.ts';
import { listenError } from './listening.ts';
import type { Log } from './log.ts';

export interface DeviceServersOptions {
  readonly host: string;
  readonly bootstrapPort: number;
  readonly lwm2mPort: number;
  /** Whether devices may come over UDP as well, where this machine can do DTLS; if absent, they may. */
  readonly dtls?: boolean;
  readonly accountId: string;
  readonly connect: Connect;
  /** Campaigns that bring manifests to the devices. */
  readonly campaigns?: Campaigns;
  readonly log: Log;
  readonly timers?: Timers;
}

/** How many connections there may be: one machine can be reached by a flood, and one device may only hurt itself. */
const limits = { connections: 60_000, perAddress: 20_000, perCertificate: 10_000 } as const;
/** A device's own certificate is on one connection, and on the one that it left behind without a word. */
const perDevice = 4;

/** Whoever is refused before it is known what it wants, and is to be on record all the same. */
const strangers: Readonly<Partial<Record<RefusalReason, DenialReason>>> = {
  'no-certificate': 'certificate-missing',
  'unknown-identity': 'key-unknown',
};

/** How long devices have to say goodbye when the service stops, ms. */
const closeGrace = 1_000;

/** How often it is looked whether an authority was replaced, ms. */
const certificatePeriod = 30_000;

/** The two servers that devices connect to. */
export class DeviceServers {
  readonly #domain: Domain;
  readonly #options: DeviceServersOptions;
  readonly #timers: Timers;
  readonly #expiry: RegistrationExpiry;
  readonly #denials: DenialRecorder;
  readonly #lwm2m: Lwm2mServer;
  readonly #bootstrap: Bootstrap;
  readonly #listeners: Partial<Record<DeviceServerName, DeviceListeners>> = {};
  readonly #certificates: Partial<Record<DeviceServerName, DeviceServerCertificate>> = {};
  #renewal: Timer | undefined;
  #stopped = false;

  private constructor(domain: Domain, options: DeviceServersOptions) {
    const { connect, campaigns, log, timers = backgroundTimers } = options;
    this.#domain = domain;
    this.#options = options;
    this.#timers = timers;
    const issuer = new CredentialIssuer(domain);
    this.#denials = new DenialRecorder(domain, (error) =>
      log.error('denial.record', `A denial could not be recorded: ${(error as Error).message}`),
    );
    const denials = this.#denials;
    this.#lwm2m = new Lwm2mServer(domain, {
      connect,
      issuer,
      denials,
      log,
      timers,
      ...(campaigns && { updates: updateListener(domain, campaigns) }),
    });
    this.#bootstrap = new Bootstrap(domain, {
      issuer,
      denials,
      log,
      timers,
      isLive: (deviceId) => this.#lwm2m.sessions.isLive(deviceId),
      lwm2mCertificate: () => this.#certificates.lwm2m?.leaf as Der,
    });
    this.#expiry = new RegistrationExpiry(domain, timers, (error) =>
      log.error('registration.expiry', `Registrations could not be ended: ${(error as Error).message}`),
    );
  }

  /**
   * Listens. What was left undone by whatever ended the last time is done first: registrations that are over are ended.
   *
   * @throws MooringError `serve.*`, `authority.missing`, `master.key.*`
   */
  static async start(domain: Domain, options: DeviceServersOptions): Promise<DeviceServers> {
    const servers = new DeviceServers(domain, options);
    try {
      await servers.#expiry.start();
      await options.connect.start(servers.#lwm2m.sessions);
      await options.campaigns?.start(servers.#lwm2m.sessions);
      await servers.#lwm2m.renewals.start();
      for (const { code, message } of servers.lacks) options.log.warning(code, message);
      await servers.#listen('lwm2m', options.lwm2mPort);
      await servers.#listen('bootstrap', options.bootstrapPort);
      servers.#armRenewal();
      return servers;
    } catch (error) {
      await servers.close();
      throw error;
    }
  }

  /** Asks devices for renewals of their certificates. */
  get renewals(): CertificateRenewals {
    return this.#lwm2m.renewals;
  }

  /** Devices that are connected and registered. */
  get connected(): number {
    return this.#lwm2m.sessions.size;
  }

  get report(): DeviceReport {
    const { bootstrap, lwm2m } = this.#listeners;
    return {
      listeners: { ...(bootstrap && { bootstrap: bootstrap.stats }), ...(lwm2m && { lwm2m: lwm2m.stats }) },
      connected: this.connected,
      registrations: this.#lwm2m.counts,
      bootstraps: this.#bootstrap.counts,
      denialsUnrecorded: this.#denials.unrecorded,
      tellsTime: serverTime().carries === 'time',
      dtls: dtlsMissing === undefined,
    };
  }

  /** What this machine does not give to devices. */
  get lacks(): readonly Lack[] {
    return lacking(this.#wantsDtls);
  }

  get #wantsDtls(): boolean {
    return this.#options.dtls !== false;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#renewal?.cancel();
    this.#options.connect.stop();
    await this.#options.campaigns?.stop();
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close(closeGrace)));
    this.#lwm2m.stop();
    await this.#expiry.stop();
    await this.#denials.flush();
  }

  async #listen(server: DeviceServerName, port: number): Promise<void> {
    const { host, accountId } = this.#options;
    const certificate = await deviceServerCertificate(this.#domain, accountId, server);
    this.#certificates[server] = certificate;
    const options = {
      ...{ host, port, credentials: { key: certificate.key, certificate: certificate.chain } },
      ...{ clock: this.#domain.clock, timers: this.#timers, dtls: this.#wantsDtls },
    };
    try {
      this.#listeners[server] =
        server === 'bootstrap'
          ? // Devices that share a developer certificate share this limit.
            await DeviceListeners.open(this.#bootstrapDoor(), { ...options, limits })
          : await DeviceListeners.open(this.#lwm2mDoor(), {
              ...options,
              limits: { ...limits, perCertificate: perDevice },
            });
    } catch (error) {
      throw listenError(error, { host, port }, `--${server}-port`);
    }
  }

  #bootstrapDoor(): Door<KeyedDevice | undefined> {
    return {
      // Who may join is decided, and recorded, when the device has said its name.
      judge: () => ({ trusted: true, identity: undefined }),
      keyOf: async (identity) => {
        const keyed = await preSharedKeyOf(this.#domain, identity);
        return keyed && { key: keyed.secret, judge: () => ({ trusted: true, identity: keyed }) };
      },
      accept: (channel, keyed) => this.#bootstrap.accept(channel, keyed),
      refused: (refusal, transport) => this.#refused('bootstrap', refusal, transport),
    };
  }

  #lwm2mDoor(): Door<DeviceIdentity> {
    return {
      judge: (certificates, from) => this.#lwm2m.judge(certificates, from),
      keyOf: (identity, from) => this.#lwm2m.keyOf(identity, from),
      accept: (channel, identity) => this.#lwm2m.accept(channel, identity),
      refused: (refusal, transport) => this.#refused('lwm2m', refusal, transport),
    };
  }

  #refused(server: DeviceServerName, { peer, reason, detail }: Refusal, transport: DeviceTransport): void {
    const { address, pskIdentity } = peer;
    // Who closes without a word, or scans the port, is no news.
    const level = reason === 'closed' || reason === 'malformed' || reason === 'timeout' ? 'debug' : 'info';
    this.#options.log[level]('device.refused', `${address} was refused by the ${server} server: ${detail}`, {
      ...{ server, transport, reason, address },
    });
    const stranger = strangers[reason];
    if (!stranger) return;
    const named = pskIdentity === undefined ? {} : { endpointName: pskIdentity };
    denyStranger({ domain: this.#domain, denials: this.#denials }, { reason: stranger, address, ...named }).catch(
      (error: unknown) => this.#options.log.error('denial.record', `A denial could not be recorded: ${error}`),
    );
  }

  #armRenewal(): void {
    if (this.#stopped) return;
    this.#renewal = this.#timers.after(certificatePeriod, () => {
      this.#renew()
        .catch((error: unknown) =>
          this.#options.log.error('server.certificate', `The servers' certificates could not be renewed: ${error}`),
        )
        .finally(() => this.#armRenewal());
    });
  }

  /** After an authority was replaced: whoever connects from now on is shown what the new one signed. */
  async #renew(): Promise<void> {
    for (const server of ['bootstrap', 'lwm2m'] as const) {
      const certificate = await deviceServerCertificate(this.#domain, this.#options.accountId, server);
      if (certificate.chain === this.#certificates[server]?.chain) continue;
      this.#certificates[server] = certificate;
      this.#listeners[server]?.setCredentials({ key: certificate.key, certificate: certificate.chain });
    }
  }
}
