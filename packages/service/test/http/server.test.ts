import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHttpServer } from '../../src/http/index.ts';
import type { Domain } from '../../src/storage/context.ts';
import { service } from './service-fixture.ts';

/** Open to everyone on purpose. */
const open = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/v3/openapi.json',
  '/v3/portal/state',
  '/v3/portal/sign-in',
  '/v3/portal/links/show',
  '/v3/portal/links/redeem',
];

test('every route names the permission it needs', async () => {
  const app = createHttpServer({} as Domain, { metrics: async () => '' });
  const without: string[] = [];
  app.addHook('onRoute', ({ url, config }) => {
    const permission = config?.permission;
    if (permission === undefined || (permission === null && !open.includes(url))) without.push(url);
  });
  await app.ready();
  assert.deepEqual(without, []);
  await app.close();
});

test('every answer carries a request id of its own, errors say it in the body', async (t) => {
  const { request } = await service(t);
  const seen = new Set<unknown>();
  for (const [method, url, options] of [
    ['GET', '/v3/accounts/me', {}],
    ['GET', '/v3/accounts/me', { key: null }],
    ['GET', '/v3/nothing', {}],
    ['GET', '/healthz', { key: null }],
    ['POST', '/v3/api-keys', { body: '{' }],
  ] as const) {
    const { headers, body, status } = await request(method, url, options);
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{32}$/, url);
    if (status >= 400) assert.equal(body.request_id, headers['x-request-id']);
    seen.add(headers['x-request-id']);
  }
  assert.equal(seen.size, 5);
});

