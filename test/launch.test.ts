// The launchers under a Node that says that it is older, in a copy of the checkout's face.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';

const root = dirname(import.meta.dirname);

function checkout(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mooring-launch-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  mkdirSync(join(folder, 'packages/mbl-cli/src'), { recursive: true });
  writeFileSync(
    join(folder, 'packages/mbl-cli/src/main.ts'),
    `import which from 'which-one';\nconsole.log(which, process.argv.slice(2));\n`,
  );
  return folder;
}

function library(folder: string): void {
  mkdirSync(join(folder, 'node_modules/which-one'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/which-one/package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(join(folder, 'node_modules/which-one/index.js'), `export default process.version;\n`);
}

/** `version` is what the Node that starts it takes itself for. */
function start(folder: string, version: string): { status: number | null; stdout: string; stderr: string } {
  const script = `
    Object.defineProperty(process.versions, 'node', { value: '${version}' });
    Object.defineProperty(process, 'version', { value: 'v${version}' });
    process.argv.splice(1, 0, '${join(folder, 'bin/mbl-cli')}');
    require('${join(folder, 'bin/mbl-cli')}');`;
  return spawnSync(process.execPath, ['-e', script, '--', 'which', '-x'], { encoding: 'utf8' });
}

const wanted = "v24.0.0 [ 'which', '-x' ]\n";

test('a Node that is new enough runs the program itself', (t) => {
  const folder = checkout(t);
  library(folder);
  assert.deepEqual(start(folder, '24.0.0').stdout, wanted);
});

test('an older one goes over to the one that was installed', { skip: process.platform === 'win32' }, (t) => {
  const folder = checkout(t);
  library(folder);
  const bin = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  chmodSync(bin, 0o755);
  const { status, stdout } = start(folder, '12.22.0');
  assert.equal(stdout, wanted.replace('v24.0.0', process.version));
  assert.equal(status, 0);
});

test('an older one alone says what is missing', (t) => {
  const folder = checkout(t);
  library(folder);
  const { status, stderr } = start(folder, '18.0.0');
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `mbl-cli: needs Node 24 or later and runs on v18.0.0. Run "npm ci" in ${folder} to install it there, or put a newer node on the PATH.\n`,
  );
});

test('without libraries, or with older ones, npm ci is asked for', (t) => {
  const folder = checkout(t);
  assert.match(start(folder, '24.0.0').stderr, /not installed yet\. Run "npm ci" in .* first\.\n$/);
  mkdirSync(join(folder, 'node_modules'));
  const { status, stderr } = start(folder, '24.0.0');
  assert.equal(status, 1);
  assert.match(stderr, /'which-one'.*\nRun "npm ci" in .* and repeat the command\.\n$/);
});
