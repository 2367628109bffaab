import { CoapConnection, type CoapOptions, type Code, codes } from '@mooring/coap';
import { type FakeTime, fakeTime } from '@mooring/platform/testing';
import { type ChannelPair, type ChannelPairOptions, channelPair } from '@mooring/transport/testing';
import {
  type BootstrapFailure,
  type BootstrapPlan,
  type BootstrapRequest,
  BootstrapServer,
  type DeviceHost,
  type DeviceIdentity,
  type DeviceReport,
  type Entry,
  type Flavour,
  noAccounts,
  type Reading,
  type Refusal,
  type Registration,
  type RegistrationUpdate,
  registrationHandler,
  ServerSession,
  type Target,
  UntrustedPeer,
} from '../../src/index.ts';

/** A service of two servers, in memory: what it was told, and what it answers. */
export class Service {
  readonly time: FakeTime;
  readonly framing: Flavour['framing'];
  plan: BootstrapPlan | Refusal = { refused: codes.forbidden };
  certificates: readonly Uint8Array[] | Refusal = { refused: codes.forbidden };
  /** The answer to registrations, where they are not taken. */
  refusal: Code | undefined;
  updateCode: Code = codes.changed;
  maxAge: number | undefined;
  readonly bootstrapRequests: BootstrapRequest[] = [];
  readonly certificateRequests: Uint8Array[] = [];
  readonly completed: BootstrapPlan[] = [];
  readonly failures: BootstrapFailure[] = [];
  readonly registrations: Registration[] = [];
  readonly updates: RegistrationUpdate[] = [];
  readonly deregistered: string[] = [];
  readonly sent: Entry[] = [];
  readonly autoObserved: Reading[] = [];
  readonly faults: unknown[] = [];
  /** Of the device that registered or updated last. */
  session: ServerSession | undefined;
  readonly #bootstrap: BootstrapServer;
  readonly #options: CoapOptions;

  constructor(framing: Flavour['framing'], time: FakeTime = fakeTime()) {
    this.framing = framing;
    this.time = time;
    const { timers } = time;
    this.#bootstrap = new BootstrapServer(
      {
        decide: async (request) => {
          this.bootstrapRequests.push(request);
          return this.plan;
        },
        sign: async (request) => {
          this.certificateRequests.push(request);
          return this.certificates;
        },
        complete: (plan) => this.completed.push(plan),
        failed: (failure) => this.failures.push(failure),
        fault: (error) => this.faults.push(error),
      },
      { framing, timers, random: () => 0.5 },
    );
    let registered: Registration | undefined;
    const attach = (connection: CoapConnection) => {
      if (!registered) throw new Error('Nothing is registered.');
      if (this.session?.connection === connection) this.session.registered(registered);
      else {
        this.session = new ServerSession(connection, registered, {
          autoObserved: (reading) => this.autoObserved.push(reading),
          fault: (error) => this.faults.push(error),
        });
      }
    };
    this.#options = {
      framing,
      timers,
      random: () => 0.25,
      fault: (error) => this.faults.push(error),
      unsolicited: (token, response, connection) =>
        this.session?.connection === connection && this.session.unsolicited(token, response),
      handler: registrationHandler({
        register: async (registration, connection) => {
          if (this.refusal !== undefined) return { refused: this.refusal };
          this.registrations.push(registration);
          registered = registration;
          attach(connection);
          const location = ['account', registration.endpoint ?? 'nobody'];
          return this.maxAge === undefined ? { location } : { location, maxAge: this.maxAge };
        },
        update: async (_location, update, connection) => {
          this.updates.push(update);
          if (this.updateCode !== codes.changed) return this.updateCode;
          if (registered && update.links) registered = { ...registered, ...update.links };
          attach(connection);
          return codes.changed;
        },
        deregister: async (location) => {
          this.deregistered.push(location.join('/'));
          return codes.deleted;
        },
        sent: async (entries) => {
          this.sent.push(...entries);
          return codes.changed;
        },
        enroll: async (_request, name) => ({ code: codes.changed, payload: Buffer.from(name ?? 'none') }),
      }),
    };
  }

  accept(to: Target, options: ChannelPairOptions = {}): ChannelPair {
    const kind = this.framing === 'datagram' ? 'dtls' : 'tls';
    const pair = channelPair({
      kind,
      timers: this.time.timers,
      now: () => this.time.clock.now().getTime(),
      ...options,
    });
    if (to === 'bootstrap') this.#bootstrap.accept(pair.server);
    else new CoapConnection(pair.server, this.#options);
    return pair;
  }
}

export interface FakeDevice extends DeviceHost {
  readonly reports: string[];
  readonly faults: unknown[];
  readonly connections: ChannelPair[];
  /** What the next attempts to connect come to. */
  connectFails: 'network' | 'untrusted' | undefined;
  account: boolean;
  readonly stored: Parameters<DeviceHost['store']>[0][];
  storeFails: boolean;
}

/** What a device client stands on, in memory. */
export function fakeDevice(
  service: Service,
  identity: (to: Target) => DeviceIdentity,
  options: { account?: boolean; accounts?: DeviceHost['accounts']; channel?: ChannelPairOptions } = {},
): FakeDevice {
  const device: FakeDevice = {
    reports: [],
    faults: [],
    connections: [],
    stored: [],
    connectFails: undefined,
    account: options.account ?? false,
    storeFails: false,
    async connect(to) {
      if (device.connectFails === 'untrusted') throw new UntrustedPeer('not the server that it should be');
      if (device.connectFails === 'network') throw new Error('refused');
      const pair = service.accept(to, options.channel);
      device.connections.push(pair);
      return pair.client;
    },
    identity,
    hasAccount: () => device.account,
    accounts: options.accounts ?? (() => noAccounts),
    async store(result) {
      if (device.storeFails) throw new Error('the disk is full');
      device.stored.push(result);
      device.account = true;
    },
    forgetAccount() {
      device.account = false;
    },
    certificateRequest: async (_account, internalEndpoint) => Buffer.from(`request of ${internalEndpoint}`),
    report: (what: DeviceReport, detail?: string) =>
      device.reports.push(detail === undefined ? what : `${what}: ${detail}`),
    fault: (error) => device.faults.push(error),
  };
  return device;
}
