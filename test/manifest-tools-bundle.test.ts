// The bundle of the four programs, run by Node alone from a folder without any library.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readPieces, writePieces } from '../packaging/fast-start/pieces.ts';
import { writeManifestTools } from '../packaging/manifest-tools/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifest-tools-'));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => writeManifestTools(join(folder, 'bin')));
const place = join(folder, 'project');

function run(program: string, argv: readonly string[], expected = 0) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin', program), ...argv], {
    cwd: place,
    encoding: 'utf8',
    input: '',
    env: { PATH: process.env.PATH, HOME: place },
  });
  assert.equal(status, expected, `${program} ${argv.join(' ')}\n${stdout}${stderr}`);
  return { stdout, stderr };
}

before(() => {
  mkdirSync(place);
  writeFileSync(join(place, 'fw.bin'), 'firmware');
});

test('the commands of 1.4.8, and ours', () => {
  assert.equal(run('manifest-tool', ['--version']).stdout, '1.4.8\n');
  run('manifest-tool', ['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '--valid-days', '7300']);
  assert.equal(statSync(join(place, '.update-certificates/default.key.pem')).mode & 0o777, 0o600);
  run('manifest-tool', ['create', '-p', 'fw.bin', '-u', 'http://a/fw.bin', '-o', 'm']);
  assert.match(run('manifest-tool', ['parse', '-i', 'm']).stdout, /"vendorId": "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe"/);
  assert.match(run('manifest-tool', ['verify', '-i', 'm']).stderr, /Signature by [0-9a-f]{64}: OK/);
  run('manifest-tool', ['cert', 'renew']);
  assert.match(run('manifest-tool', ['inspect', 'm', 'fw.bin', '.']).stdout, /fw\.bin is the payload of m/);
});

test('files that are pipes, as a shell makes them', () => {
  const tool = `${process.execPath} ${join(folder, 'bin/manifest-tool')}`;
  const shell = (line: string) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: place, encoding: 'utf8' });
    assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
    return stdout;
  };
  shell(`${tool} create -p <(cat fw.bin) -u http://a/fw.bin -o piped < /dev/null && ${tool} verify -i <(cat piped)`);
  assert.match(
    shell(`${tool} inspect <(cat piped) fw.bin`),
    /: update manifest of schema v1[\s\S]*fw\.bin is the payload of /,
  );
});

test('the commands of 2.6.2', () => {
  const payload = { url: 'http://a/fw.bin', 'file-path': 'fw.bin', format: 'raw-binary' };
  const config = { vendor: { domain: 'arm.com' }, device: { 'model-name': 'dev' }, priority: 1, payload };
  writeFileSync(join(place, 'c.json'), JSON.stringify({ ...config, 'sign-image': true }));
  run('manifest-tool', [
    'create',
    '-c',
    'c.json',
    '-k',
    '.update-certificates/default.key.pem',
    '-v',
    '1.2.3',
    '-o',
    'm3',
  ]);
  const { stdout } = run('manifest-tool', ['parse', 'm3', '-c', '.update-certificates/default.der']);
  assert.match(stdout, /Manifest Signature verified![\s\S]*Image Signature verified!/);
});

test('the three siblings', () => {
  run('manifest-dev-tool', ['init', '-g', 'dev.c']);
  run('manifest-dev-tool', ['create', '-u', 'http://a/fw.bin', '-p', 'fw.bin', '-o', 'm3dev']);
  writeFileSync(join(place, 'old.bin'), `${'a'.repeat(2000)}PELION/BSDIFF001`);
  writeFileSync(join(place, 'new.bin'), `${'a'.repeat(2100)}PELION/BSDIFF001`);
  run('manifest-delta-tool', ['-c', 'old.bin', '-n', 'new.bin', '-o', 'd.bin']);
  const image = { file_name: 'fw.bin', vendor_data: 'x' };
  const images = [
    { ...image, sub_comp_name: 'a' },
    { ...image, sub_comp_name: 'b' },
  ];
  writeFileSync(join(place, 'p.json'), JSON.stringify({ images }));
  run('manifest-package-tool', ['create', '-c', 'p.json', '-o', 'p.tar']);
  assert.match(run('manifest-package-tool', ['parse', '-p', 'p.tar']).stdout, /File name : _desc_/);
});

test('help and mistakes are those of argparse', () => {
  assert.match(run('manifest-tool', ['create', '-h']).stdout, /^usage: manifest-tool create/);
  assert.match(run('manifest-tool', ['verify', '--nope'], 2).stderr, /unrecognized arguments: --nope/);
});

test('what another V8 has made, or nothing at all, only costs time', () => {
  const shared = join(folder, 'bin/manifest-tools');
  const pieces = readPieces(shared);
  const other = (cache: Uint8Array) => Buffer.concat([Buffer.alloc(64, 1), cache.subarray(64)]);
  for (const change of [other, () => Buffer.from('no cache'), () => Buffer.alloc(0)]) {
    writePieces(
      shared,
      pieces.map((piece) => ({ ...piece, cache: change(piece.cache) })),
    );
    assert.equal(run('manifest-tool', ['--version']).stdout, '1.4.8\n');
    run('manifest-tool', ['parse', '-i', 'm']);
  }
});

test('whoever reads the output may stop early', () => {
  const tool = `${process.execPath} ${join(folder, 'bin/manifest-tool')}`;
  const line = `set -o pipefail; (sleep 0.2; exec ${tool} inspect . m m3 fw.bin) | true`;
  const { stderr } = spawnSync('bash', ['-c', line], { cwd: place, encoding: 'utf8' });
  assert.equal(stderr, '');
});
