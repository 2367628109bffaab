import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunSystemctl, systemdClientService } from '../../src/provisioning/client-service.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { credentialSet, writeSet } from './credential-set.ts';
import { run } from './terminal.ts';

const unit = 'mbl-cloud-client.service';

function systemd(answers: Readonly<Record<string, Awaited<ReturnType<RunSystemctl>>>>, isRunning = true) {
  const asked: string[][] = [];
  const service = systemdClientService(unit, {
    isRunning: () => isRunning,
    run: async (args) => {
      asked.push([...args]);
      return answers[args.includes('show') ? 'show' : 'restart'] ?? { status: 1, output: 'not asked for' };
    },
  });
  return { service, asked };
}

for (const [what, answers, isRunning, state, times] of [
  [
    'loaded: restarted',
    { show: { status: 0, output: 'loaded' }, restart: { status: 0, output: '' } },
    true,
    'restarted',
    2,
  ],
  ['not installed: left alone', { show: { status: 0, output: 'not-found' } }, true, 'absent', 1],
  ['masked by the owner: left alone', { show: { status: 0, output: 'masked' } }, true, 'absent', 1],
  ['without systemd: left alone', {}, false, 'absent', 0],
  [
    'one that is refused: said',
    { show: { status: 0, output: 'loaded' }, restart: { status: 4, output: 'Access denied' } },
    true,
    'failed',
    2,
  ],
] as const) {
  test(`the client's unit ${what}`, async () => {
    const { service, asked } = systemd(answers, isRunning);
    assert.equal((await service.restart()).state, state);
    assert.equal(asked.length, times);
    for (const args of asked) assert.equal(args.at(-1), unit);
  });
}

test('provisioning does not wait for the client to be up', async () => {
  const { service, asked } = systemd({ show: { status: 0, output: 'loaded' }, restart: { status: 0, output: '' } });
  await service.restart();
  assert.ok(asked[1]?.includes('--no-block'));
});

test('a unit that is not there does not harm a provisioning', async (t) => {
  const cwd = temporaryFolder(t);
  writeSet(join(cwd, 'certs'), credentialSet());
  const env = { MOORING_CLIENT_UNIT: 'mooring-test-no-such-unit.service' };
  const argv = ['--provision', '--certs-dir', 'certs', '--store', 'store', '--json'];
  const { status, json, err } = await run(argv, { cwd, env });
  assert.equal(status, 0);
  assert.deepEqual(json().client, { state: 'absent' });
  assert.doesNotMatch(err.join('\n'), /restarted/);
});
