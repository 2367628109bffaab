import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHttpServer } from '../../src/http/index.ts';
import { type CertificateRenewals, type RenewalRefusal, renewalEnded } from '../../src/registry/index.ts';
import { service } from '../http/service-fixture.ts';

/** A service whose devices are asked as the test says. */
async function renewing(t: TestContext, ask: CertificateRenewals['ask']) {
  const fixture = await service(t);
  const app = createHttpServer(fixture.domain, { renewals: { ask } });
  t.after(() => app.close());
  const { id } = (await fixture.request('POST', '/v3/devices', { body: {} })).body;
  const renew = async (name: string, device = id) => {
    const answer = await app.inject({
      method: 'POST',
      url: `/v3/devices/${device}/certificates/${name}/renew/`,
      headers: { authorization: `Bearer ${fixture.admin}` },
    });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { ...fixture, id, renew };
}

test('a device is asked to renew a certificate, once at a time', async (t) => {
  const asked: string[] = [];
  const { renew, id, domain, clock, accountId } = await renewing(t, async (device, name) => {
    asked.push(`${device.deviceId === id} ${device.accountId === accountId} ${name}`);
    return undefined;
  });
  const { status, body } = await renew('customer.dlms');
  assert.equal(status, 201);
  assert.deepEqual(
    { ...body, id: '' },
    {
      object: 'certificate-enrollment',
      id: '',
      etag: '1',
      device_id: id,
      certificate_name: 'customer.dlms',
      enroll_status: 'new',
      enroll_result: null,
      enroll_result_detail: null,
      created_at: '2026-11-22T20:02:45Z',
      updated_at: '2026-11-22T20:02:45Z',
    },
  );
  assert.equal((await renew('customer.dlms')).status, 409);
  assert.equal((await renew('LWM2M')).status, 201, 'another one');
  assert.ok(await renewalEnded(domain, id, 'customer.dlms'));
  assert.ok(!(await renewalEnded(domain, id, 'customer.dlms')), 'nobody waits for it any more');
  assert.equal((await renew('customer.dlms')).status, 201);
  clock.set('2026-11-22T20:30:00Z');
  assert.equal((await renew('customer.dlms')).status, 201, 'after a while it may be repeated');
  assert.deepEqual(asked, [
    'true true customer.dlms',
    'true true LWM2M',
    'true true customer.dlms',
    'true true customer.dlms',
  ]);
});

test('why a device cannot renew a certificate', async (t) => {
  let refusal: RenewalRefusal | Error = 'not-connected';
  const { renew, id, domain } = await renewing(t, async () => {
    if (refusal instanceof Error) throw refusal;
    return refusal;
  });
  for (const [why, status] of [
    ['not-connected', 423],
    ['unsupported', 423],
    ['no-issuer', 400],
    ['unknown', 404],
    [new Error('broken'), 500],
  ] as const) {
    refusal = why;
    const answer = await renew('customer.dlms');
    assert.equal(answer.status, status, String(why));
    assert.equal(answer.body.object, 'error');
  }
  assert.equal((await renew('customer.dlms', '0'.repeat(32))).status, 404);
  assert.equal((await renew('a%20b')).status, 400);
  const rows = await domain.storage.db
    .selectFrom('certificate_renewals')
    .selectAll()
    .where('device_id', '=', id)
    .execute();
  assert.deepEqual(
    rows.map(({ status, result, detail }) => [status, result, detail]),
    ['not-connected', 'unsupported', 'no-issuer', 'unknown', 'The device could not be asked.'].map((detail) => [
      'completed',
      'failure',
      detail,
    ]),
  );
});

test('without an LwM2M server no device is connected', async (t) => {
  const { request } = await service(t);
  const { id } = (await request('POST', '/v3/devices', { body: {} })).body;
  const answer = await request('POST', `/v3/devices/${id}/certificates/LWM2M/renew`);
  assert.deepEqual([answer.status, answer.body.type], [423, 'locked']);
});
