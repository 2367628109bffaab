import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isMooringError, type MooringError } from '@mooring/platform';
import { RestClient } from '@mooring/rest';
import { type Reply, stub } from './service-stub.ts';

const apiKey = `ak_1${'A'.repeat(43)}${'0'.repeat(32)}${'S'.repeat(32)}`;
const id = '01619571e2e90242ac12000600000000';

const clientFor = (url: string, more: { timeout?: number } = {}) =>
  new RestClient({ url, apiKey, userAgent: 'test/1', ...more });

async function failureOf(work: Promise<unknown>): Promise<MooringError> {
  try {
    await work;
  } catch (error) {
    assert.ok(isMooringError(error), String(error));
    assert.ok(error.next, 'says what to do');
    const everything = [error.message, error.next, error.stack, JSON.stringify(error.data), String(error.cause)].join();
    assert.ok(!everything.includes(apiKey) && !everything.includes('SSSS'), 'the API key is not in the error');
    return error;
  }
  throw new Error('nothing failed');
}

test('requests are as the contract has them', async (t) => {
  const service = await stub(t, () => ({ body: { id, data: [] } }));
  const client = clientFor(`${service.url}/`);
  await client.account({ limits: true, policies: true });
  await client.developerCertificates.create({ name: 'mycert' });
  await client.trustedCertificates.get('a/b');
  const [account, created, odd] = service.requests;
  assert.equal(account?.path, '/v3/accounts/me?include=limits%2Cpolicies');
  assert.equal(account?.headers.authorization, `Bearer ${apiKey}`);
  assert.equal(account?.headers['user-agent'], 'test/1');
  assert.deepEqual(
    [created?.method, created?.path, created?.body],
    ['POST', '/v3/developer-certificates', '{"name":"mycert"}'],
  );
  assert.equal(created?.headers['content-type'], 'application/json');
  assert.equal(odd?.path, '/v3/trusted-certificates/a%2Fb');
});

test('a key that is pasted with "Bearer" and blanks around it is the key', async (t) => {
  const service = await stub(t, () => ({ body: {} }));
  await new RestClient({ url: service.url, apiKey: ` Bearer ${apiKey}\n`, userAgent: 'test/1' }).account();
  assert.equal(service.requests[0]?.headers.authorization, `Bearer ${apiKey}`);
});

test('lists are walked through page by page', async (t) => {
  const service = await stub(t, (path): Reply => {
    const after = new URL(path, 'http://x').searchParams.get('after');
    if (after === null) return { body: { data: [{ id: '1' }, { id: '2' }], has_more: true } };
    return { body: { data: after === '2' ? [{ id: '3' }] : [] } };
  });
  const seen: string[] = [];
  for await (const { id } of clientFor(service.url).trustedCertificates.list({ name__eq: 'a&b' })) seen.push(id);
  assert.deepEqual(seen, ['1', '2', '3']);
  assert.match(service.requests[1]?.path ?? '', /name__eq=a%26b&limit=100&after=2$/);
});

test('a service that never ends its list is noticed', async (t) => {
  const service = await stub(t, () => ({ body: { data: [{ id: '1' }], has_more: true } }));
  const walk = async () => {
    for await (const _ of clientFor(service.url).apiKeys.list()) void _;
  };
  assert.equal((await failureOf(walk())).code, 'rest.answer.foreign');
});

test('deleting takes an answer without a body', async (t) => {
  const service = await stub(t, () => ({ status: 204 }));
  assert.equal(await clientFor(service.url).trustedCertificates.delete(id), undefined);
});

const envelope = (code: number, type: string, message: string, fields: unknown[] = []): Reply => ({
  status: code,
  body: { object: 'error', code, type, message, request_id: 'r1', fields },
});

