import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { matches, noClockValidity, parseCertificate, verifySignedBy } from '@mooring/pki';
import { createAccount, firstStart, operator } from '../../src/accounts/index.ts';
import { listAuditRecords } from '../../src/audit/index.ts';
import { createDeveloperCertificate } from '../../src/certificates/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { openStorage } from '../../src/storage/index.ts';
import { service } from '../http/service-fixture.ts';

test('a developer certificate is what devices and tools need', async (t) => {
  const { request, accountId } = await service(t);
  const made = await request('POST', '/v3/developer-certificates', {
    body: { name: 'mycert', description: 'for the lab', campaign_strategy: 'unknown' },
  });
  assert.equal(made.status, 201);
  const { id } = made.body;
  assert.deepEqual(
    [
      made.body.object,
      made.body.etag,
      made.body.name,
      made.body.description,
      made.body.account_id,
      made.body.created_at,
    ],
    ['trusted-cert', '1', 'mycert', 'for the lab', accountId, '2026-11-22T20:02:45Z'],
  );
  assert.deepEqual((await request('GET', `/v3/developer-certificates/${id}`)).body, made.body);

  const certificate = parseCertificate(made.body.developer_certificate);
  const credentials = (await request('GET', '/v3/server-credentials')).body;
  const file = readDeveloperCredentials(made.body.security_file_content, 'mbed_cloud_dev_credentials.c');
  assert.deepEqual(
    {
      subject: certificate.subjectText,
      authority: certificate.isAuthority,
      usage: certificate.extendedKeyUsage,
      from: certificate.notBefore,
      to: certificate.notAfter,
      endpointName: file.endpointName,
      account: file.accountId,
      uri: file.bootstrapServerUri,
      certificate: Buffer.from(file.deviceCertificate).toString('hex'),
      bootstrapCa: Buffer.from(file.bootstrapServerCa).toString('hex'),
      lwm2mCa: Buffer.from(file.lwm2mServerCa ?? []).toString('hex'),
    },
    {
      subject: `O=Mooring,OU=${accountId},CN=${id}`,
      authority: false,
      usage: ['clientAuth'],
      from: noClockValidity.notBefore,
      to: noClockValidity.notAfter,
      endpointName: id,
      account: accountId,
      uri: `coaps://service.example:5684?aid=${accountId}`,
      certificate: Buffer.from(certificate.der).toString('hex'),
      bootstrapCa: Buffer.from(parseCertificate(credentials.bootstrap.certificate).der).toString('hex'),
      lwm2mCa: Buffer.from(parseCertificate(credentials.lwm2m.certificate).der).toString('hex'),
    },
  );
  const { importPrivateKey } = await import('@mooring/pki');
  assert.ok(matches(importPrivateKey(made.body.developer_private_key), certificate));
  assert.match(made.body.developer_private_key, /^-----BEGIN PRIVATE KEY-----/);
});

test('it is a trusted certificate under the same id', async (t) => {
  const { request, accountId } = await service(t);
  const me = (await request('GET', '/v3/api-keys/me')).body.id;
  const made = (await request('POST', '/v3/developer-certificates', { body: { name: 'mycert' } })).body;
  const trusted = (await request('GET', `/v3/trusted-certificates/${made.id}`)).body;
  const certificate = parseCertificate(made.developer_certificate);
  assert.deepEqual(trusted, {
    object: 'trusted-cert',
    id: made.id,
    etag: '1',
    account_id: accountId,
    owner_id: me,
    name: 'mycert',
    description: null,
    service: 'bootstrap',
    status: 'ACTIVE',
    device_execution_mode: 1,
    enrollment_mode: false,
    certificate: made.developer_certificate,
    certificate_fingerprint: certificate.fingerprint,
    issuer: `O=Mooring,OU=${accountId},CN=Mooring Developer CA`,
    subject: `O=Mooring,OU=${accountId},CN=${made.id}`,
    valid: true,
    validity: '9999-12-31T23:59:59Z',
    created_at: '2026-11-22T20:02:45Z',
    updated_at: '2026-11-22T20:02:45Z',
  });
});

