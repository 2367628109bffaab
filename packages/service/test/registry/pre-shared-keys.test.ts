import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAuditRecords } from '../../src/audit/index.ts';
import { preSharedKeyOf } from '../../src/registry/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { service } from '../http/service-fixture.ts';

const base = '/v2/device-shared-keys';
const secret = '4a'.repeat(16);

test('a device gets a pre-shared key, which nobody is told again', async (t) => {
  const { request, domain, accountId } = await service(t);
  const name = 'my endpoint/0001%';
  const made = await request('POST', base, { body: { endpoint_name: name, secret_hex: `0x${secret.toUpperCase()}` } });
  assert.deepEqual([made.status, made.text], [201, '']);
  const read = await request('GET', `${base}/${encodeURIComponent(name)}`);
  assert.deepEqual(read.body, { endpoint_name: name, created_at: '2026-11-22T20:02:45.500000Z' });
  const again = await request('POST', `${base}/`, { body: { endpoint_name: name, secret_hex: secret } });
  assert.deepEqual([again.status, again.text], [409, 'KEY_ALREADY_EXISTS_FOR_ENDPOINT']);
  assert.match(String(again.headers['content-type']), /^text\/plain/);
  const found = await preSharedKeyOf(domain, name);
  assert.deepEqual(found && [found.accountId, found.endpointName, Buffer.from(found.secret).toString('hex')], [
    accountId,
    name,
    secret,
  ]);
  const [row] = await domain.storage.db.selectFrom('pre_shared_keys').selectAll().execute();
  assert.ok(row && !Buffer.from(row.secret_sealed).includes(Buffer.alloc(16, 0x4a)), 'encrypted at rest');

  for (const status of [204, 204]) {
    assert.equal((await request('DELETE', `${base}/${encodeURIComponent(name)}`)).status, status);
  }
  assert.equal((await request('GET', `${base}/${encodeURIComponent(name)}`)).status, 404);
  assert.equal(await preSharedKeyOf(domain, name), undefined);
  const actions = (await listAuditRecords(domain, accountId, { limit: 2 })).map(({ action }) => action);
  assert.deepEqual(actions, ['pre-shared-key.deleted', 'pre-shared-key.created']);
});

test('keys are listed page by page with a marker', async (t) => {
  const { request } = await service(t);
  const names = Array.from({ length: 5 }, (_, index) => `endpoint-number-${index}`);
  for (const endpoint_name of names) await request('POST', base, { body: { endpoint_name, secret_hex: secret } });
  const seen: string[] = [];
  let after = '';
  do {
    const { body } = await request('GET', `${base}/?limit=2&after=${after}`);
    assert.deepEqual([body.object, body.order, body.limit], ['list', 'ASC', 2]);
    assert.equal(body.has_more, body.continuation_marker !== null);
    seen.push(...body.data.map(({ endpoint_name }: { endpoint_name: string }) => endpoint_name));
    after = body.continuation_marker;
  } while (after);
  assert.deepEqual(seen, names);
});

test('errors are the texts of the contract', async (t) => {
  const { request } = await service(t, { limits: { ...defaultLimits, preSharedKeys: 0 } });
  for (const [method, path, body, status, text] of [
    ['POST', '', { endpoint_name: 'short', secret_hex: secret }, 400, 'INVALID_ENDPOINT_NAME'],
    ['POST', '', { endpoint_name: 'my-endpoint-0001', secret_hex: 'xy' }, 400, 'INVALID_SECRET_HEX'],
    ['POST', '', { endpoint_name: 'my-endpoint-0001', secret_hex: `${secret}4` }, 400, 'INVALID_SECRET_HEX'],
    ['POST', '', { endpoint_name: 'my-endpoint-0001', secret_hex: '4a'.repeat(33) }, 400, 'INVALID_SECRET_HEX'],
    ['POST', '', { endpoint_name: 5 }, 400, 'INVALID_ENDPOINT_NAME,INVALID_SECRET_HEX'],
    ['POST', '', '{', 400, 'MALFORMED_JSON_CONTENT'],
    ['POST', '', '[]', 400, 'MALFORMED_JSON_CONTENT'],
    ['GET', '?limit=many', undefined, 400, 'INVALID_LIMIT'],
    ['GET', '?after=nothing', undefined, 400, 'TOKEN_NOT_FOUND'],
    ['GET', '/short', undefined, 400, 'INVALID_ENDPOINT_NAME'],
    ['DELETE', '/short', undefined, 400, 'INVALID_ENDPOINT_NAME'],
    ['GET', '/my-endpoint-0001', undefined, 404, 'KEY_NOT_FOUND'],
  ] as const) {
    const answer = await request(method, base + path, body === undefined ? {} : { body });
    assert.deepEqual([answer.status, answer.text], [status, text], `${method} ${path} ${JSON.stringify(body)}`);
  }
  const full = await request('POST', base, { body: { endpoint_name: 'my-endpoint-0001', secret_hex: secret } });
  assert.deepEqual([full.status, full.body.type], [403, 'account_limit_exceeded']);
});
