// What a connection at rest and a handshake take on a server, beside a bare `node:tls` server with the same context.
//   node tools/with-node.cjs bench/transport.ts [--connections N] [--rounds N]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './interleaved.ts';
import type { Taken } from './transport/server.ts';

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '3000' }, rounds: { type: 'string', default: '3' } },
});
const connections = Number(values.connections);
const rounds = Number(values.rounds);
const kinds = ['bare', 'tls', 'dtls'] as const;
type Kind = (typeof kinds)[number];

const program = (name: string, ...args: string[]) =>
  fork(join(import.meta.dirname, `transport/${name}.ts`), args, { execArgv: name === 'server' ? ['--expose-gc'] : [] });

async function asked(server: ChildProcess): Promise<Taken> {
  server.send('taken');
  const [taken] = (await once(server, 'message')) as [Taken];
  return taken;
}

async function connected(port: number, count: number, kind: Kind): Promise<ChildProcess> {
  const clients = program('clients', String(port), String(count), kind);
  await once(clients, 'message');
  return clients;
}

interface Sample {
  /** KiB for each connection. */
  readonly resident: number;
  readonly heap: number;
  /** Milliseconds of CPU for each handshake. */
  readonly cpu: number;
}

async function sample(kind: Kind): Promise<Sample> {
  const server = program('server', kind);
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const warm = await connected(port, 200, kind);
  warm.kill('SIGKILL');
  await once(warm, 'close');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await asked(server);
  const clients = await connected(port, connections, kind);
  const after = await asked(server);
  const held = after.connections - before.connections;
  clients.kill('SIGKILL');
  server.kill('SIGKILL');
  return {
    resident: (after.resident - before.resident) / held / 1024,
    heap: (after.heap - before.heap) / held / 1024,
    cpu: (after.used - before.used - before.collecting) / connections / 1000,
  };
}

const samples = new Map<Kind, Sample[]>(kinds.map((kind) => [kind, []]));
for (let round = 0; round < rounds; round++) {
  // In turn, so that whatever else the machine does meets all of them.
  for (const kind of kinds) samples.get(kind)?.push(await sample(kind));
}

const numbersOf = (kind: Kind, what: keyof Sample) => (samples.get(kind) ?? []).map((one) => one[what]);
const of = (kind: Kind, what: keyof Sample) => median(numbersOf(kind, what));
/** Round by round, for what else the machine does changes from one to the next. */
const besideBare = (kind: Kind, what: keyof Sample) =>
  `${median(numbersOf(kind, what).map((value, round) => value / (numbersOf('bare', what)[round] ?? Number.NaN))).toFixed(2)} ×`;

process.stdout.write(
  `Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; ${connections} connections with CCM_8, ` +
    `median of ${rounds} rounds in turn.\n\n` +
    '| server | KiB at rest | beside bare | of it heap | CPU ms per handshake | beside bare | per CPU second |\n' +
    '|---|---|---|---|---|---|---|\n',
);
for (const kind of kinds) {
  const cpu = of(kind, 'cpu');
  process.stdout.write(
    `| ${kind} | ${of(kind, 'resident').toFixed(1)} | ${besideBare(kind, 'resident')} | ${of(kind, 'heap').toFixed(1)} | ` +
      `${cpu.toFixed(2)} | ${besideBare(kind, 'cpu')} | ${Math.round(1000 / cpu)} |\n`,
  );
}
