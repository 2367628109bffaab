import { lwm2mCredentialItems } from '@mooring/credentials';
import type { BootstrapResult, ClientAccount } from '@mooring/lwm2m';
import {
  createRequest,
  derOf,
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  matches,
  parseCertificate,
  pemOf,
} from '@mooring/pki';
import type { StoredItem } from '../secure-storage/item.ts';
import type { SecureStorage, Snapshot } from '../secure-storage/storage.ts';
import { cloudClientErrors } from './errors.ts';

/** With what the device goes to one of its servers. PEM. */
export interface ServerAccess {
  readonly uri: string;
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
  /** CN of the certificate. */
  readonly endpoint: string;
}

const text = (item: StoredItem | undefined): string | undefined => item && Buffer.from(item.data).toString('utf8');

async function accessOf(
  snapshot: Snapshot,
  names: Readonly<Record<'uri' | 'key' | 'certificate' | 'authority', string>>,
) {
  const uri = text(await snapshot.get(names.uri));
  const [key, certificate, authority] = await Promise.all(
    [names.key, names.certificate, names.authority].map(async (name) => (await snapshot.get(name))?.data),
  );
  if (uri === undefined || !key || !certificate || !authority) return undefined;
  const parsed = parseCertificate(certificate);
  const access: ServerAccess = {
    uri,
    key: exportPrivateKey(importPrivateKey(key), 'pkcs8', 'pem'),
    certificate: parsed.pem,
    authority: pemOf('CERTIFICATE', authority),
    endpoint: parsed.subject.commonName ?? '',
  };
  return access;
}

/** The two accounts of a device, as its secure storage has them; what a bootstrap gives is stored whole or not at all. */
export class Account {
  readonly #storage: SecureStorage;
  bootstrap: ServerAccess | undefined;
  server: ServerAccess | undefined;
  endpointName = '';
  internalEndpoint: string | undefined;
  /** The key that a certificate was asked for with, until the certificate is there. */
  #pendingKey: string | undefined;

  private constructor(storage: SecureStorage) {
    this.#storage = storage;
  }

  static async open(storage: SecureStorage): Promise<Account> {
    const account = new Account(storage);
    await account.load();
    return account;
  }

  async load(): Promise<void> {
    await this.#storage.read(async (snapshot) => {
      this.bootstrap = await accessOf(snapshot, {
        uri: 'mbed.BootstrapServerURI',
        key: 'mbed.BootstrapDevicePrivateKey',
        certificate: 'mbed.BootstrapDeviceCert',
        authority: 'mbed.BootstrapServerCACert',
      });
      this.server = await accessOf(snapshot, {
        uri: 'mbed.LwM2MServerURI',
        key: 'mbed.LwM2MDevicePrivateKey',
        certificate: 'mbed.LwM2MDeviceCert',
        authority: 'mbed.LwM2MServerCACert',
      });
      this.endpointName = text(await snapshot.get('mbed.EndpointName')) ?? '';
      this.internalEndpoint = text(await snapshot.get('mbed.InternalEndpoint'));
    });
  }

  /**
   * Stores what a bootstrap gave, in one transaction.
   *
   * @throws MooringError `client.account.unfit`, `storage.*`
   */
  async store({ accounts, certificates }: BootstrapResult): Promise<void> {
    const [given] = accounts;
    if (!given) throw unfit('it names no server');
    const key = certificates === undefined ? keyOf(given) : (this.#pendingKey ?? '');
    const chain = certificates ?? [given.identity];
    const [leaf] = chain;
    if (!leaf) throw unfit('it has no certificate');
    const certificate = parsed(leaf);
    if (!matches(importPrivateKey(key), certificate)) throw unfit('the key is not that of the certificate');
    const { locality, commonName } = certificate.subject;
    // The device id is where Pelion's services put it: L of the certificate.
    if (!locality) throw unfit('the certificate has no device id (L)');
    if (!commonName) throw unfit('the certificate has no endpoint name (CN)');
    parsed(given.serverCertificate);
    const accountId = new URL(given.serverUri.replace(/^coaps/, 'https')).searchParams.get('aid');
    const item = (name: string, type: StoredItem['type'], data: Uint8Array | string): StoredItem => ({
      name,
      type,
      factory: false,
      data: typeof data === 'string' ? Buffer.from(data) : data,
    });
    await this.#storage.transaction({
      put: [
        item('mbed.LwM2MServerURI', 'config', given.serverUri),
        item('mbed.LwM2MServerCACert', 'certificate', given.serverCertificate),
        item('mbed.LwM2MDeviceCert', 'certificate', leaf),
        item(
          'mbed.LwM2MDevicePrivateKey',
          'private-key',
          derOf(exportPrivateKey(importPrivateKey(key), 'pkcs8', 'pem')),
        ),
        item('mbed.InternalEndpoint', 'config', locality),
        ...(accountId === null ? [] : [item('mbed.AccountID', 'config', accountId)]),
      ],
    });
    this.#pendingKey = undefined;
    await this.load();
  }

  /** The server does not know this account any more. The device id stays: it is said again at the next bootstrap. */
  async forget(): Promise<void> {
    this.server = undefined;
    const remove = lwm2mCredentialItems.map(({ name }) => name).filter((name) => name !== 'mbed.InternalEndpoint');
    await this.#storage.transaction({ remove });
  }

  /** Makes a key and the request for its certificate, with names in the order that Pelion's clients have: L, OU, CN. */
  request(given: ClientAccount, internalEndpoint: string): Uint8Array {
    const { privateKey } = generateKeyPair();
    this.#pendingKey = exportPrivateKey(privateKey, 'pkcs8', 'pem');
    const accountId = new URL(given.serverUri.replace(/^coaps/, 'https')).searchParams.get('aid');
    return createRequest({
      subject: {
        locality: internalEndpoint,
        ...(accountId === null ? {} : { organizationalUnit: accountId }),
        commonName: this.bootstrap?.endpoint ?? this.endpointName,
      },
      key: privateKey,
    });
  }
}

function unfit(why: string): Error {
  return cloudClientErrors('client.account.unfit', {
    message: `The bootstrap server gave an account that cannot be used: ${why}.`,
    next: 'Look at what the service says of this device; the device tries again.',
  });
}

function parsed(der: Uint8Array) {
  try {
    return parseCertificate(der);
  } catch (error) {
    throw unfit(`a certificate cannot be read (${(error as Error).message})`);
  }
}

function keyOf({ secretKey }: ClientAccount): string {
  try {
    return exportPrivateKey(importPrivateKey(secretKey), 'pkcs8', 'pem');
  } catch (error) {
    throw unfit(`the key cannot be read (${(error as Error).message})`);
  }
}
