import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { askService } from '../../src/admin/client.ts';
import { freePorts } from '../devices/devices-fixture.ts';
import { failure } from '../failures.ts';
import { start } from '../serve/service.ts';

async function text(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const answer = await fetch(url, { headers });
  return { status: answer.status, body: await answer.text() };
}

/** Value of a sample, by the line without its value. */
function sample(exposition: string, name: string): number {
  const line = exposition.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? assert.fail(`${name} is not in:\n${exposition}`));
}

test('/metrics on loopback tells of requests, the database, certificates and the process', async (t) => {
  const service = await start(t, { tlsOwn: false });
  const { result } = (await askService(service.adminSocket, 'api-key create', { name: 'one' })) ?? assert.fail();
  const headers = { authorization: `Bearer ${result.key}` };
  await fetch(`${service.url}/v3/api-keys/${result.id}`, { headers });
  await fetch(`${service.url}/v3/api-keys/${'0'.repeat(32)}`, { headers });
  await fetch(`${service.url}/no/such/place?secret=hunter2`);
  const { status, body } = await text(`${service.url}/metrics`);
  assert.equal(status, 200);
  const counted = body.split('\n').filter((line) => line.startsWith('mooring_http_requests_total'));
  assert.ok(counted.length === 3, counted.join('\n'));
  assert.equal(sample(body, 'mooring_http_requests_total{method="GET",route="unmatched",status="404"}'), 1);
  assert.equal(sample(body, 'mooring_ready'), 1);
  assert.equal(sample(body, 'mooring_api_keys{status="ACTIVE"}'), 1);
  assert.equal(sample(body, 'mooring_trusted_certificates{kind="developer",status="ACTIVE"}'), 0);
  assert.equal(sample(body, 'mooring_devices_losing_updates{days="365",client="mbl"}'), 0);
  assert.ok(sample(body, 'mooring_audit_records') >= 5);
  assert.ok(sample(body, 'mooring_database_size_bytes') > 0);
  assert.ok(sample(body, 'mooring_database_wal_size_bytes') > 0);
  assert.ok(sample(body, 'mooring_disk_free_bytes') > 0);
  assert.ok(sample(body, 'process_resident_memory_bytes') > 0);
  assert.ok(sample(body, 'mooring_certificate_days_left{use="authority",name="https"}') > 7000);
  assert.doesNotMatch(body, /name="(bootstrap|lwm2m|developer)"/, 'what is valid to 9999 does not end');
  for (const secret of ['hunter2', result.key, result.id, service.data]) assert.ok(!body.includes(secret), secret);
  for (const line of body.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{[^}]*\})? ([-+]?Inf|NaN|[-+.e\d]+))$/);
  }
});

test('/metrics tells of the servers for devices, who was refused and why', async (t) => {
  const [bootstrapPort, lwm2mPort] = await freePorts();
  const service = await start(t, { devices: '127.0.0.1', bootstrapPort, lwm2mPort });
  const stranger = connectTls({ port: lwm2mPort, host: '127.0.0.1', rejectUnauthorized: false, ciphers: 'ALL' });
  stranger.on('error', () => undefined);
  await new Promise((resolve) => stranger.resume().on('close', resolve));
  const { body } = await text(`${service.url}/metrics`);
  for (const server of ['bootstrap', 'lwm2m']) {
    assert.equal(sample(body, `mooring_device_connections{server="${server}",transport="tls"}`), 0);
    assert.equal(sample(body, `mooring_device_handshakes_total{server="${server}",transport="tls"}`), 0);
  }
  assert.equal(
    sample(body, 'mooring_device_refusals_total{server="lwm2m",transport="tls",reason="no-certificate"}'),
    1,
  );
  assert.equal(sample(body, 'mooring_devices_connected'), 0);
  assert.equal(sample(body, 'mooring_devices_registered'), 0);
  assert.equal(sample(body, 'mooring_bootstraps_total'), 0);
  assert.match(body, /^mooring_server_hello_time [01]$/m);
  assert.deepEqual(JSON.parse((await text(`${service.url}/readyz`)).body), { status: 'ready', reasons: [] });
});

test('without servers for devices /metrics does not tell of them', async (t) => {
  const service = await start(t);
  assert.doesNotMatch((await text(`${service.url}/metrics`)).body, /mooring_device_|server_hello/);
});

test('/metrics is not for those who come through a proxy, nor for an address that others reach', async (t) => {
  const local = await start(t);
  assert.equal((await text(`${local.url}/metrics`, { 'x-forwarded-for': '192.0.2.1' })).status, 404);
  await local.close();
  const open = await start(t, { data: local.data, http: '0.0.0.0:0', insecure: true, publicHost: '127.0.0.1' });
  assert.equal((await text(`${open.url}/metrics`)).status, 404);
  await open.close();
  const off = await start(t, { data: local.data, metrics: 'off' });
  assert.equal((await text(`${off.url}/metrics`)).status, 404);
});

test('with a listener of its own, that one has metrics and probes, and nothing else', async (t) => {
  const service = await start(t, { metrics: '127.0.0.1:0', tlsOwn: true });
  const url = `http://127.0.0.1:${service.metrics?.port}`;
  const { body } = await text(`${url}/metrics`);
  const left = sample(body, 'mooring_certificate_days_left{use="https",name="https"}');
  assert.ok(left > 396 && left < 398, `the certificate that HTTPS shows ends in ${left} days`);
  assert.equal((await text(`${url}/healthz`)).status, 200);
  assert.deepEqual(JSON.parse((await text(`${url}/readyz`)).body), { status: 'ready', reasons: [] });
  assert.equal((await text(`${url}/v3/accounts/me`)).status, 404);
  assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 405);
  const taken = await failure('serve.port.used', () => start(t, { metrics: `127.0.0.1:${service.metrics?.port}` }));
  assert.match(taken.next ?? '', /--metrics/);
});
