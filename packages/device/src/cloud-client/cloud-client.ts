import { codes } from '@mooring/coap';
import {
  type AccountsDraft,
  type BootstrapResult,
  type ClientAccount,
  DeviceClient,
  type DeviceHost,
  type DeviceReport,
  decodeRenewalOrder,
  lwm2mCertificateName,
  type ObjectTree,
  type Outcome,
  pelionFlavour,
  StoredInstance,
  UntrustedPeer,
} from '@mooring/lwm2m';
import { type Clock, isMooringError, type Timers } from '@mooring/platform';
import { type ConnectOptions, connectTls, type SecureChannel } from '@mooring/transport';
import { findingLine } from '../provisioning/findings.ts';
import { status } from '../provisioning/status.ts';
import type { SecureStorage } from '../secure-storage/storage.ts';
import { ServiceUpdates } from '../updates/orders/service-updates.ts';
import type { UpdateTarget } from '../updates/orders/target.ts';
import { Account, type ServerAccess } from './account.ts';
import { Applications } from './applications.ts';
import { BestTime } from './best-time.ts';
import { cloudClientErrors } from './errors.ts';
import type { ClientLog } from './log.ts';
import { certificateFacts, deviceObjects } from './objects.ts';
import type { ClientState, StateFile } from './state-file.ts';

export interface CloudClientOptions {
  readonly storage: SecureStorage;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: ClientLog;
  /** `mccv`: what the client calls its version. */
  readonly version: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly stateFile?: StateFile;
  /** Path of the socket for applications. */
  readonly socket?: string;
  /** How a server is reached, for what stands between; `connectTls` if not given. */
  connect?(options: ConnectOptions): Promise<SecureChannel>;
  /** Told with each change of state. */
  changed?(state: ClientState): void;
  /** Told of all that happens, after the client has taken note of it. */
  reported?(what: DeviceReport, detail?: string): void;
  /** Who installs updates; without one the device takes none. */
  readonly updates?: UpdateTarget;
  /** Starts the device anew; false where it may not. */
  reboot?(): boolean;
}

type To = 'bootstrap' | 'server';

/** Waiting for a server's answer to a handshake, ms. */
const connectDeadline = 30_000;

/** The device's side of Device Management: bootstraps, registers, answers, and comes back after whatever happens. */
export class CloudClient implements DeviceHost {
  readonly client: DeviceClient;
  readonly tree: ObjectTree;
  readonly #options: CloudClientOptions;
  readonly #account: Account;
  readonly #applications: Applications | undefined;
  readonly #updates: ServiceUpdates | undefined;
  readonly #time: BestTime;
  #state: ClientState;
  #stopped: (() => void) | undefined;

  private constructor(options: CloudClientOptions, account: Account, tree: ObjectTree, time: BestTime) {
    this.#time = time;
    this.#options = options;
    this.#account = account;
    this.tree = tree;
    this.client = new DeviceClient({
      flavour: pelionFlavour({ generation: '4.13', clientVersion: options.version }),
      tree,
      host: this,
      lifetime: options.lifetime,
      timers: options.timers,
    });
    this.#applications = options.socket === undefined ? undefined : new Applications(tree, options.socket);
    this.#updates = options.updates && this.#serviceUpdates(options.updates);
    this.#state = this.#stateOf('starting', {});
  }

