// The real manifest-tool 1.4.8 goes on with what our `init` made: it signs a manifest with our key and certificate, and its
// own verify takes the result.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { peer1x } from './peer-1.x.ts';

const peer = peer1x('1.4.8');

const ours = join(import.meta.dirname, '../../../bin/manifest-tool');
const folder = mkdtempSync(join(tmpdir(), 'manifest-tool-'));
after(() => rmSync(folder, { recursive: true }));

const run = (file: string, args: string[], expected = 0) => {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, expected, `${file} ${args.join(' ')}\n${stdout}${stderr}`);
  return stderr;
};

test('create and verify of 1.4.8 with the files of our init', { skip: typeof peer === 'string' && peer }, () => {
  const real = join((peer as { bin: string }).bin, 'manifest-tool');
  run(process.execPath, [ours, 'init', '-d', 'arm.com', '-m', 'dev-device', '-q']);
  writeFileSync(join(folder, 'fw.bin'), 'firmware');
  run(real, ['create', '-p', 'fw.bin', '-u', 'http://example.com/fw.bin', '-o', 'fw.manifest']);
  const verdict = run(real, ['verify', '-i', 'fw.manifest']);
  assert.match(verdict, /UUID vendorId: OK[\s\S]*UUID classId: OK[\s\S]*Signature by [0-9a-f]{64}: OK/);
});

test('init of 1.4.8 takes our key and certificate up again', { skip: typeof peer === 'string' && peer }, () => {
  const real = join((peer as { bin: string }).bin, 'manifest-tool');
  const before = run(process.execPath, [ours, 'init', '-d', 'arm.com', '-m', 'dev-device', '-q', '--json']);
  assert.match(before, /already exists, not overwriting/);
  assert.match(
    run(real, [
      'init',
      '-d',
      'arm.com',
      '-m',
      'dev-device',
      '-q',
      '-f',
      '-c',
      '.update-certificates/default.der',
      '-k',
      '.update-certificates/default.key.pem',
    ]),
    /Wrote default resource values/,
  );
});
