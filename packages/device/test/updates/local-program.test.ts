import assert from 'node:assert/strict';
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { createPayload } from '@mooring/payload';
import { fixedClock } from '@mooring/platform';
import { runProgram } from '@mooring/terminal';
import { decodeFirmwareHeader } from '../../src/updates/firmware-header.ts';
import { localVersion } from '../../src/updates/local/install-file.ts';
import { program } from '../../src/updates/local/program.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Says what it was asked, and fails at the step that its image names. */
const plugin = `#!/bin/sh
echo "$1" >>"$PLUGIN_LOG"
[ "$1" = describe ] && { echo none; exit 0; }
if [ -r "$2" ] && [ "$(cat "$2")" = "$1" ]; then echo "no $1 today" >&2; exit 1; fi
exit 0
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-local-update-'));
  for (const name of ['plugins', 'scratch', 'flags']) await mkdir(at(name));
  await writeFile(at('plugins', 'GAUGEv1'), plugin);
  await chmod(at('plugins', 'GAUGEv1'), 0o755);
  process.env.PLUGIN_LOG = at('plugin.log');
});
afterEach(async () => {
  delete process.env.PLUGIN_LOG;
  await rm(folder, { recursive: true });
});

async function payload(content: string): Promise<string> {
  await writeFile(at('gauge.bin'), content);
  const output = at('scratch', 'payload.swu');
  await createPayload({ output, others: [{ type: 'GAUGEv1', path: at('gauge.bin') }] });
  return output;
}

async function run(...words: string[]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  streams.stdin.end();
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString('utf8');
    });
  }
  const status = await runProgram(program, words, {
    ...streams,
    env: {
      MOORING_UPDATES_DIR: at('updates'),
      MOORING_SCRATCH_DIR: at('scratch'),
      MOORING_APPS_DIR: at('apps'),
      MOORING_BOOT_FLAGS_DIR: at('flags'),
      MOORING_BOOT_DIRS: at('boot'),
      MOORING_PLUGINS_DIR: at('plugins'),
      MOORING_AGENT_DIR: at('agent'),
      MOORING_NO_REBOOT_FLAG: at('do_not_reboot'),
    },
    cwd: folder,
    home: folder,
    clock: fixedClock('2026-11-28T05:00:00Z'),
  });
  return { status, ...texts };
}

test("a payload is installed in MBL's words, and taken away", async () => {
  const path = await payload('anything');
  const { status, stderr } = await run('update', '--assume-no', path);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.split(' - ').slice(1).join(' - ')),
    [
      'mbl.firmware_update_manager.utils - INFO - Creating HEADER file data from update package...',
      'mbl.firmware_update_manager.utils - INFO - Header file data created',
      "mbl.firmware_update_manager.utils - INFO - Delegating update package's content installation...",
      'mbl.firmware_update_manager.utils - INFO - Content of update package installed',
    ],
  );
  assert.deepEqual([await isThere(path), await isThere(at('scratch', 'firmware_update_header_file'))], [false, false]);
  assert.deepEqual((await readFile(at('plugin.log'), 'utf8')).trim().split('\n'), [
    'describe',
    'stage',
    'switch',
    'start',
    'clear',
  ]);
  assert.equal(await isThere(at('do_not_reboot')), true);
  const saved = decodeFirmwareHeader(await readFile(at('flags', 'header')));
  assert.equal(saved?.version, BigInt(Date.parse('2026-11-28T05:00:00Z') / 1000));
  const { stdout } = await run('status', '--json');
  assert.deepEqual((JSON.parse(stdout) as { phase: string }).phase, 'idle');
});

test('--keep keeps the payload and its header', async () => {
  const path = await payload('anything');
  assert.equal((await run('update', '--keep', '--assume-no', path)).status, 0);
  assert.equal(await isThere(path), true);
  const header = decodeFirmwareHeader(await readFile(at('scratch', 'firmware_update_header_file')));
  assert.equal(header?.size, (await readFile(path)).length);
});

for (const step of ['stage', 'switch', 'start'] as const) {
  test(`an installer that fails at "${step}": status 1, the reason, and the payload is kept`, async () => {
    const path = await payload(step);
    const { status, stderr } = await run('update', '--assume-no', path);
    assert.equal(status, 1);
    assert.match(
      stderr,
      new RegExp(`Failed to update firmware from update package '${path}', error: '.*no ${step} today`),
    );
    assert.equal(await isThere(path), true);
    const steps = (await readFile(at('plugin.log'), 'utf8')).trim().split('\n');
    assert.equal(steps.at(-1), 'discard');
    assert.equal(steps.includes('unswitch'), step !== 'stage');
    assert.equal(
      (await run('update', '--assume-no', await payload('better'))).status,
      0,
      'and another one can be installed',
    );
  });
}

test('wrong usage has status 2, a file that is not there 1', async () => {
  assert.equal((await run('update')).status, 2);
  assert.equal((await run('update', '--assume-no', '--assume-yes', 'x')).status, 2);
  const { status, stderr } = await run('update', at('nothing.swu'));
  assert.equal(status, 1);
  assert.match(stderr, /nothing\.swu does not exist/);
});

test("activate: MBL's statuses, and a header of another payload is refused", async () => {
  const path = await payload('anything');
  assert.equal((await run('activate', '--header', at('none'), '--firmware', path)).status, 21);
  const kept = await run('update', '--keep', '--assume-no', path);
  assert.equal(kept.status, 0);
  const header = at('scratch', 'firmware_update_header_file');
  assert.equal((await run('activate', '--header', header, '--firmware', at('none'))).status, 24);
  assert.equal((await run('activate', '--header', header, '--firmware', path)).status, 0);
  await payload('another');
  assert.equal((await run('activate', '--header', header, '--firmware', path)).status, 25);
});

test('a clock that is not to be believed, or behind, does not spoil the version', () => {
  const running = { version: 1795378604n, digest: '', size: 0 };
  assert.equal(localVersion(running, fixedClock('1970-01-01T00:01:00Z')), running.version);
  assert.equal(localVersion({ ...running, version: 1n << 55n }, fixedClock('2026-11-28T05:00:00Z')), 1n << 55n);
  assert.equal(
    localVersion(running, fixedClock('2036-01-01T00:00:00Z')),
    BigInt(Date.parse('2036-01-01T00:00:00Z') / 1000),
  );
});
