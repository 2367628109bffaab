// What applications of Arm's SDKs do with a device that is connected, over both ways of notification that they have.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { npmPeer } from '../../../test/peers/npm.ts';
import { pythonPeer } from '../../../test/peers/python.ts';
import { createApiKey } from '../src/accounts/index.ts';
import { createHttpServer } from '../src/http/index.ts';
import { carried, type Devices, deviceServers, TestDevice } from '../test/devices/devices-fixture.ts';

const python = pythonPeer({ name: 'sdk-python-2.2.0', install: [['mbed-cloud-sdk==2.2.0']], imports: 'mbed_cloud' });
const javascript = npmPeer('sdk-javascript-2.6.10', 'mbed-cloud-sdk@2.6.10');
const deadline = 90_000;

/** Takes what comes to a callback. */
async function callback(t: TestContext, came: (body: string, headers: NodeJS.Dict<string | string[]>) => void) {
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        came(body, request.headers);
        response.writeHead(204).end();
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`;
}

async function http(t: TestContext, { domain, connect }: Devices, log: string[]): Promise<string> {
  const app = createHttpServer(domain, { connect });
  app.addHook('onResponse', async (request, reply) => {
    log.push(`${request.method} ${request.url} ${reply.statusCode}`);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

/** Runs an application against a new service with one device. */
async function flow(t: TestContext, program: string, file: string, env: (http: string, key: string) => object) {
  const devices = await deviceServers(t);
  const device = new TestDevice(await carried(devices));
  t.after(() => device.client.stop());
  await device.registered();
  const { key } = await createApiKey(devices.domain, devices.actor, { name: 'application' });
  const log: string[] = [];
  const secrets = new Set<unknown>();
  const url = await callback(t, (body, headers) => {
    // The SDKs' own test of a webhook is an empty message.
    secrets.add(headers['x-secret']);
    if (body.startsWith('{')) child.stdin.write(`${body}\n`);
  });
  const child = spawn(program, [join(import.meta.dirname, file)], {
    env: { PATH: process.env.PATH, CALLBACK: url, ...env(await http(t, devices, log), key) },
  });
  child.stdin.on('error', () => undefined);
  const late = setTimeout(() => child.kill('SIGKILL'), deadline);
  const errors = text(child.stderr);
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    const pressed = /^press (\d+)$/.exec(line)?.[1];
    if (pressed !== undefined) device.button.set(5501, Number(pressed));
  }
  clearTimeout(late);
  assert.ok(last.startsWith('{'), `${await errors}\n${log.join('\n')}`);
  return { device, url, secrets, log, result: JSON.parse(last) };
}

function assertUsed({ device, url, secrets, result }: Awaited<ReturnType<typeof flow>>) {
  const { device: id, resources, absent, first, subscribed, subscriptions, presubscriptions, ...rest } = result;
  assert.equal(id, device.internalEndpoint);
  assert.equal(device.light.read(5853), 'on');
  for (const path of ['/3/0/0', '/3200/0/5501', '/3201/0/5853']) assert.ok(resources.includes(path), path);
  assert.notEqual(absent, 'nothing failed');
  assert.deepEqual([...secrets], ['opened']);
  assert.match(JSON.stringify(subscriptions), /3200\/0\/5501/);
  assert.match(JSON.stringify(presubscriptions), /3200\/0\/5501/);
  assert.deepEqual(rest, {
    maker: 'maker',
    light: 'on',
    notified: '1',
    noPresubscriptions: [],
    webhook: url,
    called: '2',
  });
  return { first, subscribed };
}

test('mbed-cloud-sdk 2.2.0 of PyPI: ConnectAPI with a connected device', {
  skip: typeof python === 'string' && python,
  timeout: 110_000,
}, async (t) => {
  assert.ok(typeof python !== 'string');
  const used = await flow(t, join(python.bin, 'python'), 'sdk-connect-flow.py', (http, key) => ({
    MBED_CLOUD_SDK_HOST: http,
    MBED_CLOUD_SDK_API_KEY: key,
  }));
  assertUsed(used);
});

test('mbed-cloud-sdk 2.6.10 of npm: ConnectApi with a connected device', {
  skip: typeof javascript === 'string' && javascript,
  timeout: 110_000,
}, async (t) => {
  assert.ok(typeof javascript !== 'string');
  const { folder } = javascript;
  const used = await flow(t, process.execPath, 'sdk-connect-flow.cjs', (http, key) => ({
    SDK: join(folder, 'node_modules/mbed-cloud-sdk'),
    HTTP: http,
    KEY: key,
  }));
  assert.deepEqual(assertUsed(used), { first: 'Timeout getting async value. Timeout 5000ms', subscribed: true });
});
