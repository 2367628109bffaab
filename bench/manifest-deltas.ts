// A delta of two close images of 32 MiB: the C code of the real manifest-delta-tool 2.6.2 beside ours, and applying it.
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeManifestTools } from '../packaging/manifest-tools/bundle.ts';
import { pythonPeer } from '../test/peers/python.ts';
import { table } from './interleaved.ts';
import { measuredRun, type Run } from './measured-run.ts';

const size = Number(process.argv[2] ?? 32) * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'manifest-deltas-'));
const at = (name: string): string => join(folder, name);

/** Machine code: the beginning of the program that runs this. */
function firmware(): Buffer {
  const image = Buffer.alloc(size);
  const file = openSync(process.execPath, 'r');
  readSync(file, image, 0, size, 64 * 1024);
  closeSync(file);
  return image;
}

/** The next release: every 4 KiB a word changes, as addresses do; a function comes in, another goes, a table moves. */
function nextRelease(old: Buffer): Buffer {
  const image = Buffer.from(old);
  for (let word = 2048; word < size; word += 4096) image.writeUInt32LE((image.readUInt32LE(word) + 0x1234) >>> 0, word);
  const part = (from: number, to: number) => image.subarray(Math.floor(size * from), Math.floor(size * to));
  const added = Buffer.concat([createHash('sha512').update('new').digest(), part(0.5, 0.5005)]).map(
    (byte) => byte ^ 0x5a,
  );
  return Buffer.concat([
    part(0, 0.3),
    added,
    part(0.3, 0.6),
    part(0.61, 0.7),
    part(0.9, 0.91),
    part(0.7, 0.9),
    part(0.91, 1),
  ]);
}

const peer = pythonPeer({ name: 'manifest-tool-2.6.2', install: [['manifest-tool==2.6.2']] });
if (typeof peer === 'string') throw new Error(peer);
try {
  const old = Buffer.concat([firmware(), Buffer.from('PELION/BSDIFF001')]);
  writeFileSync(at('old.bin'), old);
  writeFileSync(at('new.bin'), nextRelease(old));
  await writeManifestTools(at('bin'));
  const argv = ['-c', 'old.bin', '-n', 'new.bin', '-o'];
  const real = measuredRun([join(peer.bin, 'manifest-delta-tool'), ...argv, 'real.delta'], folder);
  const ours = measuredRun([process.execPath, at('bin/manifest-delta-tool'), ...argv, 'ours.delta'], folder);
  const patch = join(import.meta.dirname, 'apply-delta.ts');
  const applied = measuredRun([process.execPath, patch, 'old.bin', 'ours.delta', 'made.bin'], folder);
  const idle = measuredRun([process.execPath, patch], folder);
  if (!readFileSync(at('made.bin')).equals(readFileSync(at('new.bin'))))
    throw new Error('the delta makes another image');
  const sizes = ['real.delta', 'ours.delta'].map((name) => statSync(at(name)).size) as [number, number];
  const same = readFileSync(at('real.delta')).equals(readFileSync(at('ours.delta')));

  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  const row = (name: string, run: Run, bytes: string) => [
    name,
    `${run.cpu.toFixed(1)} s`,
    `${run.wall.toFixed(1)} s`,
    mebibytes(run.memory),
    bytes,
  ];
  table([
    [`delta of ${mebibytes(size)}`, 'CPU', 'wall', 'memory', 'delta'],
    row('manifest-delta-tool 2.6.2', real, `${sizes[0]} bytes`),
    row('ours', ours, `${sizes[1]} bytes${same ? ', the same' : ''}`),
    [
      'ours / theirs',
      (ours.cpu / real.cpu).toFixed(2),
      (ours.wall / real.wall).toFixed(2),
      (ours.memory / real.memory).toFixed(2),
      (sizes[1] / sizes[0]).toFixed(3),
    ],
    row('applied as a stream', applied, ''),
    row('the same program, idle', idle, ''),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
