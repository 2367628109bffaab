// LwM2M credentials made for devices (a key pair, a certificate, its record on disk, commits shared) beside a raw P-256 key pair
// and signature.
//   node tools/with-node.cjs bench/device-credentials.ts [--count N]
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '@mooring/platform';
import { firstStart } from '../packages/service/src/accounts/index.ts';
import { CredentialIssuer } from '../packages/service/src/bootstrap/index.ts';
import { openVault } from '../packages/service/src/keys/vault.ts';
import { insertDevice } from '../packages/service/src/registry/index.ts';
import { defaultLimits } from '../packages/service/src/serve/settings.ts';
import { domainOf } from '../packages/service/src/storage/context.ts';
import { openStorage } from '../packages/service/src/storage/index.ts';
import { median, table } from './interleaved.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '5000' } } });
const count = Number(values.count);
const rounds = 5;
const atOnce = 256;

const folder = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
const storage = await openStorage({ folder, clock: systemClock });
const domain = domainOf({
  storage,
  vault: openVault(new Uint8Array(32)),
  clock: systemClock,
  settings: { publicHost: 'localhost', bootstrapPort: 1, lwm2mPort: 2, limits: defaultLimits },
});
const { accountId } = await firstStart(domain);
const issuer = new CredentialIssuer(domain);
const { id: deviceId } = await insertDevice(domain, accountId, { endpoint_name: 'node' });
const ids = [deviceId];
while (ids.length < count) {
  const more = Array.from({ length: Math.min(500, count - ids.length) }, () =>
    storage.grouped(() => insertDevice(domain, accountId, { endpoint_name: 'node' })),
  );
  ids.push(...(await Promise.all(more)).map(({ id }) => id));
}

async function ours(): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < count) {
      await issuer.issue({ deviceId: ids[next++] as string, accountId, endpointName: 'node' });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const body = new Uint8Array(400);
function raw(): void {
  for (let made = 0; made < count; made++) {
    generateKeyPairSync('ec', { namedCurve: 'P-256' });
    sign('sha256', body, privateKey);
  }
}

interface Sample {
  readonly processor: number;
  readonly rate: number;
}
async function timed(work: () => unknown): Promise<Sample> {
  const [before, at] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { processor: (user + system) / count, rate: (count / (performance.now() - at)) * 1000 };
}

await timed(ours);
const samples: { ours: Sample; raw: Sample }[] = [];
for (let round = 0; round < rounds; round++) samples.push({ raw: await timed(raw), ours: await timed(ours) });
const of = (kind: 'ours' | 'raw', what: keyof Sample) => median(samples.map((sample) => sample[kind][what]));
process.stdout.write(
  `Node ${process.version}; ${count} in a round, ${atOnce} at a time, median of ${rounds} rounds.\n\n`,
);
table([
  ['', 'CPU µs each', 'beside raw', 'per second'],
  ['raw key pair and signature', of('raw', 'processor').toFixed(0), '1', of('raw', 'rate').toFixed(0)],
  [
    'credentials, on disk',
    of('ours', 'processor').toFixed(0),
    median(samples.map(({ ours, raw }) => ours.processor / raw.processor)).toFixed(2),
    of('ours', 'rate').toFixed(0),
  ],
]);
await storage.close();
rmSync(folder, { recursive: true });
