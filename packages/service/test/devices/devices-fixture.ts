import {
  type AccountsDraft,
  type BootstrapResult,
  DeviceClient,
  type DeviceHost,
  decodeRenewalOrder,
  ObjectTree,
  objectShape,
  pelionFlavour,
  pelionServerShape,
  ServerObjectInstance,
  StoredInstance,
  UntrustedPeer,
} from '@mooring/lwm2m';
import { exportPrivateKey, importPrivateKey, parseCertificate, pemOf } from '@mooring/pki';
import { isMooringError, systemClock, systemTimers, type Timers } from '@mooring/platform';
import { connectTls, type SecureChannel } from '@mooring/transport';
import { createApiKey, firstStart, operator } from '../../src/accounts/index.ts';
import {
  activeAuthority,
  createDeveloperCertificate,
  type DeveloperCertificate,
} from '../../src/certificates/index.ts';
import { Connect } from '../../src/connect/index.ts';
import { openVault } from '../../src/keys/vault.ts';
import { DeviceServers } from '../../src/serve/device-servers.ts';
import type { Log } from '../../src/serve/log.ts';
import { defaultLimits, type ServiceSettings } from '../../src/serve/settings.ts';
import { type Actor, type Domain, domainOf } from '../../src/storage/context.ts';
import { openStorage } from '../../src/storage/index.ts';
import { Campaigns } from '../../src/updates/index.ts';

type Test = { after(done: () => unknown): void };

export interface Devices {
  domain: Domain;
  actor: Actor;
  /** An actor with the id of an API key, to subscribe and ask as. */
  key: Actor;
  accountId: string;
  servers: DeviceServers;
  connect: Connect;
  campaigns: Campaigns;
  ports: { bootstrap: number; lwm2m: number };
  log: string[];
  certificate: DeveloperCertificate;
  /** Ends the servers, as a stop of the service does, and starts them anew on the same ports and database. */
  restart(): Promise<void>;
}

/** The two servers for devices, on a database in memory and free ports, with real TLS and real time. */
export async function deviceServers(
  t: Test,
  settings: Partial<ServiceSettings> = {},
  timers: Timers = systemTimers,
): Promise<Devices> {
  const [bootstrap, lwm2m] = await freePorts();
  const domain = domainOf({
    storage: await openStorage({ folder: ':memory:', clock: systemClock }),
    vault: openVault(new Uint8Array(32).fill(3)),
    clock: systemClock,
    settings: {
      publicHost: '127.0.0.1',
      bootstrapPort: bootstrap,
      lwm2mPort: lwm2m,
      limits: defaultLimits,
      ...settings,
    },
  });
  const { accountId } = await firstStart(domain);
  const actor = operator(accountId);
  const made = await createApiKey(domain, actor, { name: 'app' });
  const log: string[] = [];
  const say = (event: string, message: string) => void log.push(`${event}: ${message}`);
  const logger: Log = { debug: say, info: say, warning: say, error: say };
  const devices = {
    domain,
    actor,
    key: { ...actor, kind: 'api-key' as const, id: made.id },
    accountId,
    ports: { bootstrap, lwm2m },
    log,
    certificate: await createDeveloperCertificate(domain, actor, { name: 'dev' }),
  } as Devices;
  const start = async () => {
    devices.connect = new Connect(domain);
    devices.campaigns = new Campaigns(domain, {
      fault: (error) => log.push(`campaign.fault: ${(error as Error).stack}`),
    });
    devices.servers = await DeviceServers.start(domain, {
      host: '127.0.0.1',
      bootstrapPort: bootstrap,
      lwm2mPort: lwm2m,
      accountId,
      connect: devices.connect,
      campaigns: devices.campaigns,
      log: logger,
      timers,
    });
  };
  await start();
  devices.restart = async () => {
    await devices.servers.close();
    await start();
  };
  t.after(async () => {
    await devices.servers.close();
    await domain.storage.close();
  });
  return devices;
}

export async function freePorts(): Promise<[number, number]> {
  const { createServer } = await import('node:net');
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as { port: number }).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as [number, number];
}

/** What a device shows of itself, and where it goes. */
export interface Carried {
  endpoint: string;
  /** PEM. */
  key: string;
  certificate: string;
  bootstrapUri: string;
  /** PEM. */
  bootstrapAuthority: string;
}

/** What a device gets that is flashed with the developer certificate. */
export async function carried({ domain, certificate, accountId, ports }: Devices): Promise<Carried> {
  return {
    endpoint: certificate.id,
    key: certificate.privateKeyPem,
    certificate: certificate.certificate.pem,
    bootstrapUri: `coaps://127.0.0.1:${ports.bootstrap}?aid=${accountId}`,
    bootstrapAuthority: (await activeAuthority(domain, accountId, 'bootstrap')).certificate.pem,
  };
}

/** Who waits by these waits a part of what it would. */
export const hastyBy = (factor: number): Timers => ({
  now: () => systemTimers.now() * factor,
  after: (milliseconds, run) => systemTimers.after(milliseconds / factor, run),
});

/** The pauses of real devices are seconds and minutes. */
const hasty = hastyBy(100);

