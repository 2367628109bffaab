import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { npmPeer } from '../../../test/peers/npm.ts';
import { pythonPeer } from '../../../test/peers/python.ts';
import { DenialRecorder, deviceRegistered, insertDevice } from '../src/registry/index.ts';
import { type RunningService, runningService } from './running-service.ts';

const javascript = npmPeer('sdk-javascript-2.6.10', 'mbed-cloud-sdk@2.6.10');
const python = pythonPeer({ name: 'sdk-python-2.2.0', install: [['mbed-cloud-sdk==2.2.0']], imports: 'mbed_cloud' });

const certificate = 'c'.repeat(32);

/** A service with one device in production that is registered, and one that was not let in. */
async function inhabited(t: TestContext): Promise<{ service: RunningService; deviceId: string }> {
  const service = await runningService(t);
  const { domain, accountId } = service;
  const { id } = await domain.storage.transaction(() =>
    insertDevice(domain, accountId, {
      name: 'real',
      endpoint_name: 'node-1',
      state: 'bootstrapped',
      device_execution_mode: 5,
    }),
  );
  await deviceRegistered(domain, {
    deviceId: id,
    accountId,
    endpointName: 'node-1',
    lifetime: 7200,
    version: '1.0',
    binding: 'U',
    queueMode: false,
    resources: [{ path: '/3/0/0', obs: true }],
  });
  const denials = new DenialRecorder(domain, (error) => assert.fail(String(error)));
  await denials.record({
    accountId,
    endpointName: 'stranger',
    reason: 'not-enrolled',
    trustedCertificateId: certificate,
  });
  return { service, deviceId: id };
}

