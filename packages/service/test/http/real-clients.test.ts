import assert from 'node:assert/strict';
import { test } from 'node:test';
import { service } from './service-fixture.ts';

/** As urllib3 of the Python SDK sends them with every request, GET and DELETE as well. */
const python = {
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'mbed-cloud-sdk-python/2.0.5 (Linux) Python/3.11.2',
  'accept-encoding': 'identity',
};

test('mbl-cli: save-api-key', async (t) => {
  const { request } = await service(t);
  const url = '/v3/accounts/me?include=limits%2C+policies';
  assert.equal((await request('GET', url, { headers: python })).status, 200);
  assert.equal((await request('GET', url, { headers: python, key: 'ak_wrong' })).reason, 'Unauthorized');
});

test('mbl-cli: provision-pelion -c, list-certificates and delete-certificate', async (t) => {
  const { request } = await service(t);
  const headers = python;
  const made = await request('POST', '/v3/developer-certificates', { headers, body: { name: 'CERT' } });
  const { id } = made.body;
  const trusted = await request('GET', `/v3/trusted-certificates/${id}`, { headers });
  assert.deepEqual([trusted.body.id, trusted.body.device_execution_mode], [id, 1]);
  const developer = await request('GET', `/v3/developer-certificates/${id}`, { headers });
  assert.match(developer.body.security_file_content, /^#include <inttypes\.h>$/m);
  const again = await request('POST', '/v3/developer-certificates', { headers, body: { name: 'CERT' } });
  assert.equal(again.reason, 'Conflict');

  const list = await request('GET', '/v3/trusted-certificates', { headers });
  assert.deepEqual(
    list.body.data.map((one: { id: string; name: string }) => [one.id, one.name]),
    [[id, 'CERT']],
  );
  assert.equal((await request('DELETE', `/v3/trusted-certificates/${id}`, { headers })).status, 204);
});

test('requests of the SDKs, each as it was seen', async (t) => {
  const { request, accountId } = await service(t);
  await request('POST', '/v3/developer-certificates', { body: { name: 'dev' } });
  for (const [client, url, check] of [
    ['JS getAccount', '/v3/accounts/me?include=limits%2Cpolicies&properties=', (body) => body.id === accountId],
    [
      'JS listApiKeys',
      '/v3/api-keys?limit=50&order=ASC&include=&key__eq=&owner__eq=',
      (body) => body.data.length === 2,
    ],
    ['JS repository', '/v3/api-keys?include=totalCount&limit=2', (body) => body.total_count === 2],
    ['Python count', '/v3/api-keys?limit=2&include=total_count', (body) => body.total_count === 2],
    ['Python repr', '/v3/api-keys?include=%5B%27total_count%27%5D', (body) => body.total_count === 2],
    [
      'Python list_certificates',
      '/v3/trusted-certificates?device_execution_mode__eq=1',
      (body) => body.data.length === 1,
    ],
    [
      'JS listCertificates',
      '/v3/trusted-certificates?limit=10&filter=&service__eq=bootstrap&device_execution_mode__eq=1&device_execution_mode__neq=1',
      (body) => body.data.length === 1,
    ],
    ['with a slash', '/v3/trusted-certificates/?order=DESC&limit=5', (body) => body.order === 'DESC'],
  ] as [string, string, (body: Record<string, unknown> & { data: unknown[] }) => boolean][]) {
    const answer = await request('GET', url, { headers: { accept: '*/*' } });
    assert.equal(answer.status, 200, `${client}: ${answer.text}`);
    assert.ok(check(answer.body), `${client}: ${answer.text.slice(0, 300)}`);
  }
});