/** A device of Pelion's kind, as far as a server can tell. */
export class TestDevice implements DeviceHost {
  readonly client: DeviceClient;
  readonly button = new StoredInstance([[5501, 0]]);
  readonly light = new StoredInstance([[5853, 'off']]);
  readonly reports: string[] = [];
  readonly faults: unknown[] = [];
  readonly carried: Carried;
  /** Names of certificates that it was told to renew. */
  readonly orders: string[] = [];
  /** What it does then: as Mooring's own client, it bootstraps again. */
  ordered: () => void = () => this.client.bootstrapNow();
  account: { uri: string; key: string; certificate: string; authority: string } | undefined;
  internalEndpoint: string | undefined;
  #waiting: { pattern: RegExp; resolve: (report: string) => void }[] = [];

  /** @param extend adds objects that this device has besides */
  constructor(carried: Carried, generation: '4.13' | '4.1' = '4.13', extend?: (tree: ObjectTree) => void) {
    this.carried = carried;
    const tree = new ObjectTree();
    tree.addObject(pelionServerShape);
    tree.addInstance(1, 0, new ServerObjectInstance(() => this.client, hasty, 1, 'U'));
    tree.addObject(
      objectShape(3, [
        { id: 0, type: 'string', operations: 'R', autoObserved: true, published: true },
        { id: 2, type: 'string', operations: 'R', autoObserved: true, published: true },
      ]),
    );
    tree.addInstance(
      3,
      0,
      new StoredInstance([
        [0, 'maker'],
        [2, 'serial-7'],
      ]),
    );
    tree.addObject(objectShape(3200, [{ id: 5501, type: 'integer', operations: 'R', observable: true }]));
    tree.addInstance(3200, 0, this.button);
    tree.addObject(objectShape(3201, [{ id: 5853, type: 'string', operations: 'RW', observable: true }]));
    tree.addInstance(3201, 0, this.light);
    tree.addObject(
      objectShape(10255, [
        { id: 0, type: 'integer', operations: 'R', autoObserved: true, published: true },
        { id: 3, type: 'opaque', operations: 'R', autoObserved: true, published: true },
        { id: 4, type: 'opaque', operations: 'R', autoObserved: true, published: true },
      ]),
    );
    tree.addInstance(
      10255,
      0,
      new StoredInstance([
        [0, 3],
        [3, new Uint8Array(16).fill(0x11)],
        [4, new Uint8Array(16).fill(0x22)],
      ]),
    );
    tree.addObject(objectShape(35011, [{ id: 27002, type: 'opaque', operations: 'E', name: 'Enroll' }]));
    tree.addInstance(35011, 0, {
      read: () => undefined,
      execute: (_id, order) => {
        this.orders.push(decodeRenewalOrder(order));
        this.ordered();
        return undefined;
      },
    });
    extend?.(tree);
    const clientVersion = generation === '4.1' ? '4.1.0' : '4.13.2';
    this.client = new DeviceClient({
      flavour: pelionFlavour({ generation, clientVersion }),
      tree,
      host: this,
      lifetime: 7200,
      timers: hasty,
    });
  }

  async connect(to: 'bootstrap' | 'server', signal: AbortSignal): Promise<SecureChannel> {
    const uri = to === 'bootstrap' ? this.carried.bootstrapUri : (this.account?.uri ?? '');
    const { hostname, port } = new URL(uri.replace('coaps:', 'https:'));
    const { key, certificate } =
      to === 'bootstrap' ? this.carried : (this.account as { key: string; certificate: string });
    const authority = to === 'bootstrap' ? this.carried.bootstrapAuthority : (this.account?.authority ?? '');
    try {
      return await connectTls({
        host: hostname,
        port: Number(port),
        credentials: { key, certificate },
        authorities: [authority],
        signal,
      });
    } catch (error) {
      if (isMooringError(error) && error.code === 'transport.peer.untrusted') throw new UntrustedPeer(error.message);
      throw error;
    }
  }

  identity(to: 'bootstrap' | 'server') {
    const { endpoint, bootstrapUri } = this.carried;
    return {
      endpoint,
      serverUri: to === 'bootstrap' ? bootstrapUri : (this.account?.uri ?? ''),
      ...(this.internalEndpoint === undefined ? {} : { internalEndpoint: this.internalEndpoint }),
    };
  }

  hasAccount(): boolean {
    return this.account !== undefined;
  }

  accounts(): AccountsDraft {
    return new Map();
  }

  async store({ accounts }: BootstrapResult): Promise<void> {
    const [account] = accounts;
    if (!account) throw new Error('no account');
    const certificate = parseCertificate(account.identity);
    this.internalEndpoint = certificate.subject.locality;
    this.account = {
      uri: account.serverUri,
      key: exportPrivateKey(importPrivateKey(account.secretKey), 'pkcs8', 'pem'),
      certificate: certificate.pem,
      authority: pemOf('CERTIFICATE', account.serverCertificate),
    };
  }

  forgetAccount(): void {
    this.account = undefined;
  }

  report(what: string, detail?: string): void {
    const text = detail === undefined ? what : `${what}: ${detail}`;
    this.reports.push(text);
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => !pattern.test(text) || void resolve(text));
  }

  fault(error: unknown): void {
    this.faults.push(error);
  }

  /** The next report of this form. */
  next(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  async registered(): Promise<void> {
    const done = this.next(/^registered/);
    this.client.start();
    await done;
  }
}
