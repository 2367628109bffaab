// What mbl-cli takes: starting, provisioning beside Arm's own program in Python, twenty devices at once, the first device
// found. As root, for the device is a network namespace with Debian's own OpenSSH.
//   npm run bench:mbl-cli [-- --runs N] [-- --python FILE --peer FOLDER]
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FarSide } from '../packages/mbl-cli/interop/far-side.ts';
import { Host, must, service } from '../packages/mbl-cli/interop/namespaces.ts';
import { updateResources } from '../packages/mbl-cli/test/update-resources.ts';
import { writeMblCli } from '../packaging/mbl-cli/bundle.ts';
import { median, table } from './interleaved.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    /** Of an environment in which the peer's libraries are, and the peer's checkout. */
    python: { type: 'string' },
    peer: { type: 'string' },
  },
});
const runs = Number(values.runs);
const node = process.execPath;

/** Each as far as it gets with an empty home, and with nobody at the address. */
const commands = [
  '-h',
  '--version',
  'select -h',
  'provision-pelion -h',
  'which',
  'forget board',
  'list-certificates --local',
  'store check',
  'store move elsewhere/team',
  'store share --group nobody',
  'save-api-key',
  'delete-certificate dev',
  'migrate check',
  '-a 127.0.0.1:1 shell true',
  '-a 127.0.0.1:1 put upd.c /scratch',
  '-a 127.0.0.1:1 get /scratch/upd.c .',
  '-a 127.0.0.1:1 get-pelion-status',
  '-a 127.0.0.1:1 provision-pelion dev upd',
  '-a 127.0.0.1:1 doctor',
];

/** What tests have at their end, here at the end of all. */
const endings: (() => unknown)[] = [];
const t = { after: (ending: () => unknown) => void endings.unshift(ending) } as unknown as TestContext;

interface Way {
  name: string;
  command: readonly string[];
}

/** Seconds of each way, run in turn: what else the machine does falls on all of them alike. */
function inTurn(ways: readonly Way[], rounds: number, env: NodeJS.ProcessEnv, expected = 0): number[][] {
  const times = ways.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, { name, command }] of ways.entries()) {
      const [program = '', ...words] = command;
      const started = performance.now();
      const { status, stderr } = spawnSync(program, words, { env, encoding: 'utf8', cwd: env.HOME });
      if (expected === 0 && status !== 0) throw new Error(`${name}: ${stderr}`);
      if (round >= 0) times[index]?.push((performance.now() - started) / 1_000);
    }
  }
  return times;
}

const seconds = (value: number) => value.toFixed(3);

function show(ways: readonly Way[], times: readonly number[][], base = 0): void {
  const medians = times.map(median);
  table([
    ['', 'median s', 'least s', 'ratio'],
    ...ways.map(({ name }, index) => [
      name,
      seconds(medians[index] ?? 0),
      seconds(Math.min(...(times[index] ?? []))),
      ((medians[index] ?? 0) / (medians[base] ?? 1)).toFixed(2),
    ]),
  ]);
}

const heading = (text: string) => process.stdout.write(`\n${text} (load ${loadavg()[0]?.toFixed(1)})\n`);

