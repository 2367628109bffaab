// What an onboarding takes on the server (two mutual handshakes, bootstrap, a certificate, registration, all of it durable)
// beside a bare server of the same TLS that only does the two handshakes; and how many there are in a second, all devices at
// once, with their load on the same machine.
//   node tools/with-node.cjs bench/onboarding.ts [--devices N] [--rounds N]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calmFleet, Simulation } from '@mooring/simulator/fleet';
import { bareServer, service } from './devices/server-process.ts';
import { median, table } from './interleaved.ts';

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '3' } },
});
const devices = Number(values.devices);
const rounds = Number(values.rounds);

interface Sample {
  /** Milliseconds of the server's processor for each device. */
  readonly processor: number;
  /** Devices in a second. */
  readonly rate: number;
}

async function bare(): Promise<Sample> {
  const server = await bareServer();
  const program = join(import.meta.dirname, 'devices/two-handshakes.ts');
  const handshakes = async (count: number) => {
    const clients = Array.from({ length: 2 }, () => fork(program, [String(server.port), String(count / 2)]));
    await Promise.all(clients.map((one) => once(one, 'message')));
    return async () => {
      for (const one of clients) one.kill('SIGKILL');
      await Promise.all(clients.map((one) => once(one, 'close')));
    };
  };
  // The compiler has to have seen it.
  await (await handshakes(200))();
  const [before, start] = [server.processor, performance.now()];
  const end = await handshakes(devices);
  const sample = {
    processor: (server.processor - before) / devices,
    rate: (devices / (performance.now() - start)) * 1000,
  };
  await end();
  await server.end();
  return sample;
}

async function ours(): Promise<Sample & { readonly lost: number; readonly failures: string }> {
  const server = await service();
  const { credentials } = server;
  const fleet = async (count: number) => {
    const simulation = await Simulation.start({
      devices: count,
      credentials,
      settings: calmFleet,
      processes: 2,
      version: 'bench',
    });
    return simulation;
  };
  const onboarded = async (simulation: Simulation, count: number) => {
    for (let waits = 0; waits < 1200; waits++) {
      const seen = await simulation.seen();
      if (seen.onboarded === count) return seen;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return simulation.seen();
  };
  const warm = await fleet(200);
  await onboarded(warm, 200);
  await warm.stop();
  const simulation = await fleet(devices);
  while ((await simulation.seen()).started === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const [before, start] = [server.processor, performance.now()];
  const seen = await onboarded(simulation, devices);
  const sample = {
    processor: (server.processor - before) / devices,
    rate: (devices / (performance.now() - start)) * 1000,
    lost: devices - seen.onboarded,
    failures: JSON.stringify(seen.failures),
  };
  simulation.kill();
  await server.end(process.env.BENCH_NODE ? 'SIGTERM' : 'SIGKILL');
  return sample;
}

const samples: { bare: Sample; ours: Awaited<ReturnType<typeof ours>> }[] = [];
for (let round = 0; round < rounds; round++) samples.push({ bare: await bare(), ours: await ours() });

const of = (kind: 'bare' | 'ours', what: keyof Sample) => median(samples.map((sample) => sample[kind][what]));
const ratio = median(samples.map((sample) => sample.ours.processor / sample.bare.processor));
process.stdout.write(
  `Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}; ${devices} devices at once, median of ${rounds} rounds in turn.\n\n`,
);
table([
  ['server', 'CPU ms per device', 'beside bare', 'per second, load beside it', 'lost'],
  ['bare, two handshakes', of('bare', 'processor').toFixed(2), '1', of('bare', 'rate').toFixed(0), '0'],
  [
    'mooring serve, onboarding',
    of('ours', 'processor').toFixed(2),
    ratio.toFixed(2),
    of('ours', 'rate').toFixed(0),
    String(Math.max(...samples.map((sample) => sample.ours.lost))),
  ],
]);
for (const {
  ours: { failures },
} of samples)
  if (failures !== '{}') process.stdout.write(`failures: ${failures}\n`);
process.exit(0);
