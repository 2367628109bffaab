import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedClock, systemClock } from '@mooring/platform';
import { askService } from '../../src/admin/client.ts';
import { createHttpServer } from '../../src/http/index.ts';
import { type LogLevel, lineLog } from '../../src/serve/log.ts';
import type { Domain } from '../../src/storage/context.ts';
import { start } from './service.ts';

const clock = fixedClock('2026-01-02T03:04:05Z');

function written(format: 'text' | 'json', least?: LogLevel) {
  const lines: string[] = [];
  return { lines, log: lineLog(format, clock, (line) => lines.push(line), least) };
}

test('a level leaves out what is less', () => {
  for (const [least, count] of [
    ['debug', 4],
    ['info', 3],
    ['warning', 2],
    ['error', 1],
  ] as const) {
    const { lines, log } = written('json', least);
    for (const level of ['debug', 'info', 'warning', 'error'] as const) log[level]('e', 'm');
    assert.equal(lines.length, count, least);
  }
});

test('what looks like a secret is not written, wherever it came from', () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n';
  const key = `ak_1${'M'.repeat(43)}${'0'.repeat(32)}${'S'.repeat(32)}`;
  for (const format of ['text', 'json'] as const) {
    const { lines, log } = written(format);
    const link = `https://portal.example/welcome#ml_${'L'.repeat(43)}`;
    log.warning('e', `a page sent ${link} with mooring=ms_${'C'.repeat(43)}`, { link });
    log.error('e', `failed with ${pem} and ${key}`, { header: `Bearer ${key}`, other: 'Bearer opaque-token', pem });
    const text = lines.join('');
    assert.doesNotMatch(text, /MIGH|SSSS|opaque|LLLL|CCCC/, text);
    assert.equal(lines.length, 2);
  }
});

/** Every route of the service, with a path that can be asked. */
async function routes(): Promise<{ method: string; url: string }[]> {
  const app = createHttpServer({} as Domain);
  const found: { method: string; url: string }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    // One goes on until its caller leaves, and has tests of its own.
    if (url === '/v3/portal/events') return;
    // And one waits for half a minute: once is enough.
    for (const each of [method].flat()) {
      if (each !== 'HEAD' || url !== '/v2/notification/pull') found.push({ method: each, url });
    }
  });
  await app.ready();
  await app.close();
  return found;
}

test('one line per request, and through all routes no secret in any', async (t) => {
  const { lines, log } = written('json', 'debug');
  const service = await start(t, {}, { log, clock: systemClock });
  const { key } = (await askService(service.adminSocket, 'api-key create', { name: 'one' }))?.result ?? assert.fail();
  const authorization = `Bearer ${key}`;
  const made = await fetch(`${service.url}/v3/developer-certificates`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{"name":"dev"}',
  });
  const { developer_private_key: pem } = (await made.json()) as { developer_private_key: string };
  const body = JSON.stringify({ name: 'pasted', certificate: pem, service: 'bootstrap', secret: key });
  const all = await routes();
  assert.ok(all.length > 20);
  let count = 1;
  for (const { method, url } of all) {
    const path = url.replaceAll(/:\w+/g, key);
    const given = method === 'GET' || method === 'HEAD' ? {} : { body };
    for (const headers of [
      { authorization, 'content-type': 'application/json' },
      { authorization: `Bearer x${key}` },
    ]) {
      const answer = await fetch(`${service.url}${path}?filter=${key}`, { method, headers, ...given });
      await answer.arrayBuffer();
      count++;
    }
  }
  const entries = lines.map((line) => JSON.parse(line));
  const requests = entries.filter(({ event }) => event === 'request');
  assert.equal(requests.length, count);
  for (const entry of requests) {
    const fields = ['time', 'level', 'event', 'message', 'requestId', 'method', 'route', 'status', 'milliseconds'];
    assert.deepEqual(Object.keys(entry).slice(0, 9), fields);
    assert.match(entry.requestId, /^[0-9a-f]{32}$/);
  }
  const first = requests[0];
  assert.deepEqual([first.route, first.status, first.actorKind], ['/v3/developer-certificates', 201, 'api-key']);
  assert.ok(key.includes(first.actor), 'the id of the key is told');

  const text = lines.join('');
  const secret = key.slice(-32);
  const base64 = pem.split('\n')[1] ?? assert.fail();
  for (const hidden of [secret, base64, 'BEGIN', 'Bearer', 'authorization']) {
    assert.ok(!text.includes(hidden), `${hidden} is in the log`);
  }
});

test('a request that fails of the service is in the log with its id, and what it failed of', async (t) => {
  const { lines, log } = written('json');
  const service = await start(t, {}, { log });
  const { key } = (await askService(service.adminSocket, 'api-key create', { name: 'one' }))?.result ?? assert.fail();
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(`${service.data}/mooring.sqlite`);
  database.exec('drop table developer_certificates');
  database.close();
  const answer = await fetch(`${service.url}/v3/developer-certificates/${'0'.repeat(32)}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  assert.equal(answer.status, 500);
  const failed = lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'request.failed');
  assert.equal(failed.requestId, answer.headers.get('x-request-id'));
  assert.match(failed.message, /no such table/);
});
