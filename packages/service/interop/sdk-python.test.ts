import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { failureOf, installedPeer, type Peer, skipLoudly } from './installed-peer.ts';
import { runningService } from './running-service.ts';
import { foreignAuthorities } from './uploads.ts';

const name = 'mbed-cloud-sdk 2.2.0 of PyPI';

/** python3 first; the others where that one is too new or too old for the SDK. */
const pythons = ['python3', 'python3.11', 'python3.12', 'python3.10', 'python3.9', 'python3.8', 'python3.13'];

const works = (python: string) => spawnSync(python, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0;

function install(folder: string): string | undefined {
  let failure = 'No python3 with venv is on the PATH.';
  for (const python of pythons.filter(works)) {
    const found =
      failureOf(python, ['-m', 'venv', '--clear', '--copies', 'venv'], folder) ??
      failureOf(
        join(folder, 'venv/bin/python'),
        ['-m', 'pip', 'install', '--quiet', 'mbed-cloud-sdk==2.2.0'],
        folder,
      ) ??
      failureOf(join(folder, 'venv/bin/python'), ['-c', 'import mbed_cloud'], folder);
    if (found === undefined) return undefined;
    failure = found;
  }
  return failure;
}

const peer = (): Promise<Peer> => installedPeer('sdk-python-2.2.0', install);

/** Runs one layer of the SDK in a process of its own, against a new service. */
async function flow(t: TestContext, part: 'legacy' | 'foundation') {
  const sdk = await peer();
  if ('missing' in sdk) {
    skipLoudly(t, name, sdk.missing);
    return undefined;
  }
  const service = await runningService(t);
  const child = spawn(join(sdk.folder, 'venv/bin/python'), [join(import.meta.dirname, 'sdk-python-flow.py'), part], {
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

test(`${name}: the classes *API, which mbl-cli uses`, async (t) => {
  const run = await flow(t, 'legacy');
  if (!run) return;
  const { service, result } = run;
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

test(`${name}: the foundation layer`, async (t) => {
  const run = await flow(t, 'foundation');
  if (!run) return;
  const { service, result } = run;
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
