import {
  type AccountsDraft,
  type BootstrapResult,
  type ClientAccount,
  DeviceClient,
  type DeviceHost,
  ObjectTree,
  objectShape,
  ServerObjectInstance,
  StoredInstance,
  securityModes,
  standardFlavour,
  standardServerShape,
  UntrustedPeer,
} from '@mooring/lwm2m';
import { exportPrivateKey, importPrivateKey, pemOf } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { type ConnectOptions, connectDtls, connectTls, type SecureChannel } from '@mooring/transport';
import { hastyBy } from './devices-fixture.ts';

/** With what a device of this kind comes, before anybody gave it anything. */
export interface Factory {
  readonly endpoint: string;
  readonly version: '1.0' | '1.1';
  /** `coaps` is DTLS. */
  readonly scheme: 'coaps' | 'coaps+tcp';
  readonly bootstrapPort: number;
  /** A certificate (PEM), or a pre-shared key. */
  readonly shown: { readonly key: string; readonly certificate: string } | { readonly preSharedKey: Uint8Array };
  readonly queueMode?: boolean;
}

const hasty = hastyBy(100);

/** A device that knows LwM2M as OMA has it, and nothing of Pelion. */
export class StandardDevice implements DeviceHost {
  readonly client: DeviceClient;
  readonly light = new StoredInstance([[5850, false]]);
  readonly temperature = new StoredInstance([[5700, 20.5]]);
  readonly reports: string[] = [];
  account: ClientAccount | undefined;
  readonly #factory: Factory;
  #waiting: { pattern: RegExp; resolve: (report: string) => void }[] = [];

  constructor(factory: Factory) {
    this.#factory = factory;
    const { version, scheme, queueMode = false } = factory;
    const framing = scheme === 'coaps' ? 'datagram' : 'stream';
    const tree = new ObjectTree();
    tree.addObject(standardServerShape(version));
    tree.addInstance(1, 0, new ServerObjectInstance(() => this.client, hasty, 1, framing === 'stream' ? 'T' : 'U'));
    tree.addObject(objectShape(3, [{ id: 0, type: 'string', operations: 'R' }]));
    tree.addInstance(3, 0, new StoredInstance([[0, 'maker']]));
    tree.addObject(objectShape(3311, [{ id: 5850, type: 'boolean', operations: 'RW', observable: true }]));
    tree.addInstance(3311, 0, this.light);
    tree.addObject(objectShape(3303, [{ id: 5700, type: 'float', operations: 'R', observable: true }]));
    tree.addInstance(3303, 0, this.temperature);
    this.client = new DeviceClient({
      flavour: standardFlavour({ version, framing, queueMode }),
      tree,
      host: this,
      lifetime: 300,
      timers: hasty,
    });
  }

  async connect(to: 'bootstrap' | 'server', signal: AbortSignal): Promise<SecureChannel> {
    const { scheme } = this.#factory;
    const { host, port, ...credentials } = to === 'bootstrap' ? this.#factoryWay() : this.#accountWay();
    const options = { host, port, signal, ...credentials };
    try {
      return scheme === 'coaps' ? await connectDtls(options) : await connectTls({ ...options, alpn: ['coap'] });
    } catch (error) {
      if (isMooringError(error) && error.code === 'transport.peer.untrusted') throw new UntrustedPeer(error.message);
      throw error;
    }
  }

  #factoryWay() {
    const { endpoint, bootstrapPort: port, shown } = this.#factory;
    // Who the bootstrap server is is not what is tried with this device.
    const anyone = { verifyPeer: () => ({ trusted: true, identity: undefined }) as const };
    return {
      ...{ host: '127.0.0.1', port },
      ...('preSharedKey' in shown
        ? { preSharedKey: { identity: endpoint, key: shown.preSharedKey } }
        : { credentials: shown, ...anyone }),
    };
  }

  #accountWay() {
    if (!this.account) throw new Error('no account');
    const { serverUri, securityMode, identity, secretKey, serverCertificate } = this.account;
    const { hostname: host, port: text } = new URL(serverUri.replace(/^[a-z+]+:/, 'https:'));
    const port = Number(text);
    if (securityMode === securityModes.psk) {
      return { host, port, preSharedKey: { identity: Buffer.from(identity).toString(), key: secretKey } };
    }
    const credentials = {
      key: exportPrivateKey(importPrivateKey(secretKey), 'pkcs8', 'pem'),
      certificate: pemOf('CERTIFICATE', identity),
    };
    const verifyPeer: ConnectOptions['verifyPeer'] = ([leaf]) =>
      leaf && Buffer.compare(leaf, serverCertificate) === 0
        ? { trusted: true, identity: undefined }
        : { trusted: false, reason: 'untrusted', detail: 'another certificate than the one that was given' };
    return { host, port, credentials, verifyPeer };
  }

  identity(to: 'bootstrap' | 'server') {
    const { endpoint, bootstrapPort, scheme } = this.#factory;
    const serverUri = to === 'bootstrap' ? `${scheme}://127.0.0.1:${bootstrapPort}` : (this.account?.serverUri ?? '');
    return { endpoint, serverUri };
  }

  hasAccount(): boolean {
    return this.account !== undefined;
  }

  accounts(): AccountsDraft {
    return new Map();
  }

  async store({ accounts }: BootstrapResult): Promise<void> {
    [this.account] = accounts;
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
    throw error;
  }

  next(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  async registered(): Promise<void> {
    const done = this.next(/^registered/);
    this.client.start();
    await done;
  }
}