test('each kind of error has the envelope of the contract', async (t) => {
  const { request, developer } = await service(t);
  const missing = '01619571e2e90242ac12000600000000';
  for (const [method, url, options, status, reason, type, fields] of [
    ['GET', '/v3/nothing', {}, 404, 'Not Found', 'not_found', []],
    ['GET', '/', { key: null }, 404, 'Not Found', 'not_found', []],
    ['PATCH', '/v3/api-keys', {}, 405, 'Method Not Allowed', 'method_not_allowed', []],
    ['DELETE', '/v3/accounts/me/', {}, 405, 'Method Not Allowed', 'method_not_allowed', []],
    ['GET', `/v3/api-keys/${missing}`, {}, 404, 'Not Found', 'not_found', []],
    ['GET', '/v3/api-keys/%00', {}, 404, 'Not Found', 'not_found', []],
    ['GET', '/v3/api-keys/%zz', {}, 400, 'Bad Request', 'bad_request', []],
    ['GET', `/v3/api-keys/${'x'.repeat(300)}`, {}, 414, 'URI Too Long', 'bad_request', []],
    ['GET', `/v3/developer-certificates/${missing}/`, {}, 404, 'Not Found', 'not_found', []],
    ['DELETE', `/v3/trusted-certificates/${missing}`, {}, 404, 'Not Found', 'not_found', []],
    ['GET', '/v3/accounts/me', { key: null }, 401, 'Unauthorized', 'invalid_auth', []],
    ['POST', '/v3/api-keys', { key: developer, body: { name: 'x' } }, 403, 'Forbidden', 'forbidden', []],
    ['POST', '/v3/api-keys', { body: '{' }, 400, 'Bad Request', 'validation_error', ['body']],
    ['POST', '/v3/api-keys', { body: '[]' }, 400, 'Bad Request', 'validation_error', ['body']],
    ['POST', '/v3/api-keys', {}, 400, 'Bad Request', 'validation_error', ['body']],
    ['POST', '/v3/api-keys', { body: {} }, 400, 'Bad Request', 'validation_error', ['name']],
    [
      'POST',
      '/v3/api-keys',
      { body: { name: 5, status: 'BROKEN', groups: 'x' } },
      400,
      'Bad Request',
      'validation_error',
      ['name', 'groups', 'status'],
    ],
    [
      'POST',
      '/v3/api-keys',
      { body: { name: 'x', groups: ['none'] } },
      400,
      'Bad Request',
      'validation_error',
      ['groups'],
    ],
    ['POST', '/v3/api-keys', { body: { name: ' ' } }, 400, 'Bad Request', 'validation_error', ['name']],
    ['POST', '/v3/api-keys', { body: { name: 'a\u001b[2Jb' } }, 400, 'Bad Request', 'validation_error', ['name']],
    ['POST', '/v3/api-keys', { body: { name: 'x'.repeat(101) } }, 400, 'Bad Request', 'validation_error', ['name']],
    ['POST', '/v3/api-keys', { body: { name: 'admin' } }, 409, 'Conflict', 'duplicate', ['name']],
    ['POST', '/v3/api-keys', { body: 'x'.repeat(2 ** 21) }, 413, 'Payload Too Large', 'payload_too_large', []],
    [
      'POST',
      '/v3/api-keys',
      { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'Unsupported Media Type',
      'unsupported_media_type',
      [],
    ],
    [
      'GET',
      '/v3/trusted-certificates?limit=x&valid__eq=y',
      {},
      400,
      'Bad Request',
      'validation_error',
      ['limit', 'valid__eq'],
    ],
  ] as const) {
    const answer = await request(method, url, options);
    const place = `${method} ${url} ${JSON.stringify(options).slice(0, 80)}`;
    assert.equal(answer.status, status, `${place}: ${answer.text}`);
    assert.equal(answer.reason, reason, place);
    assert.match(String(answer.headers['content-type']), /^application\/json/, place);
    assert.equal(answer.body.object, 'error', place);
    assert.equal(answer.body.code, status, place);
    assert.equal(answer.body.type, type, place);
    assert.ok(answer.body.message.length > 5, place);
    assert.deepEqual(
      answer.body.fields.map(({ name }: { name: string }) => name),
      fields,
      place,
    );
  }
});

test('a wrong method is told with those that there are', async (t) => {
  const { request } = await service(t);
  assert.equal((await request('PATCH', '/v3/accounts/me')).headers.allow, 'GET, HEAD, PUT');
  assert.equal((await request('GET', '/v3/api-keys/me', { key: null })).headers['www-authenticate'], 'Bearer');
});

test('a fault of the service tells nothing of its insides', async (t) => {
  const { domain, request } = await service(t);
  await domain.storage.db.schema
    .dropTable('trusted_certificates')
    .execute()
    .catch(() => undefined);
  await domain.storage.db.schema.dropTable('developer_certificates').execute();
  const answer = await request('GET', '/v3/developer-certificates/01619571e2e90242ac12000600000000');
  assert.equal(answer.status, 500);
  assert.equal(answer.body.type, 'internal_error');
  assert.doesNotMatch(answer.text, /sql|table|developer_certificates/i);
});

test('what is no HTTP at all gets an envelope too', async (t) => {
  const { app } = await service(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const send = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
  for (const [bytes, status] of [
    ['GARBAGE\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    [`GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, 'HTTP/1.1 431 Request Header Fields Too Large'],
    ['GET /v3/nothing HTTP/1.1\r\nConnection: close\r\n\r\n', 'HTTP/1.1 404 Not Found'],
  ] as const) {
    const text = await send(bytes);
    assert.ok(text.startsWith(`${status}\r\n`), text);
    assert.match(text, /\r\nx-request-id: [0-9a-f]{32}\r\n/i);
    assert.equal(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).object, 'error');
  }
});

test('both slash forms are the same resource, without a redirect', async (t) => {
  const { request, app } = await service(t);
  await app.ready();
  for (const url of [
    '/v3/accounts/me',
    '/v3/api-keys',
    '/v3/api-keys/me',
    '/v3/trusted-certificates',
    '/v3/server-credentials/lwm2m',
  ]) {
    const without = await request('GET', url);
    assert.equal(without.status, 200, url);
    for (const form of [`${url}/`, `/${url}`, `${url}/?limit=5`])
      assert.equal((await request('GET', form)).status, 200, form);
  }
  const { id } = (await request('POST', '/v3/developer-certificates/', { body: { name: 'a' } })).body;
  assert.equal((await request('GET', `/v3/developer-certificates/${id}/`)).status, 200);
  assert.equal((await request('DELETE', `/v3/trusted-certificates/${id}/`)).status, 204);
});

test('HEAD and odd headers on GET do no harm', async (t) => {
  const { request } = await service(t);
  for (const headers of [
    { accept: 'text/plain' },
    { accept: 'text/uri-list' },
    { accept: 'application/vnd.nobody+xml;q=0.1' },
    { 'content-type': 'application/json', 'accept-encoding': 'identity' },
    { 'content-type': 'multipart/form-data' },
    { 'content-type': '???' },
  ]) {
    const { status, headers: answered } = await request('GET', '/v3/accounts/me', {
      headers: headers as Record<string, string>,
    });
    assert.equal(status, 200, JSON.stringify(headers));
    assert.match(String(answered['content-type']), /^application\/json/);
  }
  const head = await request('HEAD', '/v3/accounts/me');
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('answers with secrets are not kept by anything in between', async (t) => {
  const { request } = await service(t);
  const { headers } = await request('POST', '/v3/developer-certificates', { body: { name: 'a' } });
  assert.equal(headers['cache-control'], 'no-store');
});

test('the OpenAPI page is made from the routes', async (t) => {
  const { request } = await service(t);
  const { body, status } = await request('GET', '/v3/openapi.json', { key: null });
  assert.equal(status, 200);
  assert.equal(body.openapi, '3.1.0');
  const list = body.paths['/v3/trusted-certificates'].get;
  assert.equal(list.operationId, 'getAllCertificates');
  assert.deepEqual(list.security, [{ Bearer: [] }, { Session: [] }]);
  assert.ok(list.parameters.some(({ name }: { name: string }) => name === 'device_execution_mode__eq'));
  assert.equal(
    body.paths['/v3/developer-certificates'].post.requestBody.content['application/json'].schema.$ref,
    '#/components/schemas/DeveloperCertificateRequestData',
  );
  assert.deepEqual(body.paths['/v3/api-keys/{apikey_id}'].get.parameters[0].name, 'apikey_id');
  assert.ok(body.components.schemas.AccountInfo && body.components.schemas.ErrorResponse);
  assert.equal(body.components.securitySchemes.Bearer.scheme, 'bearer');
  const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(!JSON.stringify(body).includes('"def-'), 'every schema has its name');
});

test('no request brings the service down or out of its envelope', async (t) => {
  const { request } = await service(t);
  const urls = fc.constantFrom(
    '/v3/api-keys',
    '/v3/developer-certificates',
    '/v3/trusted-certificates',
    '/v3/accounts/me',
  );
  await fc.assert(
    fc.asyncProperty(urls, fc.constantFrom('POST', 'PUT'), fc.json(), async (url, method, body) => {
      const answer = await request(method as 'POST', url, { body });
      assert.ok([200, 201, 400, 405, 409].includes(answer.status), `${method} ${url} ${body}: ${answer.status}`);
      if (answer.status >= 400) assert.equal(answer.body.code, answer.status);
    }),
    { numRuns: 200 },
  );
  const names = fc.record({
    name: fc.string({ unit: 'binary', maxLength: 120 }),
    description: fc.option(fc.string({ unit: 'binary', maxLength: 20 })),
  });
  await fc.assert(
    fc.asyncProperty(names, async (body) => {
      const answer = await request('POST', '/v3/developer-certificates', { body });
      assert.ok([201, 400, 409].includes(answer.status), answer.text);
      if (answer.status === 201) assert.equal(answer.body.name, JSON.parse(JSON.stringify(body)).name);
    }),
    { numRuns: 100 },
  );
});
