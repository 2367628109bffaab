import { fingerprint } from '@mooring/pki';
import type { KeyOwner, Verdict } from '@mooring/transport';
import {
  type Admitted,
  admitDevice,
  type DenialReason,
  type Denied,
  type Joined,
  type JoinWorld,
  joinDevice,
  lwm2mKeyOf,
} from '../bootstrap/index.ts';

/** Which device is at the other end of a connection. */
export interface DeviceIdentity {
  readonly accountId: string;
  /** Undefined where the device has to bootstrap again. */
  readonly deviceId: string | undefined;
  /** Under which it has to register. */
  readonly endpointName: string;
  /** Of its certificate; undefined where it came with a pre-shared key. */
  readonly fingerprint?: string;
  /** When its credentials end, ms since 1970. */
  readonly notAfter?: number;
  /** They were not used before. */
  readonly isFirstUse?: boolean;
}

/**
 * Credentials of ours that are of no use any more. Their devices are heard, and told to bootstrap again: a handshake that
 * is refused would tell them nothing, and Pelion's clients then try the same for ever.
 */
const outdated: ReadonlySet<DenialReason> = new Set([
  'credentials-unknown',
  'credentials-superseded',
  'credentials-expired',
]);

/** Finds out whose certificate it is, from what the handshake proved. */
export async function identify(
  world: JoinWorld,
  certificates: readonly Uint8Array[],
  address: string,
): Promise<Verdict<DeviceIdentity>> {
  const [leaf] = certificates;
  if (leaf === undefined) return { trusted: false, reason: 'no-certificate', detail: 'the device sent no certificate' };
  const admitted =
    (await admitDevice(world, leaf, address)) ??
    (await joinDevice(world, { server: 'lwm2m', shown: { kind: 'certificates', chain: certificates }, address }));
  return verdictOn(admitted, { fingerprint: fingerprint(leaf) });
}

/** The pre-shared key of whoever says this identity, and what is decided on it when it has shown that it has the key. */
export async function identifyByKey(
  world: JoinWorld,
  identity: string,
  address: string,
): Promise<KeyOwner<DeviceIdentity> | undefined> {
  const found = await lwm2mKeyOf(world, identity, address);
  return found && { key: found.key, judge: async () => verdictOn(await found.judge(), {}) };
}

function verdictOn(
  admitted: Admitted | Joined | Pick<Denied, 'denied'>,
  shown: Pick<DeviceIdentity, 'fingerprint'>,
): Verdict<DeviceIdentity> {
  if (!('denied' in admitted)) {
    return { trusted: true, identity: { ...admitted, ...shown } };
  }
  if (outdated.has(admitted.denied)) {
    return { trusted: true, identity: { accountId: '', deviceId: undefined, endpointName: '', ...shown } };
  }
  return { trusted: false, reason: reasonOf(admitted.denied), detail: admitted.denied };
}

function reasonOf(denied: DenialReason) {
  if (denied.endsWith('expired')) return 'expired';
  if (denied.endsWith('revoked')) return 'revoked';
  return denied === 'certificate-malformed' ? 'bad-certificate' : 'untrusted';
}
