import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operator } from '../../src/accounts/index.ts';
import { exposition } from '../../src/metrics/exposition.ts';
import { forecastFamilies } from '../../src/metrics/forecast-metrics.ts';
import { createDevice } from '../../src/registry/devices/change.ts';
import { deviceRegistered } from '../../src/registry/index.ts';
import { recordRegistration, recordTakenManifest } from '../../src/updates/forecast/certificate-facts.ts';
import { updateForecast } from '../../src/updates/forecast/forecast.ts';
import { createFirmwareManifest } from '../../src/updates/manifests/manifest.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { manifestV1, owner } from './manifests.ts';

const day = 24 * 60 * 60 * 1000;

async function register({ domain, accountId }: Fixture, name: string, values: Record<string, string>): Promise<string> {
  const { id } = await createDevice(domain, operator(accountId), { name });
  const resources = Object.entries({ '/10252/0/1': undefined, ...values }).map(([path, v]) => ({
    path,
    ...(v === undefined ? {} : { v }),
  }));
  const outcome = await deviceRegistered(domain, {
    deviceId: id,
    accountId,
    endpointName: name,
    lifetime: 3600,
    version: '1.0',
    binding: 'U',
    queueMode: false,
    resources,
  });
  assert.ok('registration' in outcome);
  await recordRegistration(domain, outcome.registration);
  return id;
}

test('the forecast counts devices by the end of their certificate, and daemons of MBL apart', async (t) => {
  const fixture = await service(t);
  const { domain, clock, accountId } = fixture;
  const now = clock.now().getTime();
  const seconds = (days: number) => String(Math.floor((now + days * day) / 1000));
  const said = (days: number) => ({ '/10255/0/0': '4', '/10255/0/26240': '1 3', '/10255/0/26242': seconds(days) });
  await register(fixture, 'ours-soon', { ...said(20), '/10255/0/26241': 'ab'.repeat(32) });
  await register(fixture, 'ours-later', said(400));
  await register(fixture, 'newer', { '/10255/0/0': '4' });
  const old = await register(fixture, 'mbl', { '/10255/0/0': '3' });
  // Its end is known once it has taken a manifest, and the account knows the certificate of that.
  const by = owner(new Date(now + 80 * day).toISOString());
  const manifest = await createFirmwareManifest(domain, operator(accountId), {
    data: await manifestV1(by, Buffer.from('image')),
    name: 'm',
    fileName: '',
    description: undefined,
  });
  await recordTakenManifest(domain, old, manifest);
  assert.equal((await fixture.request('GET', '/v3/update-forecast')).body.unknown_count, 2);
  await fixture.request('POST', '/v3/update-certificates', {
    body: { name: 'release', certificate: by.certificate.pem },
  });
  const { status, body } = await fixture.request('GET', '/v3/update-forecast', { key: fixture.developer });
  assert.equal(status, 200);
  assert.deepEqual([body.device_count, body.unknown_count], [4, 1]);
  assert.deepEqual(
    body.horizons.map((one: Record<string, number>) => [one.days, one.device_count, one.stranded_count]),
    [
      [0, 0, 0],
      [30, 1, 0],
      [60, 1, 0],
      [90, 2, 1],
      [180, 2, 1],
      [270, 2, 1],
      [365, 2, 1],
    ],
  );
  assert.deepEqual(
    body.certificates.map((one: Record<string, unknown>) => [one.client, one.certificate_fingerprint]),
    [
      ['mooring', 'ab'.repeat(32)],
      ['mbl', by.certificate.fingerprint],
    ],
  );
  const metrics = exposition(forecastFamilies(await updateForecast(domain, { accountId }))).split('\n');
  for (const line of [
    'mooring_devices_losing_updates{days="30",client="mbl"} 0',
    'mooring_devices_losing_updates{days="30",client="other"} 1',
    'mooring_devices_losing_updates{days="90",client="mbl"} 1',
    'mooring_devices_losing_updates{days="90",client="other"} 1',
    'mooring_devices_losing_updates{days="365",client="mbl"} 1',
    'mooring_devices_update_end_unknown 1',
  ]) {
    assert.ok(metrics.includes(line), line);
  }
  const by90 = new Date(now + 90 * day).toISOString();
  const { body: list } = await fixture.request(
    'GET',
    `/v3/update-forecast/devices?validity__lte=${by90}&client__neq=mooring&include=total_count`,
  );
  assert.deepEqual(
    list.data.map(({ id, source }: Record<string, string>) => [id, source]),
    [[old, 'manifest']],
  );
  assert.equal(list.total_count, 1);
});
