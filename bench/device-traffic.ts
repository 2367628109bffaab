// What registration updates and notifications take on the service, and how long they take while other devices join.
//   node tools/with-node.cjs bench/device-traffic.ts [--devices N] [--rate PER_SECOND] [--seconds N]
import { parseArgs } from 'node:util';
import { calmFleet, type FleetSettings, Simulation } from '@mooring/simulator/fleet';
import { type Service, service } from './devices/server-process.ts';
import { until } from './devices/until.ts';
import { table } from './interleaved.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '500' },
    rate: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '10' },
  },
});
const devices = Number(values.devices);
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const start = (server: Service, settings: Partial<FleetSettings>, count = devices) =>
  Simulation.start({
    devices: count,
    credentials: server.credentials,
    settings: { ...calmFleet, ...settings },
    processes: 1,
    version: 'bench',
  });

interface Row {
  readonly what: string;
  readonly perSecond: number;
  /** Milliseconds of the processor for each. */
  readonly processor: number;
  readonly p50: number;
  readonly p99: number;
}

async function measured(
  server: Service,
  what: string,
  settings: Partial<FleetSettings>,
  timing: 'update' | 'notification',
  joining = 0,
): Promise<Row> {
  const simulation = await start(server, settings);
  await until(simulation, (seen) => seen.onboarded === devices, 120);
  await pause(2000);
  const others = joining === 0 ? undefined : await start(server, { rate: joining }, joining * seconds);
  simulation.forgetTimes();
  const before = await simulation.seen();
  const [processor, at] = [server.processor, performance.now()];
  await pause(seconds * 1000);
  const after = await simulation.seen();
  const [used, passed] = [server.processor - processor, performance.now() - at];
  const count = timing === 'update' ? after.updates - before.updates : after.acknowledged - before.acknowledged;
  const times = after.times[timing];
  others?.kill();
  simulation.kill();
  await pause(500);
  return {
    what,
    perSecond: (count / passed) * 1000,
    processor: used / count,
    p50: times?.p50 ?? Number.NaN,
    p99: times?.p99 ?? Number.NaN,
  };
}

const server = await service();
const headers = { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' };
const rows: Row[] = [];
rows.push(await measured(server, 'registration updates', { updates: rate }, 'update'));
rows.push(await measured(server, 'notifications, nobody subscribed', { notifications: rate }, 'notification'));
rows.push(
  await measured(server, 'the same while 20 devices a second join', { notifications: rate }, 'notification', 20),
);

// Somebody who is told of each: it is on disk before the device is thanked.
const rules = JSON.stringify([{ 'resource-path': ['/3200/0/5501'] }]);
await fetch(`${server.url}/v2/subscriptions`, { method: 'PUT', headers, body: rules });
let isOver = false;
const pulled = (async () => {
  while (!isOver) await fetch(`${server.url}/v2/notification/pull`, { headers }).then((answer) => answer.text());
})().catch(() => undefined);
rows.push(await measured(server, 'notifications, pulled over REST', { notifications: rate }, 'notification'));
isOver = true;
await server.end();
await pulled;

process.stdout.write(`Node ${process.version}; ${devices} devices, ${rate} a second asked for, ${seconds} s each.\n\n`);
table([
  ['', 'per second', 'CPU ms each', 'per second and core', 'p50 ms', 'p99 ms'],
  ...rows.map(({ what, perSecond, processor, p50, p99 }) => [
    what,
    perSecond.toFixed(0),
    processor.toFixed(2),
    (1000 / processor).toFixed(0),
    String(p50),
    String(p99),
  ]),
]);
process.exit(0);
