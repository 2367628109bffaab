import { sql } from 'kysely';
import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import { directoryEvents, recordDeviceEvent } from '../device-log/device-event.ts';
import { changeTime, type DeviceRow } from '../devices/device.ts';
import { nextState } from '../devices/state.ts';
import { endRegistration, setState } from './end.ts';
import { type DeviceFacts, newFacts } from './facts.ts';
import { type RegisteredResource, type Registration, registrationOf } from './registration.ts';

export interface RegistrationInput {
  /** The L of its LwM2M certificate. */
  readonly deviceId: string;
  readonly accountId: string;
  readonly endpointName: string;
  readonly endpointType?: string;
  /** Seconds; at least 1. */
  readonly lifetime: number;
  /** `rd/<account>/<device>` if absent. */
  readonly location?: string;
  readonly version: string;
  readonly binding: string;
  readonly queueMode: boolean;
  readonly address?: string;
  readonly resources: readonly RegisteredResource[];
  /** Where its objects stand; `/` if absent. */
  readonly root?: string;
  /** Content formats that it named. */
  readonly contentFormats?: readonly number[];
  readonly facts?: DeviceFacts;
}

/** What an update may change; what is absent stays. */
export interface RegistrationUpdate {
  readonly lifetime?: number;
  readonly binding?: string;
  readonly queueMode?: boolean;
  readonly address?: string;
  readonly resources?: readonly RegisteredResource[];
  readonly facts?: DeviceFacts;
}

/** Why a device cannot register. It has to bootstrap again if it is `unknown`. */
export type Refusal = 'unknown' | 'suspended';

/** Lifetimes are kept below this many seconds (about 34,000 years), so that no expiry is past what a Date can say. */
const longestLifetime = 2 ** 40;

const secondsOf = (lifetime: number): number => Math.min(longestLifetime, Math.max(1, Math.floor(lifetime)));

const locationOf = ({ location, accountId, deviceId }: RegistrationInput): string =>
  location ?? `rd/${accountId}/${deviceId}`;

type RegistrationRow = Row<'registrations'>;

/** What a registration looks at. */
const seen = [
  'id',
  'account_id',
  'state',
  'lifecycle_status',
  'endpoint_name',
  'updated_at',
  'device_class',
  'vendor_id',
  'serial_number',
  'endpoint_type',
  'firmware_checksum',
  'manifest_at',
] as const satisfies (keyof DeviceRow)[];

type SeenDevice = Pick<DeviceRow, (typeof seen)[number]>;

const selectDevice = prepared<{ id: string }, SeenDevice>((db, value) =>
  db.selectFrom('devices').select(seen).where('id', '=', value('id')),
);

const registrationColumns = [
  'account_id',
  'location',
  'endpoint_name',
  'endpoint_type',
  'lifetime',
  'expires_at',
  'version',
  'binding',
  'queue_mode',
  'address',
  'resources_json',
  'root',
  'formats_json',
  'registered_at',
  'updated_at',
] as const satisfies (keyof RegistrationRow)[];

const putRegistration = prepared<RegistrationRow, unknown>((db, value) =>
  db
    .insertInto('registrations')
    .values({
      device_id: value('device_id'),
      ...(Object.fromEntries(registrationColumns.map((name) => [name, value(name)])) as Omit<
        RegistrationRow,
        'device_id'
      >),
    })
    .onConflict((conflict) =>
      conflict
        .column('device_id')
        .doUpdateSet((eb) => Object.fromEntries(registrationColumns.map((name) => [name, eb.ref(`excluded.${name}`)]))),
    ),
);

type Renewal = Partial<Pick<RegistrationRow, 'lifetime' | 'binding' | 'queue_mode' | 'address' | 'resources_json'>> &
  Pick<RegistrationRow, 'device_id' | 'updated_at'>;

const renewRegistration = prepared<Required<{ [Name in keyof Renewal]: Renewal[Name] | null }>, RegistrationRow>(
  (db, value) => {
    const kept = (name: 'lifetime' | 'binding' | 'queue_mode' | 'address' | 'resources_json') =>
      sql<never>`coalesce(${value(name)}, ${sql.ref(name)})`;
    return db
      .updateTable('registrations')
      .set({
        expires_at: sql`${value('updated_at')} + coalesce(${value('lifetime')}, lifetime) * 1000`,
        updated_at: sql`${value('updated_at')}`,
        lifetime: kept('lifetime'),
        binding: kept('binding'),
        queue_mode: kept('queue_mode'),
        address: kept('address'),
        resources_json: kept('resources_json'),
      })
      .where('device_id', '=', sql<string>`${value('device_id')}`)
      .returningAll();
  },
);

async function findOwn(domain: Domain, accountId: string, deviceId: string): Promise<SeenDevice | undefined> {
  const [device] = await selectDevice(domain.storage.db, { id: deviceId });
  return device?.account_id === accountId ? device : undefined;
}

async function applyFacts(domain: Domain, device: SeenDevice, columns: Partial<DeviceRow>): Promise<void> {
  const names = Object.keys(columns);
  if (names.length === 0) return;
  const updated_at = changeTime(domain, device.updated_at);
  if (names.length === 1 && columns.state) {
    await setState(domain.storage.db, { id: device.id, state: columns.state, updated_at });
    return;
  }
  await domain.storage.db
    .updateTable('devices')
    .set({ ...columns, updated_at })
    .where('id', '=', device.id)
    .execute();
}

