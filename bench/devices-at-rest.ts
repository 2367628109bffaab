// What a device that is registered and silent takes of the service's memory, beside a connection at rest on a bare server of
// the same TLS: (resident with N − resident with a few) / N, garbage collected.
//   node tools/with-node.cjs bench/devices-at-rest.ts [--devices N]      15,000 need `ulimit -n` above that
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calmFleet, Simulation } from '@mooring/simulator/fleet';
import type { Taken } from './devices/asked.ts';
import { bareServer, type ServerProcess, service } from './devices/server-process.ts';
import { until } from './devices/until.ts';
import { table } from './interleaved.ts';

const { values } = parseArgs({ options: { devices: { type: 'string', default: '2000' } } });
const devices = Number(values.devices);
const few = 200;

/** KiB for each. */
const each = (before: Taken, after: Taken, what: keyof Taken) => (after[what] - before[what]) / devices / 1024;

/** After what the last connections have left is gone: timers of a minute, and the buffers of handshakes. */
async function settled(server: ServerProcess): Promise<Taken> {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  return server.taken();
}

async function bare() {
  const server = await bareServer();
  const program = join(import.meta.dirname, 'transport/clients.ts');
  const connected = async (count: number) => {
    const clients = fork(program, [String(server.port), String(count), 'bare']);
    await once(clients, 'message');
    return clients;
  };
  const warm = await connected(few);
  const before = await settled(server);
  const clients = await connected(devices);
  const after = await settled(server);
  for (const one of [warm, clients]) one.kill('SIGKILL');
  await server.end();
  return { resident: each(before, after, 'resident'), heap: each(before, after, 'heap'), registered: devices };
}

async function ours() {
  const server = await service();
  const { credentials } = server;
  const settings = { ...calmFleet, rate: 50, lifetime: 86_400 };
  const fleet = (count: number) =>
    Simulation.start({ devices: count, credentials, settings, processes: 2, version: 'bench' });
  const warm = await fleet(few);
  await until(warm, ({ onboarded }) => onboarded === few, 60);
  const before = await settled(server);
  const simulation = await fleet(devices);
  const { registered } = await until(simulation, (seen) => seen.registered === devices, 1000);
  const after = await settled(server);
  for (const one of [warm, simulation]) one.kill();
  await server.end();
  return { resident: each(before, after, 'resident'), heap: each(before, after, 'heap'), registered };
}

const [without, withAll] = [await bare(), await ours()];
process.stdout.write(`Node ${process.version}; ${devices} devices at rest.\n\n`);
table([
  ['server', 'KiB for each', 'beside bare', 'of it heap', 'registered'],
  ['bare, connected', without.resident.toFixed(1), '1', without.heap.toFixed(1), '–'],
  [
    'mooring serve, registered',
    withAll.resident.toFixed(1),
    (withAll.resident / without.resident).toFixed(2),
    withAll.heap.toFixed(1),
    String(withAll.registered),
  ],
]);
process.exit(0);
