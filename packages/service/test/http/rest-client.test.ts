import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestClient } from '@mooring/rest';
import { operator } from '../../src/accounts/index.ts';
import { activeAuthority, issueHttpsCertificate } from '../../src/certificates/index.ts';
import { createHttpServer } from '../../src/http/index.ts';
import { service } from './service-fixture.ts';

test('our client and our service understand each other over TLS', async (t) => {
  const { domain, accountId, admin, clock } = await service(t);
  clock.set(new Date());
  // The fixture's authority is dated by its clock; a handshake is judged by the machine's.
  await domain.storage.db.deleteFrom('authorities').where('purpose', '=', 'https').execute();
  const { ensureAuthorities } = await import('../../src/certificates/authorities.ts');
  await ensureAuthorities(domain, operator(accountId));
  const https = await issueHttpsCertificate(domain, accountId, ['127.0.0.1']);
  const app = createHttpServer(domain, { https });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as { port: number };
  const { certificate } = await activeAuthority(domain, accountId, 'https');
  const client = new RestClient({
    url: `https://127.0.0.1:${port}`,
    apiKey: admin,
    caFingerprint: certificate.fingerprint,
    userAgent: 'test/1',
  });
  t.after(() => client.close());

  assert.equal((await client.account({ limits: true })).id, accountId);
  assert.equal((await client.updateAccount({ city: 'Turku' })).city, 'Turku');
  const made = await client.developerCertificates.create({ name: 'a' });
  assert.deepEqual(await client.developerCertificates.get(made.id), made);
  await assert.rejects(client.developerCertificates.create({ name: 'a' }), { code: 'rest.conflict', message: /"a"/ });
  await assert.rejects(client.developerCertificates.create({ name: '' }), { code: 'rest.invalid', message: /name/ });
  await assert.rejects(client.trustedCertificates.get('x'), { code: 'rest.not.found' });
  const names = [];
  for await (const { name } of client.trustedCertificates.list({ device_execution_mode__eq: 1 })) names.push(name);
  assert.deepEqual(names, ['a']);
  assert.equal((await client.trustedCertificates.update(made.id, { name: 'b' })).name, 'b');
  await client.trustedCertificates.delete(made.id);
  assert.match((await client.serverCredentials.all()).bootstrap.url, /^coaps:/);
  const key = await client.apiKeys.create({ name: 'k' });
  const reset = await client.apiKeys.resetSecret(key.id);
  assert.notEqual(reset.key, key.key);
  await client.apiKeys.delete(key.id);
  const stranger = new RestClient({
    ...{ url: client.url.href, ca: certificate.pem, userAgent: 'test/1' },
    apiKey: key.key,
  });
  await assert.rejects(stranger.account(), { code: 'rest.unauthorized' });
  stranger.close();
});
