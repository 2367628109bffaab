// What the device side takes of a small board: disk beside nodejs, memory, and the time to start; here on this machine's
// own Node and, in emulated processors, on the Node that Debian has for the boards.
//   npm run bench:device [-- --runs N] [-- --no-boards]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { arm64, armhf, distributionNode, emulated } from '../packages/device/interop/distribution-node.ts';
import { credentialSet, writeSet } from '../packages/device/test/provisioning/credential-set.ts';
import { buildDevicePackage } from '../packaging/device/device-package.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, 'no-boards': { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
const hook = join(import.meta.dirname, 'device/at-exit.cjs');

interface Taken {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
  /** MB, of the program alone also where it is emulated. */
  readonly resident: number;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** Twice, for what is looked at when the program ends would count as its time. */
function runOnce(command: readonly string[], cwd: string): Taken {
  const report = join(cwd, 'taken.json');
  const run = ([program = '', ...args]: readonly string[]): number => {
    const started = performance.now();
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', MOORING_BENCH_FOOTPRINT: report };
    spawnSync(program, args, { cwd, env, stdio: 'ignore' });
    return (performance.now() - started) / 1000;
  };
  const wall = run(command);
  run(withHook(command));
  const { cpu, resident } = JSON.parse(readFileSync(report, 'utf8')) as { cpu: number; resident: number };
  rmSync(report);
  return { wall, cpu, resident: resident / 1000 };
}

function measure(command: readonly string[], cwd: string): Taken {
  const all = Array.from({ length: runs }, () => runOnce(command, cwd));
  return {
    wall: median(all.map(({ wall }) => wall)),
    cpu: median(all.map(({ cpu }) => cpu)),
    resident: median(all.map(({ resident }) => resident)),
  };
}

const withHook = (command: readonly string[]): string[] =>
  command.toSpliced(command.findIndex((word) => word.endsWith('/node')) + 1, 0, '--require', hook);

/** MB of the client after `seconds` of trying to reach a service that is not there. */
async function residentClient(command: readonly string[], cwd: string, seconds: number): Promise<number> {
  const report = join(cwd, 'client.json');
  const [program = '', ...args] = withHook(command);
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', MOORING_BENCH_FOOTPRINT: report };
  const client = spawn(program, args, { cwd, env, stdio: 'ignore' });
  await sleep(seconds * 1000);
  client.kill('SIGTERM');
  await once(client, 'exit');
  const { resident } = JSON.parse(readFileSync(report, 'utf8')) as { resident: number };
  return resident / 1000;
}

const folder = mkdtempSync(join(tmpdir(), 'mooring-footprint-'));
try {
  const deb = await buildDevicePackage({ architecture: 'armhf', out: folder, compression: 'xz' });
  execFileSync('dpkg-deb', ['--extract', deb, join(folder, 'device')]);
  const disk = Number.parseInt(execFileSync('du', ['-sk', join(folder, 'device')], { encoding: 'utf8' }), 10);
  const archive = Number.parseInt(execFileSync('du', ['-k', deb], { encoding: 'utf8' }), 10);
  const program = join(folder, 'device/usr/lib/mooring-device/pelion-provisioning-util.js');
  const daemon = join(folder, 'device/usr/lib/mooring-device/mbl-cloud-client.js');
  writeSet(join(folder, 'certs'), credentialSet('board', 'coaps://127.0.0.1:1'));
  const options = ['--certs-dir', 'certs', '--store', 'store'];
  const provision = spawnSync(process.execPath, [program, '--provision', ...options], { cwd: folder });
  if (provision.status !== 0) throw new Error(String(provision.stderr));

  const nodes: [name: string, command: string[]][] = [['this machine', ['/usr/bin/node']]];
  if (!values['no-boards']) {
    for (const board of [armhf, arm64]) {
      const root = distributionNode(board.architecture, join(folder, board.architecture));
      nodes.push([`${board.architecture}, ${board.processor} emulated`, emulated(board, root)]);
    }
  }
  const line = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write(
    `Installed: ${disk} kB beside nodejs, in a package of ${archive} kB. ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, median of ${runs} runs.\n\n`,
  );
  line(['Node', 'run', 'wall s', 'CPU s', 'resident MB']);
  line(['---', '---', '---', '---', '---']);
  for (const [name, command] of nodes) {
    const version = execFileSync(command[0] ?? '', [...command.slice(1), '--version'], { encoding: 'utf8' }).trim();
    const bare = measure([...command, '-e', '0'], folder);
    const status = measure([...command, program, '--get-pelion-status', ...options], folder);
    for (const [what, { wall, cpu, resident }] of [
      ['bare `node -e 0`', bare],
      ['`--get-pelion-status`', status],
    ] as const) {
      line([`${version}, ${name}`, what, wall.toFixed(2), cpu.toFixed(2), resident.toFixed(0)]);
    }
    const client = ['run', '--store', 'store', '--log', '-', '--state-file', '-', '--socket', '-'];
    const resident = await residentClient([...command, daemon, ...client], folder, command.length > 1 ? 30 : 5);
    line([`${version}, ${name}`, '`mbl-cloud-client`, running', '', '', resident.toFixed(0)]);
    line([
      `${version}, ${name}`,
      'ratio',
      (status.wall / bare.wall).toFixed(2),
      (status.cpu / bare.cpu).toFixed(2),
      (status.resident / bare.resident).toFixed(2),
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