test('what the service refuses is told in its own words, with what to do', async (t) => {
  let reply: Reply = {};
  const service = await stub(t, () => reply);
  const cases: [Reply, code: string, message: RegExp][] = [
    [
      envelope(400, 'validation_error', 'Not valid', [{ name: 'name', message: 'Is too long' }]),
      'rest.invalid',
      /Not valid\. name: Is too long\./,
    ],
    [envelope(401, 'invalid_auth', `${apiKey} is unknown`), 'rest.unauthorized', /does not accept the API key/],
    [{ status: 401, body: 'Unauthorized' }, 'rest.unauthorized', /does not accept/],
    [envelope(403, 'account_limit_exceeded', 'Too many'), 'rest.forbidden', /Too many\./],
    [envelope(404, 'not_found', 'No such certificate'), 'rest.not.found', /No such certificate\./],
    [envelope(409, 'duplicate', 'The name mycert is taken'), 'rest.conflict', /mycert is taken/],
    [envelope(429, 'too_many_requests', 'Slow down'), 'rest.limited', /Slow down/],
    [envelope(500, 'internal_error', 'Oops'), 'rest.server.failed', /HTTP 500\): Oops/],
    [{ status: 502, body: '<html>Bad gateway</html>' }, 'rest.server.failed', /HTTP 502/],
    [{ status: 200, body: '<!DOCTYPE html><title>Login</title>' }, 'rest.answer.foreign', /web page/],
    [
      { status: 302, headers: { location: 'http://login.hotel' } },
      'rest.answer.foreign',
      /elsewhere \(http:\/\/login\.hotel\)/,
    ],
    [{ status: 200, body: 'OK' }, 'rest.answer.foreign', /not JSON/],
    [{ status: 404, body: 'nginx' }, 'rest.answer.foreign', /not JSON \(HTTP 404\)/],
    [{ status: 200, body: [] }, 'rest.answer.foreign', /not JSON|web page/],
  ];
  for (const [given, code, message] of cases) {
    reply = given;
    const error = await failureOf(clientFor(service.url).account());
    assert.equal(error.code, code, JSON.stringify(given));
    assert.match(error.message, message);
    assert.equal(error.data?.status, given.status);
  }
  reply = envelope(409, 'duplicate', 'Taken');
  assert.deepEqual((await failureOf(clientFor(service.url).account())).data, {
    status: 409,
    url: service.url,
    request: 'GET /v3/accounts/me',
    said: 'Taken',
    type: 'duplicate',
    requestId: 'r1',
    fields: [],
  });
});

test('what the network does is told by its cause', async (t) => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const refused = await failureOf(clientFor(`http://127.0.0.1:${port}`).account());
  assert.equal(refused.code, 'rest.unreachable');
  assert.match(refused.message, /Nothing listens at 127\.0\.0\.1:\d+/);

  const unknown = await failureOf(clientFor('http://no-such-host.invalid').account());
  assert.equal(unknown.code, 'rest.unreachable');
  assert.match(unknown.message, /no-such-host\.invalid/);

  const cut = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => cut.listen(0, '127.0.0.1', resolve));
  t.after(() => cut.close());
  const reset = await failureOf(clientFor(`http://127.0.0.1:${(cut.address() as { port: number }).port}`).account());
  assert.match(reset.message, /cut the connection/);
  assert.match(reset.next ?? '', /https:\/\//);

  const other = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const ssh = await failureOf(clientFor(`http://127.0.0.1:${(other.address() as { port: number }).port}`).account());
  assert.equal(ssh.code, 'rest.answer.foreign');
});

test('a service that does not answer is given up after the time-out', async (t) => {
  const service = await stub(t, () => new Promise<Reply>(() => undefined));
  const error = await failureOf(clientFor(service.url, { timeout: 50 }).account());
  assert.equal(error.code, 'rest.timeout');
  assert.match(error.message, /within 0\.05 s/);
});

test('a caller can stop a request', async (t) => {
  const service = await stub(t, () => new Promise<Reply>(() => undefined));
  const stop = new AbortController();
  const call = new RestClient({ url: service.url, userAgent: 'test/1', signal: stop.signal }).account();
  stop.abort();
  await assert.rejects(call, { name: 'AbortError' });
});

test('addresses and keys that cannot be meant are refused before anything is sent', () => {
  for (const url of ['', 'service.example', 'ftp://x', 'localhost:8080', 'http://', 'https://user:pw@x']) {
    assert.throws(() => clientFor(url), { code: 'rest.url.invalid' }, url);
  }
  for (const key of ['ak_1 x', 'ak_1\nx', 'ak_1ü']) {
    assert.throws(() => new RestClient({ url: 'http://x', apiKey: key, userAgent: 'test/1' }), {
      code: 'rest.key.malformed',
    });
  }
});

test('a program that only wants the client does not load the schemas', () => {
  const program = `
    const loaded = [];
    (await import('node:module')).registerHooks({
      load(url, context, next) { loaded.push(url); return next(url, context); },
    });
    const { RestClient } = await import('@mooring/rest');
    new RestClient({ url: 'http://x', userAgent: 'x' });
    process.stdout.write(loaded.filter((url) => url.includes('typebox') || url.includes('schemas')).join());`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  assert.deepEqual([run.stdout, run.status], ['', 0], run.stderr);
});
