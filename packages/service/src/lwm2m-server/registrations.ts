import { type Answer, type CoapConnection, type Code, codes } from '@mooring/coap';
import {
  contentFormats,
  type Entry,
  encodeCertificateChain,
  lwm2mCertificateName,
  naturalType,
  pathText,
  type Registration as RegisterRequest,
  type RegistrationHost,
  type RegistrationUpdate as UpdateRequest,
  valueText,
} from '@mooring/lwm2m';
import { isMooringError } from '@mooring/platform';
import { type CredentialIssuer, credentialsRenewed } from '../bootstrap/index.ts';
import type { Connect } from '../connect/index.ts';
import { deviceDeregistered, deviceFacts, deviceRegistered, registrationUpdated } from '../registry/index.ts';
import type { Log } from '../serve/log.ts';
import type { Domain } from '../storage/context.ts';
import type { DeviceSessions } from './device-sessions.ts';
import type { DeviceIdentity } from './identities.ts';
import { factOf, factsOf, resourcesOf } from './registered-links.ts';
import type { Renewals } from './renewals.ts';

export interface RegistrationsWorld {
  readonly sessions: DeviceSessions;
  readonly connect: Connect;
  readonly issuer: CredentialIssuer;
  readonly renewals: Pick<Renewals, 'consider'>;
  readonly log: Log;
  /** The device can be asked. */
  readonly reachable: (deviceId: string) => void;
  /** A value that the device told, for who wants to know besides the connect interface. */
  readonly told: (deviceId: string, path: string, payload: Uint8Array) => Promise<void>;
}

export interface RegistrationCounts {
  registered: number;
  updated: number;
}

/** Answers devices that register, keep their registration alive, and take their leave. */
export class Registrations implements RegistrationHost {
  readonly counts: RegistrationCounts = { registered: 0, updated: 0 };
  readonly #domain: Domain;
  readonly #world: RegistrationsWorld;
  readonly #identities = new WeakMap<CoapConnection, DeviceIdentity>();

  constructor(domain: Domain, world: RegistrationsWorld) {
    this.#domain = domain;
    this.#world = world;
  }

  /** Who is at the other end of a connection; to be called before its first message. */
  introduce(connection: CoapConnection, identity: DeviceIdentity): void {
    this.#identities.set(connection, identity);
  }

  identityOf(connection: CoapConnection): DeviceIdentity {
    const identity = this.#identities.get(connection);
    if (!identity) throw new Error('a connection that was not introduced');
    return identity;
  }

