import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportPrivateKey, fingerprint, generateKeyPair, issueCertificate, pemOf } from '@mooring/pki';
import { service } from '../http/service-fixture.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-22T20:02:45Z');

function authority(commonName: string, from = -day, to = 3650 * day) {
  const { privateKey, publicKey } = generateKeyPair();
  const der = issueCertificate({
    subject: { organization: 'Acme', commonName },
    subjectKey: publicKey,
    key: privateKey,
    profile: 'authority',
    notBefore: new Date(now + from),
    notAfter: new Date(now + to),
  });
  return { der, pem: pemOf('CERTIFICATE', der), key: exportPrivateKey(privateKey, 'pkcs8', 'pem') };
}

test('a certificate is taken as PEM, as a chain, as base64 DER and with line ends written out', async (t) => {
  const { request, accountId } = await service(t);
  const [first, second, third, fourth] = ['One', 'Two', 'Three', 'Four'].map((name) => authority(name)) as [
    ReturnType<typeof authority>,
    ReturnType<typeof authority>,
    ReturnType<typeof authority>,
    ReturnType<typeof authority>,
  ];
  const cases = [
    ['pem', first.pem, first],
    ['chain', `Bag Attributes\n${second.pem}\n${first.pem}`, second],
    ['base64', Buffer.from(third.der).toString('base64'), third],
    ['escaped', fourth.pem.replaceAll('\n', '\\n'), fourth],
  ] as const;
  for (const [name, certificate, { der, pem }] of cases) {
    const answer = await request('POST', '/v3/trusted-certificates', {
      body: { name, certificate, service: 'bootstrap', signature: 'x', enrollment_mode: true },
    });
    assert.equal(answer.status, 201, `${name}: ${answer.text}`);
    const { body } = answer;
    assert.deepEqual(
      [
        body.certificate,
        body.certificate_fingerprint,
        body.device_execution_mode,
        body.enrollment_mode,
        body.account_id,
      ],
      [pem, fingerprint(der), 0, true, accountId],
      name,
    );
    assert.equal(body.validity, '2036-11-19T20:02:45Z');
  }
});

test('what is no certificate to let devices in with is refused, with the reason', async (t) => {
  const { request } = await service(t);
  const good = authority('Good');
  const expired = authority('Old', -20 * day, -10 * day);
  for (const [what, certificate, reason] of [
    ['nonsense', 'hello!', /neither PEM nor base64/],
    ['base64 of nonsense', 'aGVsbG8=', /certificate/],
    ['cut PEM', good.pem.slice(0, 200), /no end|complete/],
    ['a private key', good.key, /private key/],
    ['a certificate with its key', good.pem + good.key, /private key/],
    ['an expired one', expired.pem, /expired on 2026-11-12/],
    ['another kind of PEM', good.pem.replaceAll('CERTIFICATE', 'PUBLIC KEY'), /CERTIFICATE/],
  ] as const) {
    const { status, body } = await request('POST', '/v3/trusted-certificates', {
      body: { name: 'x', certificate, service: 'bootstrap' },
    });
    assert.deepEqual([status, body.type, body.fields[0]?.name], [400, 'validation_error', 'certificate'], what);
    assert.match(body.message, reason, what);
    assert.ok(!body.message.includes('PRIVATE KEY-----'), what);
  }
  const wrong = await request('POST', '/v3/trusted-certificates', {
    body: { name: 'x', certificate: good.pem, service: 'mqtt' },
  });
  assert.equal(wrong.body.fields[0].name, 'service');
});

test('neither name nor certificate can be there twice', async (t) => {
  const { request } = await service(t);
  const one = authority('One');
  const upload = (name: string, certificate: string) =>
    request('POST', '/v3/trusted-certificates', { body: { name, certificate, service: 'lwm2m' } });
  assert.equal((await upload('one', one.pem)).status, 201);
  assert.equal((await upload('one', authority('Two').pem)).reason, 'Conflict');
  const again = await upload('again', one.pem);
  assert.deepEqual([again.status, again.body.type, again.body.fields[0].name], [409, 'duplicate', 'certificate']);
  assert.match(again.body.message, /one/);
});

test('an uploaded certificate is changed field by field', async (t) => {
  const { request, developer } = await service(t);
  const one = authority('One');
  const two = authority('Two');
  const { id } = (
    await request('POST', '/v3/trusted-certificates', { body: { name: 'one', certificate: one.pem, service: 'lwm2m' } })
  ).body;
  const url = `/v3/trusted-certificates/${id}`;
  const changed = await request('PUT', url, {
    body: { certificate: two.pem, service: 'bootstrap', enrollment_mode: true, description: 'new' },
  });
  assert.deepEqual(
    [
      changed.body.subject,
      changed.body.service,
      changed.body.enrollment_mode,
      changed.body.description,
      changed.body.etag,
    ],
    ['O=Acme,CN=Two', 'bootstrap', true, 'new', '2'],
  );
  assert.equal((await request('PUT', url, { body: { description: null } })).body.description, null);
  assert.equal((await request('PUT', url, { body: { certificate: two.pem } })).body.etag, '3', 'the same is no change');
  assert.equal((await request('PUT', url, { key: developer, body: { name: 'renamed' } })).status, 200);
  const denied = await request('PUT', url, { key: developer, body: { certificate: one.pem } });
  assert.deepEqual([denied.status, denied.body.type], [403, 'forbidden']);
  assert.equal((await request('DELETE', url)).status, 204);
});

