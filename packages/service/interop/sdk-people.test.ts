import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { npmPeer } from '../../../test/peers/npm.ts';
import { runningService } from './running-service.ts';

const name = 'mbed-cloud-sdk 2.6.10 of npm';
const sdk = npmPeer('sdk-javascript-2.6.10', 'mbed-cloud-sdk@2.6.10');
const skip = typeof sdk === 'string' && sdk;

async function flow(t: TestContext, part: 'legacy' | 'repositories') {
  assert.ok(typeof sdk !== 'string');
  const service = await runningService(t);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sdk-people-flow.cjs')], {
    cwd: service.folder,
    env: {
      PATH: process.env.PATH,
      HOME: service.folder,
      NODE_EXTRA_CA_CERTS: service.caFile,
      SDK: join(sdk.folder, 'node_modules/mbed-cloud-sdk'),
      HTTP: service.http,
      HTTPS: service.https,
      KEY: service.key,
      PART: part,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(output, '', `${errors}\n${service.log.join('\n')}`);
  return JSON.parse(output);
}

test(`${name}: users and groups through AccountManagementApi`, { skip }, async (t) => {
  assert.deepEqual(await flow(t, 'legacy'), {
    groups: ['Administrators', 'Developers', 'Observers'],
    made: ['js-legacy@example.com', 'Legacy', 'RESET', 1],
    read: 'js-legacy@example.com',
    changed: ['+358 2', 'Legacy'],
    listed: ['js-legacy@example.com'],
    after: 0,
  });
});

test(`${name}: users, groups and invitations through the repositories`, { skip }, async (t) => {
  assert.deepEqual(await flow(t, 'repositories'), {
    renamed: 'js-group-2',
    changed: 'Changed',
    inside: ['js-user@example.com'],
    its: ['js-group-2'],
    found: ['js-user@example.com'],
    invited: ['js-invited@example.com', true],
    open: 1,
    count: 2,
    left: ['Administrators', 'Developers', 'Observers'],
  });
});
