import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';

const launcher = join(import.meta.dirname, '../../../../packaging/device/files/program');

/** `/opt/arm/mbl-cloud-client` with agents 1 and 2, and a `node` that says what it was started with. */
function installed(t: TestContext) {
  const folder = temporaryFolder(t);
  const agent = join(folder, 'agent');
  for (const number of ['1', '2']) {
    mkdirSync(join(agent, number), { recursive: true });
    writeFileSync(join(agent, number, 'mbl-cloud-client.js'), '');
  }
  const program = join(folder, 'mbl-cloud-client');
  copyFileSync(launcher, program);
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/node'), '#!/bin/sh\necho "$1 agent=$(printenv MOORING_AGENT || echo none)"\n');
  for (const file of [program, join(folder, 'bin/node')]) chmodSync(file, 0o755);
  const start = () => {
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, MOORING_AGENT_DIR: agent };
    const { stdout, stderr, status } = spawnSync('sh', [program], { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim().replace(folder, '');
  };
  return { agent, start };
}

test('without an agent of its own the programs of the package start', (t) => {
  assert.equal(installed(t).start(), '/usr/lib/mooring-device/mbl-cloud-client.js agent=none');
});

for (const [old, after] of [
  ['1', '/agent/1/mbl-cloud-client.js agent=1'],
  ['-', '/usr/lib/mooring-device/mbl-cloud-client.js agent=none'],
] as const) {
  test(`an agent on trial gets three starts, then ${old === '-' ? 'that of the package' : 'the old one'} is back`, (t) => {
    const { agent, start } = installed(t);
    symlinkSync('2', join(agent, 'current'));
    writeFileSync(join(agent, 'trial'), `2 ${old} 0\n`);
    for (let i = 0; i < 3; i++) assert.equal(start(), '/agent/2/mbl-cloud-client.js agent=2');
    assert.equal(start(), after);
    assert.equal(existsSync(join(agent, 'trial')), false);
    assert.equal(existsSync(join(agent, 'current')), old !== '-');
    if (old !== '-') assert.equal(readlinkSync(join(agent, 'current')), old);
  });
}