async function measure(): Promise<void> {
  process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}, ${runs} runs each\n`);
  const folder = mkdtempSync(join(tmpdir(), 'mbl-bench-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  const bundle = await writeMblCli(join(folder, 'bin'));
  const env = { PATH: process.env.PATH, HOME: folder };
  const python = values.python && values.peer ? [values.python, '-c', pythonMain, values.peer] : undefined;

  heading('Start');
  const start: Way[] = [
    { name: 'node -e 0', command: [node, '-e', '0'] },
    ...commands.map((line) => ({ name: `mbl-cli ${line}`, command: [node, bundle, ...line.split(' ')] })),
    ...(python ? [{ name: 'Python mbl-cli -V', command: [...python, '-V'] }] : []),
  ];
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  show(start, inTurn(start, runs, { ...env, HOME: alone }, 1));

  heading('provision-pelion with stored certificates on one OpenSSH');
  const host = new Host(t, folder);
  const device = await FarSide.make(t, { name: 'mbed-linux-os-9999' });
  host.link('eth0', device, 'eth0');
  must('ip', ['-n', host.name, 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
  must('ip', ['-n', device.name, 'addr', 'add', '192.0.2.2/24', 'dev', 'eth0']);
  // Both wait for it alike, and it is none of what is compared.
  writeFileSync(join(device.root, 'opt/arm/pelion-provisioning-util'), '#!/bin/sh\necho done\n', { mode: 0o755 });
  await device.boot(t);
  const { url, key } = await service(t, host);
  writeFileSync(join(folder, 'upd.c'), updateResources(new Date()));
  const ours = ['-a', '192.0.2.2', 'provision-pelion', 'dev', 'upd'];
  await host.run(['save-api-key', key, '--service', url]);
  const first = await host.run([...ours, '-c', '-p', 'upd.c']);
  if (first.status !== 0) throw new Error(first.stderr);
  const inside = ['ip', 'netns', 'exec', host.name];
  const provision: Way[] = [
    { name: 'ours', command: [...inside, node, bundle, ...ours] },
    ...(python ? [{ name: 'Python', command: [...inside, ...python, ...ours] }] : []),
  ];
  show(provision, inTurn(provision, runs, env));

  heading('Time until the first device is shown');
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    // A responder says nothing again within a second (RFC 6762 §6).
    await sleep(2_000);
    times.push(await firstLine([...inside, node, bundle, 'select'], env));
  }
  table([
    ['', 'median s', 'worst s'],
    ['select', seconds(median(times)), seconds(Math.max(...times))],
  ]);

  heading('Twenty devices, each of which takes a second for its own part');
  const devices: string[] = [];
  for (let index = 0; index < 20; index++) {
    const made = await FarSide.make(t, { name: `mbed-linux-os-${index}`, responder: 'none' });
    // A board has a processor of its own; here they would wait for one another.
    writeFileSync(join(made.root, 'opt/arm/pelion-provisioning-util'), '#!/bin/sh\nsleep 1; echo done\n', {
      mode: 0o755,
    });
    host.link(`usb${index}`, made, 'eth0');
    await made.boot(t);
    devices.push(`mbed-linux-os-${index} ${made.address('eth0')}%usb${index}\n`);
  }
  writeFileSync(join(folder, 'list'), devices.join(''));
  writeFileSync(join(folder, 'one'), devices[0] ?? '');
  const many = (...words: string[]) => {
    const argv = [node, bundle, 'provision-pelion', 'dev', 'upd', '--again', '--from', ...words];
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', host.name, ...argv], {
      env,
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`--from ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return (performance.now() - started) / 1_000;
  };
  many('list', '--jobs', '16');
  const one = Array.from({ length: 3 }, () => many('one'));
  const twenty = Array.from({ length: 3 }, () => many('list', '--jobs', '16'));
  table([
    ['', 'median s'],
    ['one', seconds(median(one))],
    ['twenty, --jobs 16', seconds(median(twenty))],
    ['twenty times one / twenty at once', ((20 * median(one)) / median(twenty)).toFixed(2)],
  ]);
}

const pythonMain =
  "import sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv[0] = 'mbl-cli'; from mbl.cli.mbl_cli import _main; sys.exit(_main())";

/** From the start of the program to the line of the first device. Away from a terminal the list is written at its end. */
async function firstLine(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // `script` gives it a terminal, on which the list grows.
  const child = spawn('script', ['-q', '-c', command.join(' '), '/dev/null'], { env, detached: true });
  const started = performance.now();
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (/\d: \S+: fe80/.test(said)) break;
  }
  const took = (performance.now() - started) / 1_000;
  if (child.pid) process.kill(-child.pid, 'SIGKILL');
  return took;
}

try {
  await measure();
} finally {
  for (const ending of endings) await ending();
}