  async register(
    request: RegisterRequest,
    connection: CoapConnection,
  ): Promise<{ location: readonly string[] } | { refused: Code }> {
    const { accountId, deviceId, endpointName, fingerprint, notAfter } = this.identityOf(connection);
    // Pelion's clients take 4.03 as the order to bootstrap again.
    if (deviceId === undefined) return { refused: codes.forbidden };
    if (request.endpoint !== undefined && request.endpoint !== endpointName) {
      const { endpoint } = request;
      const told = `A device with a certificate for ${endpointName} registers as ${endpoint}.`;
      this.#world.log.warning('register.endpoint', told, { accountId, deviceId, ...(fingerprint && { fingerprint }) });
      return { refused: codes.forbidden };
    }
    const outcome = await deviceRegistered(this.#domain, {
      deviceId,
      accountId,
      endpointName,
      ...(request.endpointType === undefined ? {} : { endpointType: request.endpointType }),
      lifetime: request.lifetime,
      version: request.version,
      binding: request.binding,
      queueMode: request.queueMode,
      address: connection.channel.peer.address,
      resources: resourcesOf(request.links),
      root: request.root,
      contentFormats: request.contentFormats,
      facts: factsOf(request.links),
    });
    if ('refused' in outcome) {
      // It was deleted since it connected; one that is suspended is to wait, and keep what it has.
      return { refused: outcome.refused === 'unknown' ? codes.forbidden : codes.serviceUnavailable };
    }
    this.counts.registered++;
    const { registration } = outcome;
    await this.#world.connect.registered(registration);
    this.#world.sessions.attach(connection, registration, request.links);
    this.#world.renewals.consider(deviceId, notAfter);
    this.#world.log.info('device.registered', `Device ${deviceId} (${endpointName}) registered.`, {
      deviceId,
      endpointName,
    });
    return { location: [accountId, deviceId] };
  }

  async update(location: readonly string[], update: UpdateRequest, connection: CoapConnection): Promise<Code> {
    const deviceId = this.#owner(location, connection);
    if (deviceId === undefined) return codes.notFound;
    const links = update.links;
    const registration = await registrationUpdated(this.#domain, deviceId, {
      ...(update.lifetime === undefined ? {} : { lifetime: update.lifetime }),
      ...(update.binding === undefined ? {} : { binding: update.binding }),
      ...(update.queueMode === undefined ? {} : { queueMode: update.queueMode }),
      address: connection.channel.peer.address,
      ...(links === undefined ? {} : { resources: resourcesOf(links.links), facts: factsOf(links.links) }),
    });
    if (!registration) return codes.notFound;
    this.counts.updated++;
    await this.#world.connect.registrationUpdated(registration);
    const isNew = this.#world.sessions.deviceOf(connection) === undefined;
    if (isNew || links !== undefined) this.#world.sessions.attach(connection, registration, links?.links);
    else this.#world.reachable(deviceId);
    this.#world.renewals.consider(deviceId, this.identityOf(connection).notAfter);
    return codes.changed;
  }

  async deregister(location: readonly string[], connection: CoapConnection): Promise<Code> {
    const deviceId = this.#owner(location, connection);
    const ended = deviceId === undefined ? undefined : await deviceDeregistered(this.#domain, deviceId);
    if (!ended) return codes.notFound;
    this.#world.sessions.detach(connection);
    this.#world.log.info('device.deregistered', `Device ${ended.deviceId} (${ended.endpointName}) deregistered.`, {
      deviceId: ended.deviceId,
    });
    return codes.deleted;
  }

  /** Values that a device of 1.1 sends of itself: told as if they were observed. */
  async sent(entries: readonly Entry[], connection: CoapConnection): Promise<Code> {
    const deviceId = this.#world.sessions.deviceOf(connection);
    if (deviceId === undefined) return codes.forbidden;
    const { accountId } = this.identityOf(connection);
    for (const { path, value } of entries) {
      if (value === undefined) continue;
      const isBytes = value instanceof Uint8Array;
      await this.told(accountId, deviceId, pathText(path), {
        code: codes.content,
        contentFormat: isBytes ? contentFormats.opaque : contentFormats.text,
        payload: isBytes ? value : Buffer.from(valueText(naturalType(value), value)),
      });
    }
    return codes.changed;
  }

  /** A new certificate for the LwM2M server, before the old one ends. Others are for nobody here to issue. */
  async enroll(request: Uint8Array, name: string | undefined, connection: CoapConnection): Promise<Answer> {
    const { deviceId, endpointName, accountId } = this.identityOf(connection);
    if (name !== undefined && name !== lwm2mCertificateName) return { code: codes.notFound };
    if (deviceId === undefined) return { code: codes.forbidden };
    try {
      const subject = { deviceId, endpointName, accountId };
      const { certificate, notAfter } = await this.#world.issuer.certify(subject, request);
      await credentialsRenewed(this.#domain, deviceId, notAfter);
      this.#world.log.info('device.certificate', `Device ${deviceId} got a new certificate.`, { deviceId });
      return {
        code: codes.changed,
        contentFormat: contentFormats.opaque,
        payload: encodeCertificateChain([certificate]),
      };
    } catch (error) {
      if (!isMooringError(error) || !error.code.startsWith('pki.')) throw error;
      return { code: codes.badRequest };
    }
  }

  /** A value of a device: for who is subscribed, and for the directory where it follows the resource. */
  async told(
    accountId: string,
    deviceId: string,
    path: string,
    answer: Parameters<Connect['notified']>[2],
  ): Promise<void> {
    this.#domain.usage.count(accountId, 'device_observations');
    const fact = factOf(path, answer.payload);
    if (fact) await deviceFacts(this.#domain, deviceId, fact);
    await this.#world.told(deviceId, path, answer.payload);
    await this.#world.connect.notified(deviceId, path, answer);
  }

  /** The device that a location names, if it is the one at the other end. */
  #owner(location: readonly string[], connection: CoapConnection): string | undefined {
    const identity = this.identityOf(connection);
    const [accountId, deviceId, ...rest] = location;
    const isOwn = rest.length === 0 && accountId === identity.accountId && deviceId === identity.deviceId;
    return isOwn ? deviceId : undefined;
  }
}
