import type { Certificate } from '@mooring/pki';
import { knownCertificate } from '../certificates/index.ts';
import type { DenialRecorder } from '../registry/denials/denial.ts';
import { directoryEvents, recordDeviceEvent } from '../registry/device-log/device-event.ts';
import { changeTime, type DeviceRow } from '../registry/devices/device.ts';
import { deviceKeyOf, issuerFingerprintOf, midnightOf } from '../registry/devices/identifiers.ts';
import { insertDevice } from '../registry/devices/insert.ts';
import { nextState } from '../registry/devices/state.ts';
import type { Domain } from '../storage/context.ts';
import type { Storage } from '../storage/storage.ts';
import {
  chooseVoucher,
  type DenialReason,
  decideJoin,
  type ExecutionMode,
  type JoinDecision,
  type JoinFacts,
  type Server,
  type Voucher,
  vouchersFor,
} from './decision.ts';
import {
  accountMeant,
  accountOf,
  claimedDevice,
  enrolmentOf,
  isDeletedDeveloper,
  isFormerCredential,
  ownCertificate,
  recognisedByCertificate,
  recognisedByName,
  roomForDevice,
  trustedFor,
} from './facts.ts';

/** What the handshake has proved: that the device has the key of a certificate, or a pre-shared key. */
export type Shown =
  | { readonly kind: 'certificates' /** DER, the leaf first. */; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'pre-shared-key'; readonly accountId: string; readonly endpointName: string }
  | { readonly kind: 'nothing' };

/** A device that wants to join. */
export interface JoinRequest {
  readonly server: Server;
  readonly shown: Shown;
  /** `ep`. */
  readonly endpointName?: string;
  /** `aid`. */
  readonly accountId?: string;
  /** `iep`. */
  readonly internalEndpoint?: string;
  /** Where it comes from, for the record. */
  readonly address?: string;
}

/** What joining works with, besides the domain. */
export interface JoinWorld {
  readonly domain: Domain;
  readonly denials: DenialRecorder;
  /**
   * Whether a device is connected and answers, or bootstraps just now over another connection. Asked before the transaction,
   * so it may take its time.
   */
  readonly isLive: (deviceId: string) => boolean | Promise<boolean>;
}

export interface Joined {
  readonly accountId: string;
  readonly deviceId: string;
  readonly endpointName: string;
  readonly mode: ExecutionMode;
  /** It was not in the directory before. */
  readonly isNew: boolean;
}

export interface Denied {
  readonly denied: DenialReason;
  /** Undefined where it cannot be told which account the device wanted. */
  readonly accountId: string | undefined;
}

/** Certificates that a device may show; what it sends beyond is not looked at. */
const longestChain = 6;

type Leaf = { readonly certificate: Certificate; readonly voucher: Voucher };

interface Known {
  readonly accountId: string | undefined;
  readonly trustedId?: string;
  readonly leaf?: Certificate;
}

class Refused extends Error {
  readonly reason: DenialReason;
  readonly known: Known;

  constructor(reason: DenialReason, known: Known) {
    super(reason);
    this.reason = reason;
    this.known = known;
  }
}

function parseChain(chain: readonly Uint8Array[]): readonly Certificate[] {
  const [leaf, ...others] = chain.slice(0, longestChain);
  if (!leaf) throw new Refused('certificate-missing', { accountId: undefined });
  try {
    return [leaf, ...others].map(knownCertificate);
  } catch {
    throw new Refused('certificate-malformed', { accountId: undefined });
  }
}

/** Finds who vouches for a certificate. @throws Refused */
async function vouched(domain: Domain, request: JoinRequest, chain: readonly Uint8Array[]): Promise<Leaf> {
  const shown = parseChain(chain);
  const leaf = shown[0] as Certificate;
  const meant = await accountMeant(domain, request.accountId, leaf);
  const known: Known = { accountId: meant?.id, leaf };
  if (request.accountId !== undefined && !meant) throw new Refused('certificate-untrusted', known);
  const trusted = [
    ...(await ownCertificate(domain, leaf, request.accountId)),
    ...(await trustedFor(domain, shown, request.accountId)),
  ];
  const isOurs = trusted.some(({ certificate }) => certificate.fingerprint === leaf.fingerprint);
  const revoked = !isOurs && meant !== undefined && (await isDeletedDeveloper(domain, leaf, meant.id));
  const found = vouchersFor(request.server, shown, trusted, revoked, domain.clock.now());
  if ('denied' in found) {
    if (request.server === 'lwm2m' && meant && (await isFormerCredential(domain, leaf, meant.id))) {
      throw new Refused('credentials-unknown', known);
    }
    const trustedId = found.trusted ? { trustedId: found.trusted.id, accountId: found.trusted.accountId } : {};
    throw new Refused(found.denied, { ...known, ...trustedId });
  }
  const voucher = chooseVoucher(found.vouchers, await enrolmentOf(domain, leaf.fingerprint));
  if ('denied' in voucher) throw new Refused(voucher.denied, known);
  return { certificate: leaf, voucher };
}

