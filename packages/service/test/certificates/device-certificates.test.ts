import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequest, generateKeyPair, matches, parseCertificate, pemOf, verifySignedBy } from '@mooring/pki';
import fc from 'fast-check';
import { operator } from '../../src/accounts/index.ts';
import { listAuditRecords } from '../../src/audit/index.ts';
import { activeAuthority, beginRollover, finishRollover, isRevoked } from '../../src/certificates/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { failure } from '../failures.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

const route = '/v3/device-certificates';

const requestFor = (commonName: string, key = generateKeyPair(), more: { organizationalUnit?: string } = {}) => ({
  key,
  csr: pemOf('CERTIFICATE REQUEST', createRequest({ subject: { commonName, ...more }, key: key.privateKey })),
});

async function issued({ request }: Fixture, name: string, options: { key?: ReturnType<typeof generateKeyPair> } = {}) {
  const { key, csr } = requestFor(name, options.key);
  const answer = await request('POST', route, { body: { endpoint_name: name, csr } });
  assert.equal(answer.status, 201, answer.text);
  return { ...answer.body, key };
}

test('a device gets the certificate of its own key, from the developer authority', async (t) => {
  const fixture = await service(t);
  const { request, domain, accountId, developer } = fixture;
  const { key, csr } = requestFor('kitchen', undefined, { organizationalUnit: accountId });
  const made = await request('POST', route, { key: developer, body: { endpoint_name: 'kitchen', csr } });
  assert.equal(made.status, 201);
  const certificate = parseCertificate(made.body.certificate);
  const authority = await activeAuthority(domain, accountId, 'developer');
  assert.deepEqual(
    [certificate.subjectText, certificate.isAuthority, certificate.extendedKeyUsage, made.body.endpoint_name],
    [`O=Mooring,OU=${accountId},CN=kitchen`, false, ['clientAuth'], 'kitchen'],
  );
  assert.ok(matches(key.privateKey, certificate) && verifySignedBy(certificate, authority.certificate));
  assert.deepEqual((await request('GET', `${route}/${made.body.id}`)).body, made.body);
  assert.deepEqual((await request('GET', `${route}?endpoint_name__eq=kitchen`)).body.data, [made.body]);
  assert.deepEqual((await request('GET', '/v3/trusted-certificates')).body.data, []);
  assert.doesNotMatch(JSON.stringify(made.body), /PRIVATE KEY/);
});

test('the same key again gets the same certificate; another one only in the place of a named one', async (t) => {
  const fixture = await service(t);
  const { request, domain, accountId } = fixture;
  const first = await issued(fixture, 'kitchen');
  assert.equal((await issued(fixture, 'kitchen', { key: first.key })).certificate, first.certificate);

  const second = requestFor('kitchen');
  const body = { endpoint_name: 'kitchen', csr: second.csr };
  for (const replaces of [undefined, 'f'.repeat(32)]) {
    const refused = await request('POST', route, { body: { ...body, ...(replaces ? { replaces } : {}) } });
    assert.deepEqual([refused.status, refused.body.type], [409, 'duplicate']);
    assert.match(refused.text, new RegExp(first.id));
  }
  const renewed = await request('POST', route, { body: { ...body, replaces: first.id } });
  assert.deepEqual([renewed.status, renewed.body.id, renewed.body.etag], [201, first.id, '2']);
  assert.ok(matches(second.key.privateKey, parseCertificate(renewed.body.certificate)));
  const { id } = await activeAuthority(domain, accountId, 'developer');
  const revoked = (pem: string) => isRevoked(domain, id, Buffer.from(parseCertificate(pem).serial).toString('hex'));
  assert.deepEqual([await revoked(first.certificate), await revoked(renewed.body.certificate)], [true, false]);

  assert.equal((await request('DELETE', `${route}/${first.id}`)).status, 204);
  assert.equal(await revoked(renewed.body.certificate), true);
  assert.equal((await request('GET', `${route}/${first.id}`)).status, 404);
  assert.deepEqual(
    (await listAuditRecords(domain, accountId, { limit: 3 })).map(({ action }) => action),
    ['device-certificate.deleted', 'device-certificate.replaced', 'device-certificate.created'],
  );
});

test('what no certificate is issued for', async (t) => {
  const { request, domain, accountId, developer } = await service(t, { limits: { ...defaultLimits, devices: 1 } });
  const post = async (endpoint_name: string, csr: string) => {
    const { status, body } = await request('POST', route, { body: { endpoint_name, csr } });
    return [status, body.type, body.fields?.[0]?.name];
  };
  const good = requestFor('kitchen').csr;
  const cut = good.replace(/\n.{20}/, '\n');
  for (const [name, csr, field] of [
    ['hall', good, 'csr'],
    ['kitchen', requestFor('kitchen', undefined, { organizationalUnit: 'f'.repeat(32) }).csr, 'csr'],
    ['kitchen', cut, 'csr'],
    ['kitchen', 'nothing', 'csr'],
    ['é'.repeat(32), requestFor('é'.repeat(32)).csr, 'endpoint_name'],
    ['a\u0007', good, 'endpoint_name'],
    [accountId, requestFor(accountId).csr, 'endpoint_name'],
    [' kitchen', good, 'endpoint_name'],
  ] as const) {
    assert.deepEqual(await post(name, csr), [400, 'validation_error', field], name);
  }
  // Somebody else's key: the request is signed by another one.
  const [mine, theirs] = [requestFor('kitchen'), requestFor('kitchen')];
  const swapped = Buffer.from(mine.csr.split('\n').slice(1, -2).join(''), 'base64');
  const spki = theirs.key.publicKey.export({ type: 'spki', format: 'der' });
  const at = swapped.indexOf(mine.key.publicKey.export({ type: 'spki', format: 'der' }));
  spki.copy(swapped, at);
  assert.deepEqual(await post('kitchen', pemOf('CERTIFICATE REQUEST', swapped)), [400, 'validation_error', 'csr']);

  assert.equal((await post('kitchen', good))[0], 201);
  assert.deepEqual((await post('hall', requestFor('hall').csr)).slice(0, 2), [403, 'account_limit_exceeded']);
  const { status } = await request('POST', route, { key: null, body: { endpoint_name: 'x', csr: good } });
  assert.equal(status, 401);
  assert.equal((await request('GET', route, { key: developer })).status, 200);
  assert.ok(domain);
});

test('no request makes it fail', async (t) => {
  const fixture = await service(t);
  const good = Buffer.from(requestFor('kitchen').csr.split('\n').slice(1, -2).join(''), 'base64');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (changes) => {
        const damaged = Buffer.from(good);
        for (const [at, value] of changes) damaged[at] = value;
        if (damaged.equals(good)) return;
        const csr = pemOf('CERTIFICATE REQUEST', damaged);
        const { status } = await fixture.request('POST', route, { body: { endpoint_name: 'kitchen', csr } });
        assert.equal(status, 400);
      },
    ),
    { numRuns: 150 },
  );
});

test('an authority that devices have their certificates from is not retired unseen', async (t) => {
  const fixture = await service(t);
  const { domain, accountId } = fixture;
  const actor = operator(accountId);
  await issued(fixture, 'kitchen');
  await beginRollover(domain, actor, 'developer');
  await failure('authority.rollover.needed', () => finishRollover(domain, actor, 'developer'));
  await finishRollover(domain, actor, 'developer', { evenIfUsed: true });
});
