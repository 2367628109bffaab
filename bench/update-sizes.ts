// What an upgrade of a real package costs on the wire: two Debian versions of curl in an image, by each method.
//   node tools/with-node.cjs bench/update-sizes.ts [PACKAGE …]     (needs apt-get, dpkg-deb, mke2fs, gzip, xz and zstd)
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDelta, deltaMagic } from '../packages/manifest/src/index.ts';
import { table } from './interleaved.ts';

const packages = process.argv.length > 2 ? process.argv.slice(2) : ['curl', 'libcurl4'];
const folder = mkdtempSync(join(tmpdir(), 'update-sizes-'));
const at = (...names: string[]): string => join(folder, ...names);

const run = (program: string, words: readonly string[], cwd = folder): string =>
  execFileSync(program, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });

/** The oldest and the newest that Debian's archive has now. */
function versionsOf(name: string): [string, string] {
  const found = run('apt-cache', ['madison', name])
    .split('\n')
    .map((line) => line.split('|')[1]?.trim())
    .filter((version) => version !== undefined && version !== '') as string[];
  const [newest, oldest] = [found[0], found.at(-1)];
  if (newest === undefined || oldest === undefined || newest === oldest) {
    throw new Error(`the archive has only one version of ${name}: ${found.join(', ')}`);
  }
  return [oldest, newest];
}

/** A root file system with the packages of one side and what does not change. */
function image(side: 0 | 1, versions: ReadonlyMap<string, [string, string]>): string {
  const root = at(`root-${side}`);
  mkdirSync(root);
  const downloads = at(`debs-${side}`);
  mkdirSync(downloads);
  const wanted = [...versions].map(([name, pair]) => `${name}=${pair[side]}`);
  run('apt-get', ['download', '-q', ...unchanged, ...wanted], downloads);
  for (const deb of globSync('*.deb', { cwd: downloads }).sort()) run('dpkg-deb', ['-x', join(downloads, deb), root]);
  // Nothing but the packages may differ: one identity, one time.
  run('find', [root, '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+']);
  const file = at(`${side}.ext4`);
  execFileSync(
    'mke2fs',
    [
      ...['-q', '-t', 'ext4', '-d', root, '-U', '01234567-89ab-cdef-0123-456789abcdef', '-N', '2048'],
      ...['-E', 'hash_seed=01234567-89ab-cdef-0123-456789abcdef,root_owner=0:0', '-O', '^has_journal', file, '24M'],
    ],
    { env: { ...process.env, E2FSPROGS_FAKE_TIME: '1700000000', SOURCE_DATE_EPOCH: '1700000000' }, stdio: 'pipe' },
  );
  return file;
}

const unchanged = ['busybox', 'libc6', 'openssl', 'libssl3'];

try {
  const versions = new Map(packages.map((name) => [name, versionsOf(name)]));
  const [old, next] = [image(0, versions), image(1, versions)];
  const packed = (name: string, program: string, words: readonly string[]) => {
    const output = at(name);
    writeFileSync(output, execFileSync(program, words, { cwd: folder, maxBuffer: 1 << 28, stdio: 'pipe' }));
    return statSync(output).size;
  };
  const [before, after] = [readFileSync(old), readFileSync(next)];
  const delta = (blockSize: number) => createDelta(before, after, { blockSize }).delta;
  const pelion = delta(512);
  const methods: [string, number, string][] = [
    ['whole image', after.length, 'any device'],
    ['whole, gzip (ROOTFSv4)', packed('gz', 'gzip', ['-9', '-n', '-c', next]), 'MBL and ours'],
    ['whole, xz', packed('xz', 'xz', ['-6', '-c', next]), 'ours, SWUpdate'],
    ['whole, zstd -19', packed('zst', 'zstd', ['-19', '-q', '-c', next]), 'ours, SWUpdate'],
    [`delta ${deltaMagic}, frames of 512`, pelion.length, 'Pelion clients, ours'],
    [`delta ${deltaMagic}, frames of 4096`, delta(4096).length, 'the same, with the buffer for it'],
    [
      'zstd -19 --patch-from',
      packed('patch', 'zstd', ['-19', '-q', '-c', '--long=27', `--patch-from=${old}`, next]),
      'none yet',
    ],
  ];
  for (const [name, [from, to]] of versions) console.log(`${name}: ${from} → ${to}`);
  const whole = after.length;
  table([
    ['method', 'bytes', 'of the whole', 'taken by'],
    ...methods.map(([name, bytes, who]) => [name, String(bytes), `${((bytes / whole) * 100).toFixed(2)} %`, who]),
  ]);
  const least = Math.min(whole, pelion.length);
  console.log(
    `manifest-dev-tool update --current-fw sends ${least} bytes: ${least === whole ? 'the whole image' : 'the delta'}.`,
  );

  // The other end: an image that has nothing to do with the old one.
  const stranger = randomBytes(2 << 20);
  const useless = createDelta(before, stranger, { blockSize: 512 }).delta.length;
  const sent = useless < stranger.length ? 'the delta' : 'the whole image';
  console.log(`For an unlike image of ${stranger.length} bytes the delta has ${useless}: ${sent} is sent.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
