import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { pythonPeer } from '../../../test/peers/python.ts';
import { runningService } from './running-service.ts';
import { foreignAuthorities } from './uploads.ts';

const name = 'mbed-cloud-sdk 2.2.0 of PyPI';

const sdk = pythonPeer({ name: 'sdk-python-2.2.0', install: [['mbed-cloud-sdk==2.2.0']], imports: 'mbed_cloud' });
const skip = typeof sdk === 'string' && sdk;

/** Runs one layer of the SDK in a process of its own, against a new service. */
async function flow(t: TestContext, part: 'legacy' | 'foundation') {
  assert.ok(typeof sdk !== 'string');
  const service = await runningService(t);
  const child = spawn(join(sdk.bin, 'python'), [join(import.meta.dirname, 'sdk-python-flow.py'), part], {
    cwd: service.folder,
    env: {
      PATH: process.env.PATH,
      HOME: service.folder,
      // Ahead of UTC: a validity up to the end of the year 9999 has no local time there.
      TZ: 'Pacific/Auckland',
      MBED_CLOUD_SDK_HOST: service.http,
      MBED_CLOUD_SDK_API_KEY: service.key,
      UPLOADS: JSON.stringify(foreignAuthorities('Python one', 'Python two')),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(output, '', `${errors}\n${service.log.join('\n')}`);
  return { service, result: JSON.parse(output) };
}

test(`${name}: the classes *API, which mbl-cli uses`, { skip }, async (t) => {
  const { service, result } = await flow(t, 'legacy');
  const { account, developer, metadata, ...rest } = result;
  assert.deepEqual(
    [account.id, account.status, account.city, account.policies],
    [service.accountId, 'ACTIVE', 'Turku', 4],
  );
  assert.ok(account.limits > 0);
  const file = readDeveloperCredentials(developer.file, 'header_file');
  assert.deepEqual(
    { ...developer, file: '' },
    {
      file: '',
      type: 'developer',
      same: true,
      mode: 1,
      validity: '9999-12-31 23:59:59+00:00',
      subject: `O=Mooring,OU=${service.accountId},CN=${file.endpointName}`,
    },
  );
  assert.equal(metadata.status, 200);
  assert.match(metadata.requestId, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    key: { made: 111, read: 79, name: 'py-legacy-2', status: 'ACTIVE' },
    keys: ['py-2', 'py-1', 'py-0', 'py-legacy-2'],
    paged: ['interop', 'py-legacy-2', 'py-0', 'py-1', 'py-2'],
    byOwner: ['py-0', 'py-1', 'py-2', 'py-legacy-2'],
    counted: 5,
    gone: 'nothing failed',
    again: { name: 'CloudApiException', status: 409, reason: 'Conflict' },
    uploaded: {
      type: 'lwm2m',
      uri: `coaps://localhost:5685?aid=${service.accountId}`,
      issuer: 'O=Acme,CN=Python one',
      validity: '2049-12-31 23:59:59+00:00',
    },
    listed: {
      all: ['py-legacy-dev', 'py-legacy-ca', 'py-legacy-boot'],
      developer: ['py-legacy-dev'],
      lwm2m: ['py-legacy-ca'],
      bootstrap: ['py-legacy-dev', 'py-legacy-boot'],
    },
    changed: { name: 'py-legacy-ca-2', status: 'INACTIVE' },
    refused: { name: 'CloudApiException', status: 401, reason: 'Unauthorized' },
  });
});

test(`${name}: the foundation layer`, { skip }, async (t) => {
  const { service, result } = await flow(t, 'foundation');
  const { account, developer, ...rest } = result;
  assert.deepEqual([account.id, account.policies], [service.accountId, 4]);
  assert.ok(developer.same);
  readDeveloperCredentials(developer.file, 'security_file_content');
  assert.deepEqual(rest, {
    key: { made: 111, read: 79, renamed: 'py-foundation-2', own: 'interop' },
    paged: ['py-f2', 'py-f1', 'py-f0', 'py-foundation-2', 'interop'],
    info: {
      name: 'py-foundation-dev',
      mode: 1,
      is: true,
      valid: true,
      validity: '9999-12-31 23:59:59+00:00',
      back: 'py-foundation-dev',
    },
    again: { name: 'ApiErrorResponse', status: 409, reason: null },
    changed: 'y',
    filters: {
      developer: ['py-foundation-dev'],
      other: ['py-foundation-ca'],
      name: ['py-foundation-ca'],
      subject: ['py-foundation-ca'],
      enrollment: ['py-foundation-ca'],
      valid: ['py-foundation-dev', 'py-foundation-ca'],
    },
    uris: [`coaps://localhost:5684?aid=${service.accountId}`, `coaps://localhost:5685?aid=${service.accountId}`],
    gone: { name: 'ApiErrorResponse', status: 404, reason: null },
  });
});