test('lists select by every filter of the contract', async (t) => {
  const { request, clock } = await service(t);
  const upload = (name: string, to: number, more: object = {}) =>
    request('POST', '/v3/trusted-certificates', {
      body: { name, certificate: authority(`Root ${name}`, -day, to).pem, service: 'lwm2m', ...more },
    });
  await upload('soon', 5 * day);
  await upload('short', day);
  await upload('boot', 3650 * day, { service: 'bootstrap', enrollment_mode: true, status: 'INACTIVE' });
  await request('POST', '/v3/developer-certificates', { body: { name: 'dev_1' } });
  await request('POST', '/v3/developer-certificates', { body: { name: 'dev%1' } });
  clock.set(new Date(now + 2 * day));
  const me = (await request('GET', '/v3/api-keys/me')).body.id;
  const all = ['soon', 'short', 'boot', 'dev_1', 'dev%1'];
  for (const [search, names] of [
    ['', all],
    ['order=DESC', all.toReversed()],
    ['filter=', all],
    ['name__eq=soon', ['soon']],
    ['name=soon', ['soon']],
    ['name__eq=dev%251', ['dev%1']],
    ['service__eq=lwm2m', ['soon', 'short']],
    ['expire__eq=4', ['soon']],
    ['expire__eq=0', []],
    [`owner__eq=${me}`, all],
    ['owner__eq=nobody', []],
    [`owner__neq=${me}`, []],
    ['enrollment_mode__eq=true', ['boot']],
    ['enrollment_mode__eq=False', ['soon', 'short', 'dev_1', 'dev%1']],
    ['status__eq=INACTIVE', ['boot']],
    ['valid__eq=false', ['short']],
    ['valid__eq=true', ['soon', 'boot', 'dev_1', 'dev%1']],
    ['device_execution_mode__eq=1', ['dev_1', 'dev%1']],
    ['device_execution_mode__neq=1', ['soon', 'short', 'boot']],
    ['service__eq=bootstrap&device_execution_mode__eq=1&device_execution_mode__neq=1', ['dev_1', 'dev%1']],
    ['filter=service__eq%3Dbootstrap%26status__eq%3DACTIVE', ['dev_1', 'dev%1']],
    ['issuer__like=cn%3Droot', ['soon', 'short', 'boot']],
    ['subject__like=ROOT%20S', ['soon', 'short']],
    ['subject__like=%25', []],
    ['subject__like=_', []],
    ['subject__eq=O%3DAcme,CN%3DRoot%20soon', ['soon']],
    ['name__in=soon,boot&limit=1', ['soon', 'boot']],
  ] as const) {
    const answer = await request('GET', `/v3/trusted-certificates?${search}`);
    assert.deepEqual(
      answer.body?.data?.map(({ name }: { name: string }) => name),
      names,
      `${search}: ${answer.text.slice(0, 300)}`,
    );
  }
});

test('total_count is exact on every page, and counts what the filter leaves', async (t) => {
  const { request } = await service(t);
  for (let index = 0; index < 5; index++) {
    await request('POST', '/v3/developer-certificates', { body: { name: `dev${index}` } });
  }
  for (const include of ['total_count', 'totalCount', '%5B%27total_count%27%5D']) {
    let after = '';
    let seen = 0;
    do {
      const { body } = await request(
        'GET',
        `/v3/trusted-certificates?limit=2&include=${include}&name__neq=dev0${after}`,
      );
      assert.equal(body.total_count, 4, include);
      seen += body.data.length;
      after = body.has_more ? `&after=${body.data.at(-1).id}` : '';
    } while (after !== '');
    assert.equal(seen, 4);
  }
});

test('server credentials are the authority that devices check, and where they connect', async (t) => {
  const { request, accountId } = await service(t);
  const all = (await request('GET', '/v3/server-credentials/')).body;
  for (const [server, port] of [
    ['bootstrap', 5684],
    ['lwm2m', 5685],
  ] as const) {
    const { body } = await request('GET', `/v3/server-credentials/${server}`);
    assert.equal(body.object, 'server-credentials');
    assert.equal(body.server_uri, `coaps://service.example:${port}?aid=${accountId}`);
    assert.deepEqual(all[server], { certificate: body.server_certificate, url: body.server_uri });
    assert.match(body.id, /^[0-9a-f]{32}$/);
    assert.equal(body.created_at, '2026-11-22T20:02:45Z');
  }
  assert.notEqual(all.bootstrap.certificate, all.lwm2m.certificate);
});
