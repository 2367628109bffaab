// The device directory with 100,000 devices: every filter of the language, and what a registration costs beside the bare
// inserts of the same rows. Usage: node tools/with-node.cjs bench/registry.ts [DEVICES]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { systemClock } from '@mooring/platform';
import { parseListQuery } from '@mooring/rest';
import { firstStart } from '../packages/service/src/accounts/index.ts';
import { openVault } from '../packages/service/src/keys/vault.ts';
import { replaceAttributes } from '../packages/service/src/registry/attributes.ts';
import {
  deviceFilters,
  deviceRegistered,
  insertDevice,
  listDevices,
  registrationUpdated,
} from '../packages/service/src/registry/index.ts';
import { defaultLimits } from '../packages/service/src/serve/settings.ts';
import { domainOf } from '../packages/service/src/storage/context.ts';
import { databaseFileName, openStorage } from '../packages/service/src/storage/index.ts';
import { median, table } from './interleaved.ts';

const devices = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
const storage = await openStorage({ folder, clock: systemClock });
const domain = domainOf({
  storage,
  vault: openVault(new Uint8Array(32)),
  clock: systemClock,
  settings: { publicHost: 'localhost', bootstrapPort: 1, lwm2mPort: 2, limits: defaultLimits },
});
const { accountId } = await firstStart(domain);
const resources = Array.from({ length: 50 }, (_, index) => ({ path: `/3/0/${index}`, obs: true, aobs: index }));
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Seconds of the clock and of the processor. */
async function timed(work: () => unknown): Promise<{ seconds: number; cpu: number }> {
  const [before, cpuBefore] = [performance.now(), processor()];
  await work();
  return { seconds: (performance.now() - before) / 1000, cpu: processor() - cpuBefore };
}

/** As devices do: many at a time, each waiting for its own. */
async function all<Item>(items: readonly Item[], at: number, work: (item: Item, index: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as Item, index);
  };
  await Promise.all(Array.from({ length: at }, worker));
}

const ids: string[] = [];
const filled = await timed(() =>
  all(Array.from({ length: devices }), 500, async (_, index) => {
    const { id } = await storage.grouped(async () => {
      const device = await insertDevice(domain, accountId, {
        endpoint_name: `node-${index}`,
        name: `device ${index}`,
        state: 'bootstrapped',
        device_execution_mode: index % 10 === 0 ? 1 : 5,
        ca_id: hex(index % 7, 32),
        device_key: `key ${index}`,
        issuer_fingerprint: hex(index % 7, 64).toUpperCase(),
        device_class: hex(index % 20, 32),
        vendor_id: hex(index % 3, 32),
        serial_number: `S${index}`,
        endpoint_type: index % 2 === 0 ? 'meter' : 'gateway',
        firmware_checksum: hex(index % 5, 64),
        bootstrapped_at: Date.now(),
        bootstrap_expiration: 1_893_456_000_000 + (index % 1000) * 86_400_000,
        connector_expiration: 1_893_456_000_000 + (index % 1000) * 86_400_000,
      });
      const attributes = { site: `site ${index % 1000}`, half: String(index % 2) };
      await replaceAttributes(domain, 'device_attributes', device, attributes);
      return device;
    });
    ids.push(id);
  }),
);
process.stdout.write(
  `${devices} devices in ${filled.seconds.toFixed(1)} s, ${filled.cpu.toFixed(1)} s of processor\n\n`,
);

const register = (deviceId: string) =>
  deviceRegistered(domain, {
    deviceId,
    accountId,
    endpointName: deviceId,
    lifetime: 7200,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    resources,
  });
await all(ids.slice(0, devices * 0.9), 500, register);

