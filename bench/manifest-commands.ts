// create, parse and verify as whole commands: the real 1.4.8 and 2.6.2, ours as a bundle, and Node doing nothing. All of
// them in turn, so that what else the machine does falls on all alike.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer1x } from '../packages/manifest-tool/interop/peer-1.x.ts';
import { writeManifestTools } from '../packaging/manifest-tools/bundle.ts';
import { pythonPeer } from '../test/peers/python.ts';
import { median, table } from './interleaved.ts';
import { measuredRun, type Run } from './measured-run.ts';

const rounds = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'manifest-commands-'));
const peers = [peer1x('1.4.8'), pythonPeer({ name: 'manifest-tool-2.6.2', install: [['manifest-tool==2.6.2']] })];
const [first, second] = peers.map((peer) => {
  if (typeof peer === 'string') throw new Error(peer);
  return join(peer.bin, 'manifest-tool');
}) as [string, string];

const config = {
  vendor: { domain: 'arm.com' },
  device: { 'model-name': 'dev-device' },
  priority: 1,
  payload: { url: 'http://example.com/fw.bin', 'file-path': 'fw.bin', format: 'raw-binary' },
};
const key = '.update-certificates/default.key.pem';
const commands: Readonly<Record<string, { real: string; argv: readonly string[] }>> = {
  'create (1.4.8)': { real: first, argv: ['create', '-p', 'fw.bin', '-u', 'http://example.com/fw.bin', '-o', 'one'] },
  'parse (1.4.8)': { real: first, argv: ['parse', '-i', 'one'] },
  'verify (1.4.8)': { real: first, argv: ['verify', '-i', 'one'] },
  'create (2.6.2)': { real: second, argv: ['create', '-c', 'c.json', '-k', key, '-v', '1.2.3', '-o', 'three'] },
  'parse -k (2.6.2)': { real: second, argv: ['parse', 'three', '-k', key] },
};

type Program = 'real' | 'ours';
const runs = new Map<string, Run[]>();
const note = (name: string, run: Run) => runs.set(name, [...(runs.get(name) ?? []), run]);
const cpuOf = (name: string): number => median((runs.get(name) ?? []).map(({ cpu }) => cpu));
const wallOf = (name: string): number => median((runs.get(name) ?? []).map(({ wall }) => wall));

try {
  writeFileSync(join(folder, 'fw.bin'), Buffer.alloc(4096, 'firmware'));
  writeFileSync(join(folder, 'c.json'), JSON.stringify(config));
  await writeManifestTools(join(folder, 'bin'));
  const ours = join(folder, 'bin/manifest-tool');
  measuredRun(
    [process.execPath, ours, 'init', '-d', 'arm.com', '-m', 'dev-device', '-q', '--valid-days', '7300'],
    folder,
  );
  for (let round = -1; round < rounds; round++) {
    const all: [string, string[]][] = [
      ['node -e 0', [process.execPath, '-e', '0']],
      ['with crypto', [process.execPath, '-e', "require('node:crypto')"]],
    ];
    for (const [name, { real, argv }] of Object.entries(commands)) {
      all.push([`real ${name}`, [real, ...argv]], [`ours ${name}`, [process.execPath, ours, ...argv]]);
    }
    for (const [name, command] of all) {
      const run = measuredRun(command, folder);
      if (round >= 0) note(name, run);
    }
  }
  const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
  const of = (program: Program, name: string) => `${program} ${name}`;
  const bare = cpuOf('node -e 0');
  table([
    ['CPU time, medians', 'real', 'ours', 'real / ours', 'the same, wall', 'ours / node -e 0'],
    ...Object.keys(commands).map((name) => {
      const [real, own] = [cpuOf(of('real', name)), cpuOf(of('ours', name))];
      const wall = wallOf(of('real', name)) / wallOf(of('ours', name));
      return [
        name,
        milliseconds(real),
        milliseconds(own),
        (real / own).toFixed(1),
        wall.toFixed(1),
        (own / bare).toFixed(2),
      ];
    }),
    ['node -e 0', '', milliseconds(bare), '', '', '1.00'],
    [
      'node -e \'require("node:crypto")\'',
      '',
      milliseconds(cpuOf('with crypto')),
      '',
      '',
      (cpuOf('with crypto') / bare).toFixed(2),
    ],
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