  /**
   * Takes what the secure storage has; connects with `start`.
   *
   * @throws MooringError `client.unprovisioned`, `storage.*`
   */
  static async open(options: CloudClientOptions): Promise<CloudClient> {
    const { storage, clock } = options;
    const found = await status(storage, clock);
    if (found.error) {
      throw cloudClientErrors('client.unprovisioned', {
        message: `The device is not fit to connect: ${findingLine(found.error)}. ${found.error.reason}`,
        next: 'Provision it: mbl-cli provision-pelion.',
      });
    }
    const time = await BestTime.open(storage, clock);
    let made: CloudClient | undefined;
    const self = () => made as CloudClient;
    const tree = await storage.read((snapshot) =>
      deviceObjects(snapshot, {
        client: () => self().client,
        timers: options.timers,
        time,
        reboot: () => options.reboot?.() ?? false,
        renew: (order) => self().#renew(order),
        updatable: options.updates !== undefined,
        fault: (error) => self().fault(error),
      }),
    );
    made = new CloudClient(options, await Account.open(storage), tree, time);
    return made;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** @throws MooringError `client.socket.unusable` */
  async start(): Promise<void> {
    await this.#applications?.listen();
    this.#become('starting');
    if (this.#updates && !(await this.#updates.start())) return;
    this.client.start();
  }

  /** Deregisters, and ends; resolves when that is done or `patience` ms are over. */
  async stop(patience = 5_000): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.timers.after(patience, () => resolve());
      this.#stopped = () => {
        timer.cancel();
        resolve();
      };
      this.client.stop();
      if (this.client.phase === 'stopped') this.#stopped();
    });
    await this.#updates?.stop();
    this.#applications?.close();
    this.#become('stopped');
    this.#options.stateFile?.remove();
  }

  async connect(to: To, signal: AbortSignal): Promise<SecureChannel> {
    const access = this.#access(to);
    const { hostname, port } = new URL(access.uri.replace(/^coaps?:/, 'https:'));
    const { connect = connectTls } = this.#options;
    try {
      return await connect({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: Number(port || 5684),
        credentials: access,
        authorities: [access.authority],
        deadline: connectDeadline,
        clock: this.#options.clock,
        timers: this.#options.timers,
        signal,
      });
    } catch (error) {
      if (isMooringError(error) && error.code === 'transport.peer.untrusted') throw new UntrustedPeer(error.message);
      throw error;
    }
  }

  identity(to: To) {
    const { endpoint, uri } = this.#access(to);
    const { internalEndpoint, endpointName } = this.#account;
    return {
      endpoint: endpoint || endpointName,
      serverUri: uri,
      ...(internalEndpoint === undefined ? {} : { internalEndpoint }),
    };
  }

  hasAccount(): boolean {
    return this.#account.server !== undefined;
  }

  accounts(): AccountsDraft {
    return new Map();
  }

  async store(result: BootstrapResult): Promise<void> {
    await this.#account.store(result);
  }

  forgetAccount(): void {
    this.#options.log.warn('The server does not know this device any more; it bootstraps again.');
    this.#account.forget().catch((error: unknown) => this.fault(error));
  }

  async certificateRequest(account: ClientAccount, internalEndpoint: string): Promise<Uint8Array> {
    return this.#account.request(account, internalEndpoint);
  }

  report(what: DeviceReport, detail?: string): void {
    const { log } = this.#options;
    const because = detail === undefined ? '' : `: ${detail}`;
    switch (what) {
      case 'connecting':
        this.#become(detail === 'bootstrap' ? 'bootstrapping' : 'registering');
        log.debug(`Connecting to ${this.#state.server}`);
        break;
      case 'bootstrapped':
        log.info('Client bootstrapped');
        break;
      case 'registered':
        this.#become('registered');
        log.info('Client registered');
        log.info(`Endpoint Name: ${this.identity('server').endpoint}`);
        log.info(`Device Id: ${this.#account.internalEndpoint ?? ''}`);
        this.#updates?.registered();
        break;
      case 'updated':
        if (this.#state.state !== 'registered') this.#become('registered');
        log.debug('Registration updated');
        break;
      case 'not connected':
      case 'not bootstrapped':
      case 'registration refused':
        this.#become('retrying', `${what}${because}`);
        log.error(`${sentence[what]}${because}`);
        break;
      case 'lost':
        this.#updates?.disconnected();
        this.#become('retrying', `connection lost${because}`);
        log.warn(`Connection lost${because}`);
        break;
      case 'deregistered':
        log.info('Client unregistered');
        break;
      case 'stopped':
        this.#stopped?.();
        break;
      default:
        log.debug(`${what}${because}`);
    }
    this.#options.reported?.(what, detail);
  }

  fault(error: unknown): void {
    this.#options.log.error(`A fault of the client: ${(error as Error).stack ?? String(error)}`);
  }

  #serviceUpdates(target: UpdateTarget): ServiceUpdates {
    const { storage, timers, log } = this.#options;
    return new ServiceUpdates({
      target,
      tree: this.tree,
      timers,
      log,
      credentials: () =>
        storage.read(async (snapshot) => {
          const data = async (name: string) => (await snapshot.get(name))?.data;
          const certificate = await data('mbed.UpdateAuthCert');
          const deviceId = Buffer.from(this.#account.internalEndpoint ?? '', 'hex');
          const at = this.#time.now();
          return (
            certificate && {
              certificate,
              vendorId: await data('mbed.VendorId'),
              classId: await data('mbed.ClassId'),
              deviceId: deviceId.length === 16 ? new Uint8Array(deviceId) : undefined,
              // A clock may be behind, and then nothing is too early.
              time: at && { at, source: 'the best time that the device knows', atLeast: true },
            }
          );
        }),
      replaceCertificate: async (certificate) => {
        await storage.transaction({
          put: [{ name: 'mbed.UpdateAuthCert', type: 'certificate', factory: true, data: certificate }],
        });
        const metadata = this.tree.source([10255, 0]);
        if (!(metadata instanceof StoredInstance)) return;
        for (const [id, value] of certificateFacts(certificate)) metadata.set(id, value);
      },
      heard: (path) => this.client.heard(path),
      download: (request, offset) => this.client.download(request, { offset }),
      fault: (error) => this.fault(error),
    });
  }

  #access(to: To): ServerAccess {
    const access = to === 'bootstrap' ? this.#account.bootstrap : this.#account.server;
    if (access) return access;
    throw cloudClientErrors('client.unprovisioned', {
      message: `The secure storage has no credentials for the ${to === 'bootstrap' ? 'bootstrap' : 'LwM2M'} server.`,
      next: 'Provision the device: mbl-cli provision-pelion.',
    });
  }

  /** The server's order to renew a certificate: the new one is asked for over the connection that there is. */
  #renew(order: Uint8Array): Outcome {
    let name: string;
    try {
      name = decodeRenewalOrder(order);
    } catch {
      return codes.badRequest;
    }
    if (name !== lwm2mCertificateName) return codes.notFound;
    this.#renewCertificate().catch((error: unknown) => this.fault(error));
    return undefined;
  }

  async #renewCertificate(): Promise<void> {
    // A whole bootstrap does it too, and is what every service can do.
    const { log } = this.#options;
    log.info('The server wants a new certificate for this device; it bootstraps again.');
    this.client.bootstrapNow();
  }

  #become(state: ClientState['state'], lastFailure?: string): void {
    this.#state = this.#stateOf(state, lastFailure === undefined ? {} : { lastFailure });
    this.#options.stateFile?.write(this.#state);
    this.#options.changed?.(this.#state);
  }

  #stateOf(state: ClientState['state'], more: { lastFailure?: string }): ClientState {
    const { internalEndpoint, endpointName, server, bootstrap } = this.#account;
    const uri = (state === 'bootstrapping' ? bootstrap : (server ?? bootstrap))?.uri;
    return {
      state,
      since: this.#options.clock.now().toISOString(),
      pid: process.pid,
      endpointName,
      ...(internalEndpoint === undefined ? {} : { deviceId: internalEndpoint }),
      ...(uri === undefined ? {} : { server: uri }),
      ...more,
    };
  }
}

const sentence = {
  'not connected': 'The server could not be reached',
  'not bootstrapped': 'Bootstrap failed',
  'registration refused': 'Registration was refused',
} as const;
