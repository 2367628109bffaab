import { type Answer, CoapConnection, type CoapOptions, type IncomingRequest } from '@mooring/coap';
import { registrationHandler } from '@mooring/lwm2m';
import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import type { ChannelEnd, KeyOwner, SecureChannel, Verdict } from '@mooring/transport';
import {
  type CredentialIssuer,
  devicesShutOut,
  type Framings,
  forFramings,
  framingOf,
  type JoinWorld,
  logConnectionEnd,
} from '../bootstrap/index.ts';
import type { Connect } from '../connect/index.ts';
import type { DenialRecorder, RegistryEvent } from '../registry/index.ts';
import type { Log } from '../serve/log.ts';
import type { Domain } from '../storage/context.ts';
import { DeviceSessions } from './device-sessions.ts';
import { type DeviceIdentity, identify, identifyByKey } from './identities.ts';
import { type RegistrationCounts, Registrations } from './registrations.ts';
import { Renewals } from './renewals.ts';

export interface Lwm2mWorld {
  readonly connect: Connect;
  readonly issuer: CredentialIssuer;
  readonly denials: DenialRecorder;
  readonly log: Log;
  readonly timers?: Timers;
  /** What the update campaigns want to hear of devices. */
  readonly updates?: DeviceListener;
}

/** Who else wants to hear of devices. */
export interface DeviceListener {
  /** The device can be asked. */
  reachable(deviceId: string): void;
  /** A value that the device told. Resolves when what follows from it is on disk. */
  told(deviceId: string, path: string, payload: Uint8Array): Promise<void>;
  /** Answers what a device asks for itself; undefined where it is not for this listener. */
  answer(request: IncomingRequest, accountId: string): Promise<Answer> | undefined;
}

/** How long a device may be connected before it registers, or says that it is registered, in ms. */
const registrationTime = 60_000;

/** The LwM2M server: where devices register, and through which they are asked and observed. */
export class Lwm2mServer {
  readonly sessions: DeviceSessions;
  readonly renewals: Renewals;
  readonly #domain: Domain;
  readonly #log: Log;
  readonly #timers: Timers;
  /** Connections that are new, until they have to be those of registered devices. */
  readonly #expected = new Map<CoapConnection, Timer>();
  readonly #joining: JoinWorld;
  readonly #registrations: Registrations;
  readonly #options: Framings<CoapOptions>;
  readonly #unlisten: () => void;

  constructor(domain: Domain, world: Lwm2mWorld) {
    const { connect, issuer, denials, log, timers = backgroundTimers, updates } = world;
    const reachable = (deviceId: string) => {
      connect.reachable(deviceId);
      updates?.reachable(deviceId);
    };
    this.#log = log;
    this.#timers = timers;
    this.#joining = { domain, denials, isLive: (deviceId) => this.sessions.isLive(deviceId) };
    this.sessions = new DeviceSessions(
      domain,
      {
        wantedPaths: (deviceId) => connect.subscriptions.wantedPaths(deviceId),
        notified: (accountId, deviceId, path, answer) => this.#registrations.told(accountId, deviceId, path, answer),
        reachable,
        fault: (error, deviceId) => this.#fault(error, { deviceId }),
      },
      timers,
    );
    const { sessions } = this;
    this.#domain = domain;
    this.renewals = new Renewals(domain, { sessions, log, timers });
    this.#registrations = new Registrations(domain, {
      sessions,
      renewals: this.renewals,
      connect,
      issuer,
      log,
      reachable,
      told: (deviceId, path, payload) => updates?.told(deviceId, path, payload) ?? Promise.resolve(),
    });
    const answerRegistration = registrationHandler(this.#registrations);
    this.#options = forFramings((framed) => ({
      ...framed,
      timers,
      handler: (request, context) => {
        const { accountId } = this.#registrations.identityOf(context.connection);
        return updates?.answer(request, accountId) ?? answerRegistration(request, context);
      },
      unsolicited: (token, response, connection) => this.sessions.unsolicited(token, response, connection),
      ended: (end, connection) => this.#ended(end, connection),
      fault: (error, connection) => this.#fault(error, { address: connection.channel.peer.address }),
    }));
    this.#unlisten = domain.bus.listen((event) => this.#heard(event));
  }

  /** For the listener: whether a device may come in, and who it is. */
  judge(certificates: readonly Uint8Array[], from: { address: string }): Promise<Verdict<DeviceIdentity>> {
    return identify(this.#joining, certificates, from.address);
  }

  /** For the listener: the pre-shared key of a device, and who it is. */
  keyOf(identity: string, from: { address: string }): Promise<KeyOwner<DeviceIdentity> | undefined> {
    return identifyByKey(this.#joining, identity, from.address);
  }

  /** For the listener: a device that was let in. */
  accept(channel: SecureChannel, identity: DeviceIdentity): void {
    const connection = new CoapConnection(channel, this.#options[framingOf(channel)]);
    this.#registrations.introduce(connection, identity);
    if (identity.accountId !== '') this.#domain.usage.count(identity.accountId, 'handshakes_successful');
    if (identity.isFirstUse && identity.deviceId !== undefined) this.renewals.renewed(identity.deviceId);
    this.#expected.set(
      connection,
      this.#timers.after(registrationTime, () => this.#expectRegistered(connection)),
    );
  }

  /** Registrations that were accepted, and updates of them, since the start. */
  get counts(): RegistrationCounts {
    return this.#registrations.counts;
  }

  stop(): void {
    this.#unlisten();
    this.renewals.stop();
    for (const timer of this.#expected.values()) timer.cancel();
    this.#expected.clear();
  }

  /** What was decided elsewhere about devices that may be connected. */
  #heard(event: RegistryEvent): void {
    if (event.kind === 'deleted') this.sessions.close(event.deviceId);
    // It comes again, and registers, if it is still there.
    if (event.kind === 'expired') this.sessions.close(event.registration.deviceId);
    if (event.kind === 'shut-out') {
      devicesShutOut(this.#domain, event)
        .then((devices) => devices.forEach((deviceId) => void this.sessions.close(deviceId)))
        .catch((error: unknown) => this.#fault(error, {}));
    }
    if (event.kind === 'deregistered' && event.reason === 'suspended') this.sessions.close(event.registration.deviceId);
  }

  /** Who has nothing to say does not keep a place that others may need. */
  #expectRegistered(connection: CoapConnection): void {
    this.#expected.delete(connection);
    if (this.sessions.deviceOf(connection) !== undefined) return;
    const { address } = connection.channel.peer;
    this.#log.info('device.unregistered', `${address} connected to the LwM2M server and did not register.`, {
      address,
    });
    // With a goodbye: over UDP there would be nothing to hear.
    void connection.close();
  }

  #ended(end: ChannelEnd, connection: CoapConnection): void {
    this.#expected.get(connection)?.cancel();
    this.#expected.delete(connection);
    this.sessions.detach(connection);
    logConnectionEnd(this.#log, 'lwm2m', end, connection);
  }

  #fault(error: unknown, fields: Readonly<Record<string, unknown>>): void {
    this.#log.error('lwm2m.fault', `The LwM2M server failed: ${(error as Error).message}`, {
      ...fields,
      stack: (error as Error).stack,
    });
  }
}
