import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseCertificate } from '@mooring/pki';
import { endpointNameOf } from '../src/provisioning/own-key.ts';
import { fakeService, goodKey } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, world } from './world.ts';

async function bench(t: TestContext) {
  const [made, service, target] = await Promise.all([world(t), fakeService(t), device(t)]);
  await writeFile(join(made.home, 'upd.c'), updateResources());
  await made.run(['save-api-key', goodKey, '--service', service.url]);
  const provision = (at: string, ...argv: string[]) =>
    made.run(['-a', at, 'provision-pelion', 'dev', 'upd', '--per-device-key', ...argv]);
  const status = (at: string) =>
    made.run(['-a', at, 'shell', '/opt/arm/pelion-provisioning-util --get-pelion-status --json']);
  return { ...made, service, device: target, provision, status };
}

test('the device makes its key, the service the certificate; the key of the developer certificate stays here', async (t) => {
  const { provision, service, device, status } = await bench(t);
  const { status: exit, stdout, stderr } = await provision(device.at, '-c', '-p', 'upd.c');
  assert.deepEqual([exit, stderr], [0, '']);
  assert.match(stdout, new RegExp(`^Its key is its own, its endpoint name ${device.hostname}\\.$`, 'm'));
  const [made] = service.deviceCertificates;
  assert.equal(parseCertificate(made?.certificate ?? '').subject.commonName, device.hostname);
  assert.match((await status(device.at)).stdout, new RegExp(`"endpointName": ?"${device.hostname}"`));
});

test('the same device again gets another certificate in the place of its own; another one of its name does not', async (t) => {
  const { provision, service, device: first } = await bench(t);
  await provision(first.at, '-c', '-p', 'upd.c');
  const [before] = service.deviceCertificates;
  const again = await provision(first.at);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(service.deviceCertificates[0]?.id, before?.id);
  assert.notEqual(service.deviceCertificates[0]?.certificate, before?.certificate);

  const twin = await device(t, { hostname: first.hostname });
  const refused = await provision(twin.at);
  assert.equal(refused.status, 255);
  assert.match(
    refused.stderr,
    new RegExp(
      `The service has a certificate for the endpoint name ${first.hostname} already, for another key\\.\n.*'--renew-key'.*'--endpoint-name'`,
    ),
  );
  assert.equal((await provision(twin.at, '--endpoint-name', 'twin')).status, 0);
  assert.deepEqual(
    service.deviceCertificates.map(({ endpoint_name }) => endpoint_name).sort(),
    [first.hostname, 'twin'].sort(),
  );
  assert.equal((await provision(twin.at, '--renew-key')).status, 0);
  assert.equal(service.deviceCertificates.length, 2);
});

test('an answer of the service that was lost: the same key is used, and gets the same certificate', async (t) => {
  const { provision, service, device } = await bench(t);
  let cut = true;
  service.intercept = (request, response) => {
    if (!cut || request.url !== '/v3/device-certificates' || request.method !== 'POST') return false;
    cut = false;
    service.intercept = undefined;
    response.writeHead = (() => response) as never;
    response.end = (() => request.socket.destroy()) as never;
    return false;
  };
  const lost = await provision(device.at, '-c', '-p', 'upd.c');
  assert.equal(lost.status, 255);
  assert.match(lost.stderr, /mbl-cli -a \S+ provision-pelion --per-device-key dev upd/);
  assert.equal(service.deviceCertificates.length, 1);
  const again = await provision(device.at);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(service.deviceCertificates.length, 1);
});

test('many devices, each with a key of its own', async (t) => {
  const { run, json, service, home, device: first } = await bench(t);
  const second = await device(t);
  await writeFile(join(home, 'list'), `${first.hostname} ${first.at}\n${second.hostname} ${second.at}\n`);
  const command = ['provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c', '--from', 'list', '--per-device-key'];
  const done = await run(command);
  assert.equal(done.status, 0, done.stderr);
  assert.match(
    done.stdout,
    new RegExp(`${first.hostname} .*; its key is its own, its endpoint name ${first.hostname}$`, 'm'),
  );
  assert.equal(service.deviceCertificates.length, 2);
  const again = (await json(command)) as { total: { kept: number } };
  assert.equal(again.total.kept, 2);
  assert.equal((await run([...command, '--endpoint-name', 'x'])).status, 2);
  assert.equal((await run(['provision-pelion', 'dev', 'upd', '--renew-key'])).status, 2);
});

test('a service that knows nothing of it is told apart', async (t) => {
  const { provision, service, device } = await bench(t);
  service.intercept = (request, response) => {
    if (request.url !== '/v3/device-certificates') return false;
    response.writeHead(404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ object: 'error', code: 404, type: 'not_found', message: 'Not found' }));
    return true;
  };
  const { status, stderr } = await provision(device.at, '-c', '-p', 'upd.c');
  assert.equal(status, 255);
  assert.match(stderr, /^The service cannot issue certificates for keys that devices make: it is none of Mooring\./);
});

test('host names as endpoint names', () => {
  for (const [name, endpoint] of [
    ['mbed-linux-os-1', 'mbed-linux-os-1'],
    ['device.local', 'device'],
    ['x'.repeat(70), 'x'.repeat(63)],
    ['é'.repeat(40), 'é'.repeat(31)],
  ] as const) {
    assert.equal(endpointNameOf(name), endpoint);
  }
});