async function run(service: RunningService, program: string, args: string[], env: NodeJS.ProcessEnv) {
  const child = spawn(program, args, {
    cwd: service.folder,
    env: { PATH: process.env.PATH, HOME: service.folder, CERTIFICATE: certificate, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(output, '', `${errors}\n${service.log.join('\n')}`);
  return JSON.parse(output);
}

async function pythonFlow(t: TestContext, part: string) {
  assert.ok(typeof python !== 'string');
  const { service, deviceId } = await inhabited(t);
  const result = await run(
    service,
    join(python.bin, 'python'),
    [join(import.meta.dirname, 'sdk-directory-flow.py'), part],
    {
      TZ: 'Pacific/Auckland',
      MBED_CLOUD_SDK_HOST: service.http,
      MBED_CLOUD_SDK_API_KEY: service.key,
      DEVICE: deviceId,
    },
  );
  return { result, deviceId };
}

async function javascriptFlow(t: TestContext, part: string) {
  assert.ok(typeof javascript !== 'string');
  const { service, deviceId } = await inhabited(t);
  return run(service, process.execPath, [join(import.meta.dirname, 'sdk-directory-flow.cjs')], {
    NODE_EXTRA_CA_CERTS: service.caFile,
    SDK: join(javascript.folder, 'node_modules/mbed-cloud-sdk'),
    HTTP: service.http,
    HTTPS: service.https,
    KEY: service.key,
    PART: part,
    DEVICE: deviceId,
  }).then((result) => ({ result, deviceId }));
}

const skipPython = typeof python === 'string' && python;
const skipJavascript = typeof javascript === 'string' && javascript;

const events = [
  ['update.device.device-created', true],
  ['update.device.device-updated', true],
];

test('mbed-cloud-sdk 2.2.0 of PyPI: the directory by the classes *API', { skip: skipPython }, async (t) => {
  const { result, deviceId } = await pythonFlow(t, 'legacy');
  assert.deepEqual(result, {
    device: {
      name: 'py-legacy',
      attributes: { site: 'north' },
      mode: 1,
      state: 'unenrolled',
      key: Array(32).fill('AB').join(':'),
      created: 'datetime',
    },
    changed: { name: 'py-legacy-2', attributes: { site: 'south' } },
    listed: {
      all: ['py-legacy-2', 'real'],
      state: [deviceId],
      attribute: ['py-legacy-2'],
      none: [],
      limit: ['real', 'py-legacy-2'],
      connected: [deviceId],
    },
    counted: 2,
    query: { state: { $eq: 'registered' }, custom_attributes: { site: { $neq: 'x' } } },
    queries: ['py-legacy-2', true, { name: { $eq: 'a' } }, ['py-legacy-3']],
    events: ['Device record created', 'Device registered'],
    event: { type: 'update.device.device-created', state_change: true, device: true, date: 'datetime' },
    kept: { name: 'CloudApiException', status: 400 },
    // Its getters turn 404 into None.
    gone: 'nothing failed',
    again: { name: 'CloudApiException', status: 409 },
    claims: [1, true],
    bulk: ['completed', 2, 2, 1],
    metrics: [1, 1],
  });
});

test('mbed-cloud-sdk 2.2.0 of PyPI: the directory by the foundation layer', { skip: skipPython }, async (t) => {
  const { result } = await pythonFlow(t, 'foundation');
  assert.deepEqual(result, {
    device: {
      name: 'py-foundation',
      description: 'on the roof',
      attributes: { site: 'west' },
      state: 'unenrolled',
      created: 'datetime',
      boot: true,
    },
    lists: { state: ['real'], name: ['py-foundation'], attribute: ['py-foundation'], others: ['real'] },
    group: { members: 2, counted: 2, groups: [['py-2', 0]] },
    events,
    renewal: { name: 'ApiErrorResponse', status: 423 },
    bulk: ['completed', 3, 2, 4, 3],
    deleted: ['completed', 1, 0],
    denials: [['stranger', true]],
    keys: [['my-endpoint-0001'], 'my-endpoint-0001', { name: 'ApiErrorResponse', status: 404 }],
    gone: { name: 'ApiErrorResponse', status: 404 },
    claim: null,
  });
});

test('mbed-cloud-sdk 2.6.10 of npm: the directory by the classes *Api', { skip: skipJavascript }, async (t) => {
  const { result } = await javascriptFlow(t, 'legacy');
  const { created, ...device } = result.device;
  assert.match(created, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(
    { ...result, device },
    {
      device: { name: 'js-legacy-2', state: 'unenrolled', alias: 'node-js', attributes: { site: 'north' } },
      changed: 'js-legacy-2',
      all: [2, 2, 'js-legacy-2'],
      lists: {
        state: ['real'],
        attribute: ['js-legacy-2'],
        attributeNot: ['real'],
        alias: ['js-legacy-2'],
        none: [],
        connected: [true],
      },
      queries: [{ state: { $eq: 'registered' } }, 'js-2', ['js-2']],
      events: [
        ['update.device.device-created', 'Device record created'],
        ['update.device.device-updated', 'Device registered'],
      ],
      event: 'update.device.device-created',
      kept: { code: 400 },
      gone: 'nothing failed',
      again: { code: 409 },
      claims: [1, true],
      metrics: 1,
    },
  );
});

test('mbed-cloud-sdk 2.6.10 of npm: the directory by the repositories, over TLS', {
  skip: skipJavascript,
}, async (t) => {
  const { result } = await javascriptFlow(t, 'repositories');
  assert.deepEqual(result, {
    device: { name: 'js-repository', description: 'on the roof', attributes: { site: 'west' }, state: 'unenrolled' },
    // Only a time with a fraction becomes a Date there.
    created: true,
    lists: { state: ['real'], name: ['js-repository'] },
    group: [2, 2, 1, ['js-2']],
    events,
    renewal: { code: 423 },
    bulk: [3, 2, true],
    deleted: [1, 0],
    denials: ['stranger'],
    keys: [['my-endpoint-0002'], 'my-endpoint-0002'],
    gone: 'nothing failed',
    claim: true,
  });
});
