import type { Der } from '@mooring/pki';
import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import { listenTls, type Refusal, type SecureListener, serverTime } from '@mooring/transport';
import { Bootstrap, CredentialIssuer } from '../bootstrap/index.ts';
import { type DeviceServerCertificate, deviceServerCertificate } from '../certificates/index.ts';
import type { Connect } from '../connect/index.ts';
import { Lwm2mServer } from '../lwm2m-server/index.ts';
import type { DeviceReport, DeviceServerName } from '../metrics/device-metrics.ts';
import { DenialRecorder, RegistrationExpiry } from '../registry/index.ts';
import type { Domain } from '../storage/context.ts';
import { listenError } from './listening.ts';
import type { Log } from './log.ts';

export interface DeviceServersOptions {
  readonly host: string;
  readonly bootstrapPort: number;
  readonly lwm2mPort: number;
  readonly accountId: string;
  readonly connect: Connect;
  readonly log: Log;
  readonly timers?: Timers;
}

/** How many connections there may be: one machine can be reached by a flood, and one device may only hurt itself. */
const limits = { connections: 60_000, perAddress: 20_000, perCertificate: 10_000 } as const;
/** A device's own certificate is on one connection, and on the one that it left behind without a word. */
const perDevice = 4;

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
  readonly #listeners: Partial<Record<DeviceServerName, SecureListener>> = {};
  readonly #certificates: Partial<Record<DeviceServerName, DeviceServerCertificate>> = {};
  #renewal: Timer | undefined;
  #stopped = false;

  private constructor(domain: Domain, options: DeviceServersOptions) {
    const { connect, log, timers = backgroundTimers } = options;
    this.#domain = domain;
    this.#options = options;
    this.#timers = timers;
    const issuer = new CredentialIssuer(domain);
    this.#denials = new DenialRecorder(domain, (error) =>
      log.error('denial.record', `A denial could not be recorded: ${(error as Error).message}`),
    );
    const denials = this.#denials;
    this.#lwm2m = new Lwm2mServer(domain, { connect, issuer, denials, log, timers });
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
      const time = serverTime();
      if (time.carries !== 'time')
        options.log.warning('transport.time', `Devices get no time from this service: ${time.why}`);
      await servers.#listen('lwm2m', options.lwm2mPort);
      await servers.#listen('bootstrap', options.bootstrapPort);
      servers.#armRenewal();
      return servers;
    } catch (error) {
      await servers.close();
      throw error;
    }
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
    };
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#renewal?.cancel();
    this.#options.connect.stop();
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close(closeGrace)));
    this.#lwm2m.stop();
    await this.#expiry.stop();
    await this.#denials.flush();
  }

  async #listen(server: DeviceServerName, port: number): Promise<void> {
    const { host, accountId } = this.#options;
    const certificate = await deviceServerCertificate(this.#domain, accountId, server);
    this.#certificates[server] = certificate;
    const common = {
      host,
      port,
      credentials: { key: certificate.key, certificate: certificate.chain },
      profile: 'pelion' as const,
      clock: this.#domain.clock,
      timers: this.#timers,
      refused: (refusal: Refusal) => this.#refused(server, refusal),
    };
    try {
      this.#listeners[server] =
        server === 'bootstrap'
          ? await listenTls({
              ...common,
              // Devices that share a developer certificate share this limit.
              limits,
              // Who may join is decided, and recorded, when the device has said its name.
              verifyPeer: () => ({ trusted: true, identity: undefined }),
              channel: (channel) => this.#bootstrap.accept(channel),
            })
          : await listenTls({
              ...common,
              limits: { ...limits, perCertificate: perDevice },
              verifyPeer: (certificates, from) => this.#lwm2m.judge(certificates, from),
              channel: (channel, identity) => this.#lwm2m.accept(channel, identity),
            });
    } catch (error) {
      throw listenError(error, { host, port }, `--${server}-port`);
    }
  }

  #refused(server: DeviceServerName, { peer, reason, detail }: Refusal): void {
    // Who closes without a word, or scans the port, is no news.
    const level = reason === 'closed' || reason === 'malformed' || reason === 'timeout' ? 'debug' : 'info';
    this.#options.log[level]('device.refused', `${peer.address} was refused by the ${server} server: ${detail}`, {
      server,
      reason,
      address: peer.address,
    });
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
