import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { npmPeer } from '../../../test/peers/npm.ts';
import { runningService } from './running-service.ts';
import { foreignAuthorities } from './uploads.ts';

const name = 'mbed-cloud-sdk 2.6.10 of npm';

const sdk = npmPeer('sdk-javascript-2.6.10', 'mbed-cloud-sdk@2.6.10');
const skip = typeof sdk === 'string' && sdk;

/** Runs one layer of the SDK in a process of its own, against a new service. */
async function flow(t: TestContext, part: 'legacy' | 'repositories') {
  assert.ok(typeof sdk !== 'string');
  const service = await runningService(t);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sdk-javascript-flow.cjs')], {
    cwd: service.folder,
    env: {
      PATH: process.env.PATH,
      HOME: service.folder,
      NODE_EXTRA_CA_CERTS: service.caFile,
      SDK: join(sdk.folder, 'node_modules/mbed-cloud-sdk'),
      HTTP: service.http,
      HTTPS: service.https,
      KEY: service.key,
      UPLOADS: JSON.stringify(foreignAuthorities('JavaScript one', 'JavaScript two')),
      PART: part,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(output, '', `${errors}\n${service.log.join('\n')}`);
  return { service, result: JSON.parse(output) };
}

test(`${name}: the classes *Api`, { skip }, async (t) => {
  const { service, result } = await flow(t, 'legacy');
  const { account, developer, uploaded, metadata, ...rest } = result;
  assert.deepEqual(
    [account.id, account.status, account.city, account.policies],
    [service.accountId, 'ACTIVE', 'Turku', 4],
  );
  assert.ok(Object.keys(account.limits).length > 0);
  const file = readDeveloperCredentials(developer.file, 'headerFile');
  assert.equal(file.bootstrapServerUri, `coaps://localhost:5684?aid=${service.accountId}`);
  assert.deepEqual(
    { ...developer, file: '' },
    { file: '', type: 'developer', name: 'js-legacy-dev', same: true, key: true },
  );
  assert.deepEqual(uploaded, {
    type: 'lwm2m',
    issuer: 'O=Acme,CN=JavaScript one',
    serverUri: `coaps://localhost:5685?aid=${service.accountId}`,
    validity: '2049-12-31T23:59:59Z',
  });
  assert.equal(metadata.status, 200);
  assert.match(metadata.requestId, /^[0-9a-f]{32}$/);
  assert.match(rest.key.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    { ...rest, key: { ...rest.key, createdAt: '' } },
    {
      key: { made: 111, read: 79, name: 'js-legacy-2', createdAt: '' },
      keys: { names: ['js-legacy-2', 'interop'], total: 2 },
      byOwner: ['js-legacy-2'],
      all: 2,
      // Its getters turn 404 into null.
      gone: 'nothing failed',
      again: { name: 'Error', code: 409, text: 'There is a certificate named "js-legacy-dev" already.' },
      developers: ['js-legacy-dev'],
      lwm2m: ['js-legacy-ca'],
      // Without a type it asks for device_execution_mode__neq=1.
      everything: { names: ['js-legacy-ca'], total: 1 },
      changed: { name: 'js-legacy-ca-2', status: 'INACTIVE' },
      refused: { name: 'Error', code: 401, text: 'The API key is unknown, wrong or inactive.' },
    },
  );
});

test(`${name}: the repositories, over TLS`, { skip }, async (t) => {
  const { service, result } = await flow(t, 'repositories');
  const { account, developer, key, ...rest } = result;
  assert.deepEqual([account.id, account.status, account.policies], [service.accountId, 'ACTIVE', 4]);
  assert.deepEqual(
    { ...key, createdAt: '' },
    { made: 111, read: 79, renamed: 'js-repository-2', own: 'interop', createdAt: '' },
  );
  assert.ok(developer.same);
  readDeveloperCredentials(developer.file, 'securityFileContent');
  assert.match(developer.certificate, /^-----BEGIN CERTIFICATE-----/);
  assert.deepEqual(rest, {
    listed: ['interop', 'js-repository-2', 'js-0', 'js-1', 'js-2'],
    count: 5,
    newest: 'js-2',
    info: {
      name: 'js-repository-dev',
      isDeveloper: true,
      mode: 1,
      valid: true,
      back: 'js-repository-dev',
      validity: '9999-12-31T23:59:59Z',
    },
    again: { name: 'Error', code: 409, text: 'There is a certificate named "js-repository-dev" already.' },
    changed: { name: 'js-repository-ca-2', description: 'y' },
    filters: {
      developer: ['js-repository-dev'],
      other: ['js-repository-ca-2'],
      name: ['js-repository-ca-2'],
      subject: ['js-repository-ca-2'],
      enrollment: ['js-repository-ca-2'],
      valid: ['js-repository-dev', 'js-repository-ca-2'],
      service: [],
      status: ['js-repository-dev', 'js-repository-ca-2'],
    },
    bootstrap: `coaps://localhost:5684?aid=${service.accountId}`,
    lwm2m: `coaps://localhost:5685?aid=${service.accountId}`,
    gone: 'nothing failed',
  });
});
