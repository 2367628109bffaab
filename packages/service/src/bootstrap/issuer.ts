import { BulkIssuer, type Der, fingerprint, generateRawKeyPair, noClockValidity, parseRequest } from '@mooring/pki';
import { activeAuthority, serverUri, signingAuthority } from '../certificates/index.ts';
import type { Domain } from '../storage/context.ts';
import { prepared } from '../storage/prepared.ts';
import { credentialsIssued } from './credentials.ts';

/** Who a certificate for the LwM2M server is for. */
export interface CredentialSubject {
  readonly deviceId: string;
  readonly accountId: string;
  readonly endpointName: string;
}

/** What a device needs for the LwM2M server. */
export interface DeviceCredentials {
  /** DER. */
  readonly certificate: Der;
  /** SEC1 DER; undefined where the device made its key itself. */
  readonly privateKey: Der | undefined;
  /** DER: what the device checks the server's certificate by. */
  readonly serverAuthority: Der;
  readonly serverUri: string;
  /** By the service's clock; the certificate says no end. */
  readonly notAfter: Date;
}

const activeLwm2m = prepared<{ account_id: string }, { id: string }>((db, value) =>
  db
    .selectFrom('authorities')
    .select('id')
    .where('account_id', '=', value('account_id'))
    .where('purpose', '=', 'lwm2m')
    .where('state', '=', 'active'),
);

interface Authority {
  readonly id: string;
  readonly issuer: BulkIssuer;
  readonly certificate: Der;
}

/** Ten years: longer than most devices live, and not for ever. */
const defaultCredentialDays = 3650;

const day = 24 * 60 * 60 * 1000;

/**
 * Issues the certificates with which devices come to the LwM2M server: CN is the endpoint name, L the device id, OU the
 * account, as Pelion's clients read them. In the certificate its time has no end, since a device may have no clock; the
 * end that counts is kept here, and judged by the service's.
 */
export class CredentialIssuer {
  readonly #domain: Domain;
  /** By account: opening a sealed key for every device would cost more than its signature. */
  readonly #authorities = new Map<string, Authority>();

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  /**
   * Makes credentials and remembers them: they are on disk before they are given.
   *
   * @param spki the device's own key; one is made for it if absent
   * @throws MooringError `authority.missing`, `master.key.*`, `pki.name.invalid`, `pki.certificate.too.large`
   */
  async issue(subject: CredentialSubject, spki?: Der): Promise<DeviceCredentials> {
    const { accountId, deviceId, endpointName } = subject;
    const authority = await this.#authority(accountId);
    const made = spki === undefined ? generateRawKeyPair() : undefined;
    const { certificate, serial } = authority.issuer.issue(
      { commonName: endpointName, locality: deviceId, organizationalUnit: accountId },
      spki ?? (made as { spki: Der }).spki,
    );
    const days = this.#domain.settings.deviceCredentialDays ?? defaultCredentialDays;
    const notAfter = new Date(this.#domain.clock.now().getTime() + days * day);
    await credentialsIssued(this.#domain, {
      deviceId,
      accountId,
      authorityId: authority.id,
      fingerprint: fingerprint(certificate),
      serial: Buffer.from(serial).toString('hex'),
      notAfter,
    });
    return {
      certificate,
      privateKey: made?.sec1,
      serverAuthority: authority.certificate,
      serverUri: serverUri(this.#domain.settings, 'lwm2m', accountId),
      notAfter,
    };
  }

  /**
   * The same for a device that made its key itself, from its request (PKCS#10). What the request says of names is not
   * believed: the service knows who it is.
   *
   * @throws MooringError `pki.*`
   */
  async certify(subject: CredentialSubject, request: Uint8Array): Promise<DeviceCredentials> {
    return this.issue(subject, parseRequest(request).spki);
  }

  /** What devices check the LwM2M server by. */
  async serverAuthority(accountId: string): Promise<Der> {
    return (await this.#authority(accountId)).certificate;
  }

  async #authority(accountId: string): Promise<Authority> {
    const known = this.#authorities.get(accountId);
    const [active] = await activeLwm2m(this.#domain.storage.db, { account_id: accountId });
    if (known && known.id === active?.id) return known;
    const { id, issuer } = await signingAuthority(this.#domain, accountId, 'lwm2m');
    const { certificate } = await activeAuthority(this.#domain, accountId, 'lwm2m');
    const authority = { id, issuer: new BulkIssuer(issuer, noClockValidity), certificate: certificate.der };
    this.#authorities.set(accountId, authority);
    return authority;
  }
}