test('the private key is sealed in the database, and belongs to its place', async (t) => {
  const { request, domain } = await service(t);
  const made = (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).body;
  const other = (await request('POST', '/v3/developer-certificates', { body: { name: 'b' } })).body;
  const rows = await domain.storage.db.selectFrom('developer_certificates').selectAll().orderBy('id').execute();
  const der = Buffer.from(made.developer_private_key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  assert.ok(!Buffer.from(rows[0]?.private_key_sealed ?? []).includes(der.subarray(36, 68)));
  // Two rows swapped: what was sealed for one certificate does not open for another.
  await domain.storage.db
    .updateTable('developer_certificates')
    .set({ private_key_sealed: rows[0]?.private_key_sealed ?? new Uint8Array() })
    .where('id', '=', other.id)
    .execute();
  const answer = await request('GET', `/v3/developer-certificates/${other.id}`);
  assert.deepEqual([answer.status, answer.body.type], [500, 'internal_error']);
});

test('names are unique among all certificates of an account, and only there', async (t) => {
  const { request, domain } = await service(t);
  assert.equal((await request('POST', '/v3/developer-certificates', { body: { name: 'mycert' } })).status, 201);
  const again = await request('POST', '/v3/developer-certificates/', { body: { name: 'mycert' } });
  assert.deepEqual([again.status, again.reason, again.body.type], [409, 'Conflict', 'duplicate']);
  assert.match(again.body.message, /mycert/);
  assert.equal((await request('GET', '/v3/trusted-certificates')).body.data.length, 1);
  const other = await createAccount(domain, 'Other');
  await createDeveloperCertificate(domain, operator(other), { name: 'mycert' });
});

test('two at once with the same name: one gets it, on a database on disk', async (t) => {
  const { domain: inMemory } = await service(t);
  const folder = await mkdtemp(join(tmpdir(), 'mooring-'));
  const storage = await openStorage({ folder, clock: inMemory.clock });
  t.after(async () => {
    await storage.close();
    await rm(folder, { recursive: true });
  });
  const domain = { ...inMemory, storage };
  const { accountId } = await firstStart(domain);
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => createDeveloperCertificate(domain, operator(accountId), { name: 'same' })),
  );
  const codes = results.map((result) => (result.status === 'fulfilled' ? 'made' : result.reason.code));
  assert.deepEqual(codes.sort(), [...Array(4).fill('certificate.name.taken'), 'made']);
  assert.equal((await storage.db.selectFrom('developer_certificates').selectAll().execute()).length, 1);
});

test('deleting the trusted certificate deletes and revokes it', async (t) => {
  const { request, domain, accountId } = await service(t);
  const { id, developer_certificate } = (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } }))
    .body;
  const deleted = await request('DELETE', `/v3/trusted-certificates/${id}`, {
    headers: { 'content-type': 'application/json' },
  });
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  for (const path of ['developer', 'trusted']) {
    assert.equal((await request('GET', `/v3/${path}-certificates/${id}`)).status, 404);
  }
  assert.equal((await request('DELETE', `/v3/trusted-certificates/${id}`)).status, 404);
  const revoked = await domain.storage.db.selectFrom('revocations').selectAll().execute();
  const serial = Buffer.from(parseCertificate(developer_certificate).serial).toString('hex');
  assert.deepEqual(
    revoked.map((row) => [row.serial, row.certificate_id, row.reason]),
    [[serial, id, 'deleted']],
  );
  const [record] = await listAuditRecords(domain, accountId, { limit: 1 });
  assert.equal(record?.action, 'developer-certificate.deleted');
  assert.equal(
    (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).status,
    201,
    'the name is free',
  );
});

