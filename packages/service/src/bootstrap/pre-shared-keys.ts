import { hkdfSync } from 'node:crypto';
import { isId } from '../accounts/ids.ts';
import { type KeyedDevice, preSharedKeyOf } from '../registry/pre-shared-keys/pre-shared-key.ts';
import type { Domain } from '../storage/context.ts';
import type { Admitted } from './credentials.ts';
import type { DenialReason } from './decision.ts';
import { type Denied, denyStranger, type Joined, type JoinWorld, joinDevice } from './join.ts';

/** What a device with a pre-shared key is given for the LwM2M server. */
export interface DerivedKey {
  /** What it says of itself in the handshake: its device id. */
  readonly identity: string;
  readonly key: Uint8Array;
}

/** 128 bits, as strong as the cipher suites (RFC 7925 §4.2). */
const keyLength = 16;

/**
 * The key for the LwM2M server, from the one that the device bootstraps with (RFC 5869): nothing more has to be kept, both
 * end together, and who learns this one does not know that one.
 */
export function derivedKey(secret: Uint8Array, deviceId: string): DerivedKey {
  const key = hkdfSync('sha256', secret, deviceId, 'mooring lwm2m', keyLength);
  return { identity: deviceId, key: new Uint8Array(key) };
}

/** A key that the LwM2M server knows, and what is decided on who has it. */
export interface Lwm2mKey {
  readonly key: Uint8Array;
  judge(): Promise<Admitted | Joined | Denied>;
}

/** The device whose id this is, where it came with a pre-shared key that is still there. */
async function keyedDevice(domain: Domain, deviceId: string) {
  const found = await domain.storage.db
    .selectFrom('devices')
    .innerJoin('accounts', 'accounts.id', 'devices.account_id')
    .select(['devices.account_id', 'devices.endpoint_name', 'devices.lifecycle_status', 'accounts.status'])
    .where('devices.id', '=', deviceId)
    .where('devices.ca_id', 'is', null)
    .executeTakeFirst();
  if (!found) return undefined;
  const keyed = await preSharedKeyOf(domain, found.endpoint_name ?? '');
  if (keyed?.accountId !== found.account_id) return undefined;
  const denied: DenialReason | undefined =
    found.status === 'SUSPENDED'
      ? 'account-suspended'
      : found.lifecycle_status === 'blocked'
        ? 'device-suspended'
        : undefined;
  return { keyed, denied };
}

/**
 * The key of an identity at the LwM2M server: the derived one of a device that bootstrapped here, by its id; or one that the
 * device brings itself, by its endpoint name.
 */
export async function lwm2mKeyOf(world: JoinWorld, identity: string, address: string): Promise<Lwm2mKey | undefined> {
  const { domain } = world;
  const known = isId(identity) ? await keyedDevice(domain, identity) : undefined;
  if (known) {
    const { accountId, endpointName, secret } = known.keyed;
    const { denied } = known;
    return {
      key: derivedKey(secret, identity).key,
      judge: async () => {
        if (!denied) return { deviceId: identity, accountId, endpointName };
        return denyStranger(world, { reason: denied, accountId, endpointName, address });
      },
    };
  }
  const keyed = await preSharedKeyOf(domain, identity);
  return keyed && { key: keyed.secret, judge: () => joinDevice(world, joining(keyed, address)) };
}

const joining = ({ accountId, endpointName }: KeyedDevice, address: string) => ({
  server: 'lwm2m' as const,
  shown: { kind: 'pre-shared-key' as const, accountId, endpointName },
  address,
});