const samples: Readonly<Record<string, readonly string[]>> = {
  string: ['nothing has this'],
  text: ['x'],
  integer: ['1'],
  boolean: ['true', 'false'],
  time: ['2000-01-01', '2030-06-01', '2100-01-01'],
};
const words: Readonly<Record<string, readonly string[]>> = {
  id: [ids[1] as string],
  state: ['registered', 'bootstrapped'],
  ca_id: [hex(1, 32)],
  device_class: [hex(1, 32)],
  vendor_id: [hex(1, 32)],
  name: ['device 5'],
  endpoint_name: ['node-5'],
  endpoint_type: ['meter'],
  lifecycle_status: ['enabled', 'blocked'],
  deployed_state: ['development', 'production'],
  mechanism: ['connector', 'direct'],
};
const searches = Object.entries(deviceFilters).flatMap(([field, kind]) => {
  if (kind === 'map') {
    return [
      'site=site 5',
      'site__neq=site 5',
      'half=1',
      'half__neq=1',
      'site__in=site 1,site 2',
      'none=x',
      'none__neq=x',
    ]
      .map((rest) => `${field}__${rest}`)
      .flatMap((search) => [search, `${search}&state=registered`]);
  }
  const operators =
    kind === 'boolean' ? ['eq', 'neq'] : kind === 'time' ? ['eq', 'neq', 'gte', 'lte'] : ['eq', 'neq', 'in', 'nin'];
  return operators.flatMap((op) =>
    [...(words[field] ?? []), ...(samples[kind] ?? [])].map((value) => `${field}__${op}=${value}`),
  );
});
// Of the processor: what else the machine does is not counted.
const times: { search: string; milliseconds: number; found: number }[] = [];
for (const search of ['', 'order=DESC', ...searches]) {
  const { query } = parseListQuery(`${search}&include=total_count`, deviceFilters);
  const rounds: number[] = [];
  let found = 0;
  for (let round = 0; round < 3; round++) {
    const before = processor();
    found = (await listDevices(domain, { accountId }, query)).totalCount ?? -1;
    rounds.push((processor() - before) * 1000);
  }
  times.push({ search, milliseconds: median(rounds), found });
}
times.sort((a, b) => b.milliseconds - a.milliseconds);
process.stdout.write(
  `${times.length} list requests with total_count; the slowest of them (median ${median(times.map(({ milliseconds }) => milliseconds)).toFixed(1)} ms):\n`,
);
table([
  ['filter', 'matches', 'ms of processor'],
  ...times.slice(0, 12).map(({ search, milliseconds, found }) => [search, String(found), milliseconds.toFixed(1)]),
]);

/** The same rows, by prepared statements in one transaction: as little as SQLite can be asked to do. */
function bare(work: (run: (sql: string, ...values: SQLInputValue[]) => void) => void): void {
  const database = new DatabaseSync(join(folder, databaseFileName), { enableForeignKeyConstraints: true });
  database.exec('pragma synchronous = full; begin immediate');
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  work((sql, ...values) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    statement.run(...values);
  });
  database.exec('commit');
  database.close();
}

const some = ids.slice(0, Math.min(devices, 20_000));
const resourcesJson = JSON.stringify(resources);
const rounds: Record<string, { seconds: number; cpu: number }[]> = {};
const measure = async (name: string, work: () => unknown) => {
  const list = rounds[name] ?? [];
  rounds[name] = list;
  list.push(await timed(work));
};
for (let round = 0; round < 3; round++) {
  await measure('register bare', () =>
    bare((run) => {
      for (const id of some) {
        const now = Date.now();
        run(
          'update registrations set endpoint_name = ?, lifetime = ?, expires_at = ?, resources_json = ?, registered_at = ?, updated_at = ? where device_id = ?',
          id,
          7200,
          now + 7_200_000,
          resourcesJson,
          now,
          now,
          id,
        );
      }
    }),
  );
  await measure('register ours', () => all(some, 500, register));
  await measure('update bare', () =>
    bare((run) => {
      for (const id of some) {
        run('update registrations set expires_at = ?, updated_at = ? where device_id = ?', Date.now(), Date.now(), id);
      }
    }),
  );
  await measure('update ours', () => all(some, 500, (id) => registrationUpdated(domain, id, {})));
  await measure('update alone', () => all(some.slice(0, 1000), 1, (id) => registrationUpdated(domain, id, {})));
}
const of = (name: string, count = some.length) => {
  const list = rounds[name] ?? [];
  return {
    each: (median(list.map(({ cpu }) => cpu)) / count) * 1e6,
    rate: count / median(list.map(({ seconds }) => seconds)),
  };
};
const line = (what: string, ours: ReturnType<typeof of>, alone: ReturnType<typeof of>) => [
  what,
  ours.rate.toFixed(0),
  ours.each.toFixed(0),
  alone.each.toFixed(0),
  (ours.each / alone.each).toFixed(2),
];
process.stdout.write('\n');
table([
  ['durable, 500 at a time', 'per second', 'µs of processor', 'bare insert', 'ratio'],
  line('registration', of('register ours'), of('register bare')),
  line('update', of('update ours'), of('update bare')),
  line('update, one at a time', of('update alone', 1000), of('update bare')),
]);
await storage.close();
rmSync(folder, { recursive: true });