test('of a developer certificate name, description and status can be changed, nothing else', async (t) => {
  const { request } = await service(t);
  const { id } = (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).body;
  const url = `/v3/trusted-certificates/${id}`;
  const changed = await request('PUT', url, {
    body: { name: 'b', description: 'x', status: 'INACTIVE', service: 'bootstrap', enrollment_mode: false },
  });
  assert.deepEqual(
    [changed.status, changed.body.name, changed.body.description, changed.body.status, changed.body.etag],
    [200, 'b', 'x', 'INACTIVE', '2'],
  );
  assert.equal((await request('GET', `/v3/developer-certificates/${id}`)).body.name, 'b');
  const refused = await request('PUT', url, { body: { service: 'lwm2m', enrollment_mode: true } });
  assert.deepEqual(
    [refused.status, refused.body.fields.map(({ name }: { name: string }) => name)],
    [400, ['service', 'enrollment_mode']],
  );
});

test('limits are kept', async (t) => {
  const { request } = await service(t, { limits: { ...defaultLimits, developerCertificates: 1 } });
  assert.equal((await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).status, 201);
  const refused = await request('POST', '/v3/developer-certificates', { body: { name: 'b' } });
  assert.deepEqual([refused.status, refused.body.type], [403, 'account_limit_exceeded']);
});

test('certificates of another account are not there', async (t) => {
  const { request, domain } = await service(t);
  const other = await createAccount(domain, 'Other');
  const { id } = await createDeveloperCertificate(domain, operator(other), { name: 'theirs' });
  for (const [method, path, body] of [
    ['GET', `/v3/developer-certificates/${id}`, undefined],
    ['GET', `/v3/trusted-certificates/${id}`, undefined],
    ['PUT', `/v3/trusted-certificates/${id}`, { name: 'mine' }],
    ['DELETE', `/v3/trusted-certificates/${id}`, undefined],
  ] as const) {
    assert.equal((await request(method, path, { body })).status, 404, `${method} ${path}`);
  }
  assert.deepEqual((await request('GET', '/v3/trusted-certificates')).body.data, []);
});

test('addresses of every kind stand in the URI; one that the old parser would break is a fault of the settings', async (t) => {
  for (const [publicHost, uri] of [
    ['192.0.2.7', 'coaps://192.0.2.7:5684?aid='],
    ['2001:db8::7', 'coaps://[2001:db8::7]:5684?aid='],
    ['r.example.r', 'coaps://r.example.r:5684?aid='],
  ] as const) {
    const { request } = await service(t, { publicHost });
    const { body } = await request('POST', '/v3/developer-certificates', { body: { name: 'a' } });
    assert.ok(body.security_file_content.includes(uri), publicHost);
  }
  const { request, domain, accountId } = await service(t, { publicHost: 'a,b' });
  const refused = await request('POST', '/v3/developer-certificates', { body: { name: 'a' } });
  assert.equal(refused.status, 500);
  assert.match(refused.body.message, /public host/);
  await assert.rejects(createDeveloperCertificate(domain, operator(accountId), { name: 'a' }), {
    code: 'service.address.unusable',
    message: /a,b/,
  });
  assert.deepEqual((await request('GET', '/v3/trusted-certificates')).body.data, []);
});

test('each authority signs for itself and is as long valid as its peers can judge', async (t) => {
  const { domain, accountId, request } = await service(t);
  const rows = await domain.storage.db.selectFrom('authorities').selectAll().execute();
  const developer = parseCertificate(
    (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).body.developer_certificate,
  );
  for (const { purpose, certificate: der } of rows) {
    const authority = parseCertificate(der);
    assert.ok(authority.isAuthority && authority.selfSigned, purpose);
    assert.match(authority.subjectText, new RegExp(`^O=Mooring,OU=${accountId},CN=Mooring .* CA$`));
    assert.equal(verifySignedBy(developer, authority), purpose === 'developer');
    if (purpose === 'https') {
      const years = (authority.notAfter.getTime() - Date.parse('2026-11-22')) / (365 * 86_400_000);
      assert.ok(years > 10 && authority.notAfter.getUTCFullYear() < 2050);
      assert.ok(authority.notBefore.getTime() < domain.clock.now().getTime());
    } else {
      assert.deepEqual(
        [authority.notBefore, authority.notAfter],
        [noClockValidity.notBefore, noClockValidity.notAfter],
      );
      assert.ok(authority.der.length < 1024);
    }
  }
  assert.equal(new Set(rows.map(({ certificate }) => parseCertificate(certificate).fingerprint)).size, 4);
});
