import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@mooring/platform';
import { mooring } from '../command-line.ts';
import { freePorts } from '../devices/devices-fixture.ts';
import { start } from '../serve/service.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('simulated devices join with a certificate that the service makes, once', async (t) => {
  const [bootstrapPort, lwm2mPort] = await freePorts();
  const service = await start(
    t,
    { devices: '127.0.0.1', bootstrapPort, lwm2mPort, publicHost: '127.0.0.1' },
    { clock: systemClock },
  );
  const made = await mooring(['api-key', 'create', 'load', '--data', service.data, '--json']);
  const env = { MOORING_API_KEY: made.json.key as string };
  const words = ['simulate', '--service', service.url, '--devices', '4', '--rate', '0', '--duration', '0', '--json'];

  const first = await mooring([...words, '--wrong-clocks', '50', '--processes', '2'], { env });
  assert.equal(first.status, 0, first.stderr);
  const { devices, processes, onboarded, registered, bootstraps, identityChanges, duplicates } = first.json;
  assert.deepEqual(
    { devices, processes, onboarded, registered, bootstraps, identityChanges, duplicates },
    { devices: 4, processes: 2, onboarded: 4, registered: 4, bootstraps: 4, identityChanges: 0, duplicates: 0 },
  );
  assert.deepEqual(first.json.failures, {});
  assert.equal(first.json.times.onboarding.count, 4);

  const second = await mooring(words, { env });
  assert.equal(second.status, 0, second.stderr);
  const headers = { authorization: `Bearer ${env.MOORING_API_KEY}` };
  const list = async (path: string) =>
    (await (await fetch(`${service.url}${path}`, { headers })).json()) as { data: { state: string }[] };
  assert.equal((await list('/v3/trusted-certificates?name__eq=mooring-simulate')).data.length, 1);
  const { data } = await list('/v3/devices');
  // Each run flashes its devices anew, and the earlier ones have said goodbye.
  assert.deepEqual(
    data.map(({ state }) => state),
    Array.from({ length: 8 }, () => 'deregistered'),
  );
});

test('devices that cannot reach their service say why, and the command says that not all were there', async (t) => {
  const folder = temporaryFolder(t);
  const [bootstrapPort, lwm2mPort] = await freePorts();
  const service = await start(t, { devices: '127.0.0.1', bootstrapPort, lwm2mPort, publicHost: '127.0.0.1' });
  const { key } = (await mooring(['api-key', 'create', 'load', '--data', service.data, '--json'])).json;
  const answer = await fetch(`${service.url}/v3/developer-certificates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'dev' }),
  });
  const { security_file_content: source } = (await answer.json()) as { security_file_content: string };
  writeFileSync(join(folder, 'mbed_cloud_dev_credentials.c'), source);
  await service.close();

  const words = ['simulate', '--credentials', folder, '--devices', '2', '--rate', '0', '--duration', '1', '--json'];
  const { status, json } = await mooring(words);
  assert.equal(status, 3);
  assert.equal(json.onboarded, 0);
  assert.deepEqual(json.failures, { 'not connected: connect ECONNREFUSED server': 2 });
});

test('without credentials, and without a key to ask for them, nothing is started', async (t) => {
  const nothing = await mooring(['simulate', '--json']);
  assert.equal(nothing.status, 1);
  assert.equal(nothing.json.error.code, 'simulate.credentials.missing');
  const empty = await mooring(['simulate', '--credentials', temporaryFolder(t), '--json']);
  assert.equal(empty.json.error.code, 'simulate.credentials.missing');
});
