// Twenty devices in one command: four fail in four ways, the command is killed in the middle and given again.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startVirtualDevice, type VirtualDevice } from '@mooring/simulator';
import { journalPath, parseJournal } from '../src/provisioning/journal.ts';
import { fakeService, goodKey } from '../test/fake-service.ts';
import { updateResources } from '../test/update-resources.ts';

const main = new URL('../src/main.ts', import.meta.url).pathname;
const count = 20;

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

function start(home: string, argv: readonly string[]): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: home };
  return spawn(process.execPath, [main, ...argv], { stdio: 'pipe', env, cwd: home });
}

async function run(
  home: string,
  argv: readonly string[],
  seen: (stdout: string, child: ChildProcess) => void = () => undefined,
): Promise<Ran> {
  const child = start(home, argv);
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    texts.stdout += chunk.toString();
    seen(texts.stdout, child);
  });
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  child.stdin?.end();
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...texts };
}

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'mbl-twenty-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

const lines = (stdout: string) => stdout.split('\n').filter((line) => /^\[ ?\d+\/20\] /.test(line));

test('twenty devices, four of which fail in four ways; killed and given again', { timeout: 280_000 }, async (t) => {
  const [home, roots, service] = [await folder(t), await folder(t), await fakeService(t)];
  const prefix = `bench-${process.pid}`;
  const devices: VirtualDevice[] = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startVirtualDevice({
        root: join(roots, String(index)),
        hostname: `${prefix}-${index + 1}`,
        access: index === 3 ? { password: 'open sesame' } : 'open',
      }),
    ),
  );
  t.after(() => Promise.all(devices.map((device) => device.close())));
  const [noProgram, readOnly, full] = devices as [VirtualDevice, VirtualDevice, VirtualDevice];
  await rm(join(noProgram.root, 'opt/arm/pelion-provisioning-util'));
  Object.assign(readOnly.faults, { readOnly: ['/scratch'] });
  Object.assign(full.faults, { freeSpace: { '/scratch': 700 } });

  await writeFile(join(home, 'upd.c'), updateResources(new Date()));
  assert.equal((await run(home, ['save-api-key', goodKey, '--service', service.url])).status, 0);
  const command = ['provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c', '--match', `${prefix}-*`, '--jobs', '4'];

  const killed = await run(home, command, (stdout, child) => {
    if (lines(stdout).filter((line) => line.includes('provisioned in')).length >= 5) child.kill('SIGKILL');
  });
  assert.equal(killed.status, null);
  const done = lines(killed.stdout).filter((line) => line.includes('provisioned in')).length;
  assert.ok(done >= 5 && done < 16, killed.stdout);
  const journal = parseJournal(await readFile(journalPath(home), 'utf8'));
  assert.ok(journal.filter(({ state }) => state === 'provisioned').length >= done);

  const resumed = await run(home, command);
  assert.equal(resumed.status, 255, resumed.stderr);
  assert.equal(lines(resumed.stdout).length, count, resumed.stdout);
  const kept = lines(resumed.stdout).filter((line) => line.includes('nothing to do')).length;
  assert.ok(kept >= done, resumed.stdout);
  assert.match(
    resumed.stdout,
    new RegExp(`^20 devices: ${16 - kept} provisioned, ${kept} had it already, 4 failed, in `, 'm'),
  );
  for (const [index, code] of [
    [1, 'provision.program.missing'],
    [2, 'provision.folder.failed'],
    [3, 'provision.transfer.failed'],
    [4, 'ssh.authentication.refused'],
  ] as const) {
    assert.match(
      resumed.stdout,
      new RegExp(`\\] ${prefix}-${index} .*: FAILED after .* \\[${code.replaceAll('.', '\\.')}\\]`),
    );
  }
  assert.equal(service.certificates.length, 1, 'one certificate for all of them');

  await writeFile(join(noProgram.root, 'opt/arm/pelion-provisioning-util'), '', { mode: 0o755 });
  delete (readOnly.faults as { readOnly?: unknown }).readOnly;
  delete (full.faults as { freeSpace?: unknown }).freeSpace;
  await writeFile(join(home, 'pw'), 'open sesame\n');
  const mended = await run(home, ['--password-file', 'pw', ...command]);
  assert.equal(mended.status, 0, mended.stdout + mended.stderr);
  assert.match(mended.stdout, /^20 devices: 4 provisioned, 16 had it already, 0 failed, in /m);
});