const namesOf = ({ subject, dnsNames = [] }: Certificate): readonly string[] => [
  ...(subject.commonName === undefined ? [] : [subject.commonName]),
  ...dnsNames,
];

/** Ids that devices claim at this moment, by database: two copies of one device may come at once. */
const claiming = new WeakMap<Storage, Set<string>>();

/** Whether somebody else is that device now, or is about to be. Until `release` is called, nobody else can become it. */
async function isTaken({ domain, isLive }: JoinWorld, deviceId: string | undefined) {
  const nothing = { live: false, release: () => undefined };
  if (deviceId === undefined) return nothing;
  const claims = claiming.get(domain.storage) ?? new Set();
  claiming.set(domain.storage, claims);
  if (claims.has(deviceId)) return { ...nothing, live: true };
  claims.add(deviceId);
  // After whoever let it in has taken note of it.
  const release = () => void setImmediate(() => claims.delete(deviceId));
  try {
    return { live: await isLive(deviceId), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Reads what is decided on. To be called in the transaction of the decision. */
async function readFacts(
  domain: Domain,
  request: JoinRequest,
  accountId: string,
  leaf: Leaf | undefined,
  live: boolean,
): Promise<JoinFacts> {
  const trusted = leaf?.voucher.trusted;
  const names = leaf
    ? namesOf(leaf.certificate)
    : request.shown.kind === 'pre-shared-key'
      ? [request.shown.endpointName]
      : [];
  const name = request.endpointName || names[0] || '';
  const account = await accountOf(domain, accountId);
  const room = await roomForDevice(domain, accountId, trusted?.isDeveloper ? trusted.id : undefined);
  const claimed = await claimedDevice(domain, accountId, request.internalEndpoint);
  return {
    names,
    endpointName: request.endpointName,
    account: { suspended: account?.status === 'SUSPENDED', room: room.account },
    trusted,
    certificateRoom: room.certificate,
    enrolment: leaf && (await enrolmentOf(domain, leaf.certificate.fingerprint)),
    recognised: !leaf
      ? await recognisedByName(domain, accountId, name)
      : leaf.voucher.trusted.isDeveloper
        ? undefined
        : await recognisedByCertificate(domain, leaf.voucher, leaf.certificate, name),
    claimed: claimed && { ...claimed, live },
  };
}

type Allowed = Exclude<JoinDecision, { denied: DenialReason }>;

/** What the directory keeps of a device that joins. */
function joinColumns(allowed: Allowed, leaf: Leaf | undefined): Partial<DeviceRow> {
  return {
    endpoint_name: allowed.endpointName,
    device_execution_mode: allowed.mode,
    ...(leaf && {
      ca_id: leaf.voucher.trusted.id,
      device_key: deviceKeyOf(leaf.certificate.fingerprint),
      issuer_fingerprint: issuerFingerprintOf(leaf.voucher.issuerFingerprint),
      bootstrap_expiration: midnightOf(leaf.certificate.notAfter.getTime()),
    }),
  };
}

async function refresh(domain: Domain, deviceId: string, columns: Partial<DeviceRow>): Promise<DeviceRow> {
  const { db } = domain.storage;
  const before = await db.selectFrom('devices').selectAll().where('id', '=', deviceId).executeTakeFirstOrThrow();
  const after = { ...before, ...columns, state: nextState(before.state, 'bootstrap-begun') };
  const changed = Object.entries(after).filter(([column, value]) => value !== before[column as keyof DeviceRow]);
  if (changed.length === 0) return before;
  await db
    .updateTable('devices')
    .set({ ...Object.fromEntries(changed), updated_at: changeTime(domain, before.updated_at) })
    .where('id', '=', deviceId)
    .execute();
  if (before.device_key !== null && after.device_key !== before.device_key) {
    await recordDeviceEvent(domain, after, {
      type: directoryEvents.updated,
      description: 'Device came with another certificate',
      data: { device_key: after.device_key ?? '', before: before.device_key },
    });
  }
  return after;
}

async function claimEnrolment(domain: Domain, enrolmentId: string, deviceId: string): Promise<void> {
  const { db } = domain.storage;
  const now = domain.clock.now().getTime();
  const claimed = await db
    .updateTable('enrolments')
    .set(({ eb }) => ({ claimed_at: now, device_id: deviceId, etag: eb('etag', '+', 1) }))
    .where('id', '=', enrolmentId)
    .where(({ or, eb }) => or([eb('device_id', 'is', null), eb('device_id', '!=', deviceId)]))
    .returning('id')
    .executeTakeFirst();
  if (claimed) await db.updateTable('devices').set({ enrolled_at: now }).where('id', '=', deviceId).execute();
}

async function admit(
  domain: Domain,
  request: JoinRequest,
  accountId: string,
  leaf: Leaf | undefined,
  allowed: Allowed,
): Promise<Joined> {
  const columns = joinColumns(allowed, leaf);
  const state = request.server === 'bootstrap' ? 'cloud_enrolling' : 'bootstrapped';
  const device =
    allowed.deviceId === undefined
      ? await insertDevice(domain, accountId, { ...columns, state })
      : await refresh(domain, allowed.deviceId, columns);
  if (allowed.claims !== undefined) await claimEnrolment(domain, allowed.claims, device.id);
  if (allowed.note) {
    await recordDeviceEvent(domain, device, {
      type: directoryEvents.updated,
      description:
        allowed.note === 'claimed'
          ? 'Device sent this id with a certificate that others share'
          : 'Device sent the id of another device, and was not believed',
      data: {
        sent: request.internalEndpoint ?? '',
        ...(request.address === undefined ? {} : { address: request.address }),
      },
    });
  }
  return {
    accountId,
    deviceId: device.id,
    endpointName: allowed.endpointName,
    mode: allowed.mode,
    isNew: allowed.deviceId === undefined,
  };
}

/**
 * Lets a device in, or not. Who is let in is in the directory afterwards, with its enrolment claimed; who is not is recorded.
 *
 * For the bootstrap server, and for devices that come to the LwM2M server without having bootstrapped here.
 */
export async function joinDevice(world: JoinWorld, request: JoinRequest): Promise<Joined | Denied> {
  const { domain } = world;
  try {
    const { shown } = request;
    if (shown.kind === 'nothing') throw new Refused('certificate-missing', { accountId: undefined });
    // Read together: a read of its own costs SQLite as much as ten in a transaction.
    const { leaf, accountId, claimed } = await domain.storage.grouped(async () => {
      const leaf = shown.kind === 'certificates' ? await vouched(domain, request, shown.chain) : undefined;
      const accountId = leaf ? leaf.voucher.trusted.accountId : (shown as { accountId: string }).accountId;
      return { leaf, accountId, claimed: await claimedDevice(domain, accountId, request.internalEndpoint) };
    });
    const { live, release } = await isTaken(world, claimed?.id);
    const outcome = await domain.storage
      .grouped(async () => {
        const decision = decideJoin(await readFacts(domain, request, accountId, leaf, live));
        return 'denied' in decision ? decision : admit(domain, request, accountId, leaf, decision);
      })
      .finally(release);
    if (!('denied' in outcome)) {
      domain.usage.count(accountId, 'bootstraps_pending');
      return outcome;
    }
    const trusted = leaf ? { trustedId: leaf.voucher.trusted.id, leaf: leaf.certificate } : {};
    throw new Refused(outcome.denied, { accountId, ...trusted });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return deny(world, request, error);
  }
}

/** Refuses, and records, a device of which no more is known than this. */
export function denyStranger(
  world: Pick<JoinWorld, 'domain' | 'denials'>,
  stranger: { reason: DenialReason; accountId?: string; endpointName?: string; address: string },
): Promise<Denied> {
  const { reason, accountId, endpointName, address } = stranger;
  const request: JoinRequest = {
    server: 'lwm2m',
    shown: { kind: 'nothing' },
    ...(endpointName === undefined ? {} : { endpointName }),
    address,
  };
  return deny(world, request, new Refused(reason, { accountId }));
}

async function deny(
  { domain, denials }: Pick<JoinWorld, 'domain' | 'denials'>,
  request: JoinRequest,
  { reason, known }: Refused,
): Promise<Denied> {
  const accountId = known.accountId ?? (await accountMeant(domain, request.accountId, known.leaf))?.id;
  if (accountId !== undefined) {
    await denials.record({
      accountId,
      endpointName: request.endpointName ?? known.leaf?.subject.commonName ?? '',
      reason,
      ...(known.trustedId === undefined ? {} : { trustedCertificateId: known.trustedId }),
      ...(known.leaf ? { fingerprint: known.leaf.fingerprint } : {}),
      ...(request.address === undefined ? {} : { address: request.address }),
    });
  }
  return { denied: reason, accountId };
}