/**
 * A device registers (LwM2M 6.2.1): what it said before is forgotten, and it is `registered`.
 *
 * @returns the registration after it was committed, or why there is none
 */
export async function deviceRegistered(
  domain: Domain,
  input: RegistrationInput,
): Promise<{ registration: Registration } | { refused: Refusal }> {
  const outcome = await domain.storage.grouped(async (db) => {
    const device = await findOwn(domain, input.accountId, input.deviceId);
    if (!device) return { refused: 'unknown' as const };
    if (device.lifecycle_status === 'blocked') return { refused: 'suspended' as const };
    const now = domain.clock.now().getTime();
    const lifetime = secondsOf(input.lifetime);
    const row = {
      device_id: device.id,
      account_id: device.account_id,
      location: locationOf(input),
      endpoint_name: input.endpointName,
      endpoint_type: input.endpointType ?? null,
      lifetime,
      expires_at: now + lifetime * 1000,
      version: input.version,
      binding: input.binding,
      queue_mode: input.queueMode ? 1 : 0,
      address: input.address ?? null,
      resources_json: JSON.stringify(input.resources),
      root: input.root === undefined || input.root === '/' ? null : input.root,
      formats_json: input.contentFormats?.length ? JSON.stringify(input.contentFormats) : null,
      registered_at: now,
      updated_at: now,
    };
    await putRegistration(db, row);
    const state = nextState(device.state, 'registered');
    const facts: DeviceFacts = {
      ...input.facts,
      ...(input.endpointType === undefined ? {} : { endpointType: input.endpointType }),
    };
    await applyFacts(domain, device, {
      ...newFacts(device, facts),
      ...(state === device.state ? {} : { state }),
      ...(device.endpoint_name === '' ? { endpoint_name: input.endpointName } : {}),
    });
    if (state !== device.state) {
      await recordDeviceEvent(domain, device, {
        type: directoryEvents.updated,
        description: 'Device registered',
        stateChange: true,
        data: { state },
      });
    }
    return { registration: registrationOf(row, input.resources) };
  });
  if ('registration' in outcome) {
    domain.usage.count(input.accountId, 'full_registrations');
    domain.bus.tell({ kind: 'registered', registration: outcome.registration });
  }
  return outcome;
}

/**
 * A device keeps its registration alive (LwM2M 6.2.2), and may tell what has changed.
 *
 * @returns undefined if it has none: it then registers anew
 */
export async function registrationUpdated(
  domain: Domain,
  deviceId: string,
  update: RegistrationUpdate,
): Promise<Registration | undefined> {
  const registration = await domain.storage.grouped(async (db) => {
    const now = domain.clock.now().getTime();
    const lifetime = update.lifetime === undefined ? undefined : secondsOf(update.lifetime);
    const [row] = await renewRegistration(db, {
      device_id: deviceId,
      updated_at: now,
      lifetime: lifetime ?? null,
      binding: update.binding ?? null,
      queue_mode: update.queueMode === undefined ? null : update.queueMode ? 1 : 0,
      address: update.address ?? null,
      resources_json: update.resources === undefined ? null : JSON.stringify(update.resources),
    });
    if (!row) return undefined;
    if (update.facts) {
      const device = await findOwn(domain, row.account_id, deviceId);
      if (device) await applyFacts(domain, device, newFacts(device, update.facts));
    }
    return registrationOf(row, update.resources);
  });
  if (registration) {
    domain.usage.count(registration.accountId, 'registration_updates');
    domain.bus.tell({ kind: 'updated', registration, resources: update.resources !== undefined });
  }
  return registration;
}

/** A device takes its leave (LwM2M 6.2.3). @returns what ended; undefined if it had no registration */
export async function deviceDeregistered(domain: Domain, deviceId: string): Promise<Registration | undefined> {
  const registration = await domain.storage.grouped(async (db) => {
    const [device] = await selectDevice(db, { id: deviceId });
    return device && endRegistration(domain, device, 'device');
  });
  if (registration) {
    domain.usage.count(registration.accountId, 'deleted_registrations');
    const at = domain.clock.now().getTime();
    domain.bus.tell({ kind: 'deregistered', registration, reason: 'device', at });
  }
  return registration;
}

/** What the values of a device's resources say of it (`factResources`). Nothing happens if it is known already. */
export async function deviceFacts(domain: Domain, deviceId: string, facts: DeviceFacts): Promise<void> {
  const changed = await domain.storage.grouped(async (db) => {
    const [device] = await selectDevice(db, { id: deviceId });
    const columns = device && newFacts(device, facts);
    if (!columns || Object.keys(columns).length === 0) return undefined;
    await applyFacts(domain, device, columns);
    return device.account_id;
  });
  if (changed !== undefined) domain.bus.tell({ kind: 'changed', accountId: changed, deviceId });
}

/** The registration of a device, if it has one. */
export async function getRegistration(domain: Domain, deviceId: string): Promise<Registration | undefined> {
  const row = await domain.storage.db
    .selectFrom('registrations')
    .selectAll()
    .where('device_id', '=', deviceId)
    .executeTakeFirst();
  return row && registrationOf(row);
}

/** The registration that an update or a deregistration means by its path. @param location without slashes at its ends */
export async function registrationAt(domain: Domain, location: string): Promise<Registration | undefined> {
  const row = await domain.storage.db
    .selectFrom('registrations')
    .selectAll()
    .where('location', '=', location)
    .executeTakeFirst();
  return row && registrationOf(row);
}
