import { type CoapConnection, type Code, codes } from '@mooring/coap';
import {
  type BootstrapFailure,
  type BootstrapHost,
  type BootstrapPlan,
  type BootstrapRequest,
  BootstrapServer,
} from '@mooring/lwm2m';
import type { Der } from '@mooring/pki';
import { backgroundTimers, isMooringError, type Timers } from '@mooring/platform';
import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { plainServerUri, serverUri } from '../certificates/index.ts';
import type { DenialRecorder, KeyedDevice } from '../registry/index.ts';
import type { Log } from '../serve/log.ts';
import type { Domain } from '../storage/context.ts';
import { logConnectionEnd } from './connection-end.ts';
import { bootstrapFailed, deviceBootstrapped } from './credentials.ts';
import type { DenialReason } from './decision.ts';
import { type Framings, forFramings, framingOf, schemeOf } from './framing.ts';
import type { CredentialIssuer } from './issuer.ts';
import { type Joined, joinDevice, type Shown } from './join.ts';
import { planFor } from './plan.ts';
import { derivedKey } from './pre-shared-keys.ts';

export interface BootstrapWorld {
  readonly issuer: CredentialIssuer;
  readonly denials: DenialRecorder;
  readonly log: Log;
  readonly timers?: Timers;
  /** Whether a device is connected to the LwM2M server and answers. */
  isLive(deviceId: string): Promise<boolean>;
  /** The LwM2M server's own certificate, DER. */
  lwm2mCertificate(): Der;
}

/** What became of the devices that came, since the start. */
export interface BootstrapCounts {
  done: number;
  /** Connections that ended without a request. */
  unasked: number;
  /** By why they were not let in. */
  readonly denied: Map<DenialReason, number>;
  /** By what a bootstrap that had begun ended with. */
  readonly failed: Map<BootstrapFailure['reason'], number>;
}

const count = <Reason>(counts: Map<Reason, number>, reason: Reason): unknown =>
  counts.set(reason, (counts.get(reason) ?? 0) + 1);

interface Visit {
  /** With the pre-shared key of this device. */
  readonly keyed: KeyedDevice | undefined;
  asked?: true;
  counted?: true;
  joined?: Joined;
  notAfter?: Date;
}

/** The bootstrap server: lets devices in, or not, and gives them what they need for the LwM2M server. */
export class Bootstrap implements BootstrapHost {
  readonly counts: BootstrapCounts = { done: 0, unasked: 0, denied: new Map(), failed: new Map() };
  readonly #domain: Domain;
  readonly #world: BootstrapWorld;
  readonly #servers: Framings<BootstrapServer>;
  readonly #visits = new WeakMap<CoapConnection, Visit>();
  /** Devices that are being bootstrapped now, over any connection. */
  readonly #busy = new Map<string, CoapConnection>();

  constructor(domain: Domain, world: BootstrapWorld) {
    this.#domain = domain;
    this.#world = world;
    const { timers = backgroundTimers } = world;
    const ended = (end: ChannelEnd, connection: CoapConnection) => this.#ended(end, connection);
    this.#servers = forFramings((framed) => new BootstrapServer(this, { ...framed, timers, ended }));
  }

  /**
   * For the listener: a device whose handshake is done. Who it is is asked when it says what it wants.
   *
   * @param keyed whose pre-shared key it has, if it came with one
   */
  accept(channel: SecureChannel, keyed?: KeyedDevice): void {
    this.#visits.set(this.#servers[framingOf(channel)].accept(channel), { keyed });
  }

  async decide(request: BootstrapRequest, connection: CoapConnection): Promise<BootstrapPlan | { refused: Code }> {
    const visit = this.#of(connection);
    visit.asked = true;
    const { address } = connection.channel.peer;
    const { endpoint, accountId: account, internalEndpoint } = request;
    const { denials, issuer, log } = this.#world;
    const joined = await joinDevice(
      { domain: this.#domain, denials, isLive: (deviceId) => this.#isLive(deviceId, connection) },
      {
        server: 'bootstrap',
        shown: shownBy(connection, visit),
        ...(endpoint === undefined ? {} : { endpointName: endpoint }),
        ...(account === undefined ? {} : { accountId: account }),
        ...(internalEndpoint === undefined ? {} : { internalEndpoint }),
        address,
      },
    );
    if ('denied' in joined) {
      count(this.counts.denied, joined.denied);
      const who = endpoint ?? 'A device without a name';
      log.info('bootstrap.denied', `${who} at ${address} was not let in: ${joined.denied}.`, { address, ...joined });
      return { refused: codes.forbidden };
    }
    const { deviceId, accountId, endpointName } = joined;
    visit.joined = joined;
    // Only now it is known whose handshake it was.
    if (!visit.counted) this.#domain.usage.count(accountId, 'handshakes_successful');
    visit.counted = true;
    this.#busy.set(deviceId, connection);
    const { settings } = this.#domain;
    const isStandard = request.clientVersion === undefined;
    const next = async () => ({
      uri: serverUri(settings, 'lwm2m', accountId),
      plainUri: plainServerUri(settings, 'lwm2m', schemeOf(framingOf(connection.channel))),
      authority: await issuer.serverAuthority(accountId),
      leaf: () => this.#world.lwm2mCertificate(),
      lifetime: settings.deviceLifetime,
    });
    if (visit.keyed && isStandard) {
      return planFor(request, deviceId, derivedKey(visit.keyed.secret, deviceId), await next());
    }
    const makesKey = settings.deviceKeys === 'device' && !isStandard;
    const credentials = makesKey ? undefined : await issuer.issue({ deviceId, accountId, endpointName });
    if (credentials) visit.notAfter = credentials.notAfter;
    return planFor(request, deviceId, credentials, await next());
  }

  async sign(
    request: Uint8Array,
    _plan: BootstrapPlan,
    connection: CoapConnection,
  ): Promise<readonly Der[] | { refused: Code }> {
    const visit = this.#of(connection);
    if (!visit.joined) return { refused: codes.badRequest };
    try {
      const { certificate, notAfter } = await this.#world.issuer.certify(visit.joined, request);
      visit.notAfter = notAfter;
      return [certificate];
    } catch (error) {
      if (!isMooringError(error) || !error.code.startsWith('pki.')) throw error;
      const { deviceId } = visit.joined;
      this.#world.log.info('bootstrap.request', `Device ${deviceId}: ${error.message}`, { deviceId, code: error.code });
      return { refused: codes.badRequest };
    }
  }

  complete(_plan: BootstrapPlan, connection: CoapConnection): void {
    const { joined, notAfter } = this.#of(connection);
    if (!joined) return;
    this.counts.done++;
    const { deviceId, endpointName, isNew } = joined;
    this.#world.log.info('bootstrap.done', `Device ${deviceId} (${endpointName}) bootstrapped.`, {
      deviceId,
      endpointName,
      isNew,
    });
    this.#left(connection);
    deviceBootstrapped(this.#domain, deviceId, notAfter && { notAfter }).catch((error: unknown) =>
      this.fault(error, connection),
    );
  }

  failed({ reason, detail }: BootstrapFailure, connection: CoapConnection): void {
    const { joined } = this.#of(connection);
    this.#left(connection);
    // A denial was told already.
    if (!joined) return;
    count(this.counts.failed, reason);
    bootstrapFailed(this.#domain, joined.accountId);
    const { deviceId } = joined;
    this.#world.log.warning('bootstrap.failed', `The bootstrap of device ${deviceId} failed: ${detail}.`, {
      deviceId,
      reason,
      address: connection.channel.peer.address,
    });
  }

  fault(error: unknown, connection: CoapConnection): void {
    this.#world.log.error('bootstrap.fault', `The bootstrap server failed: ${(error as Error).message}`, {
      address: connection.channel.peer.address,
      stack: (error as Error).stack,
    });
  }

  #ended(end: ChannelEnd, connection: CoapConnection): void {
    const { log } = this.#world;
    this.#left(connection);
    logConnectionEnd(log, 'bootstrap', end, connection);
    if (this.#of(connection).asked) return;
    this.counts.unasked++;
    const { address } = connection.channel.peer;
    log.info('bootstrap.unasked', `${address} connected to the bootstrap server and asked for nothing.`, { address });
  }

  async #isLive(deviceId: string, asking: CoapConnection): Promise<boolean> {
    const other = this.#busy.get(deviceId);
    return (other !== undefined && other !== asking) || this.#world.isLive(deviceId);
  }

  #left(connection: CoapConnection): void {
    const deviceId = this.#visits.get(connection)?.joined?.deviceId;
    if (deviceId !== undefined && this.#busy.get(deviceId) === connection) this.#busy.delete(deviceId);
  }

  #of(connection: CoapConnection): Visit {
    const visit = this.#visits.get(connection);
    if (!visit) throw new Error('a connection that was not accepted');
    return visit;
  }
}

function shownBy({ channel }: CoapConnection, { keyed }: Visit): Shown {
  if (keyed) return { kind: 'pre-shared-key', accountId: keyed.accountId, endpointName: keyed.endpointName };
  const { certificates: chain } = channel.peer;
  return chain.length > 0 ? { kind: 'certificates', chain } : { kind: 'nothing' };
}
