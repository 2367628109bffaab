import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createHttpServer } from '../../src/http/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { service } from './service-fixture.ts';

const script = `console.log(${JSON.stringify('a'.repeat(2000))});\n`;

async function built(t: TestContext) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Mooring</title>');
  writeFileSync(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets/index-B7xY_k29.js'), script);
  writeFileSync(join(folder, 'assets/index-B7xY_k29.js.br'), 'as the build made it');
  writeFileSync(join(folder, 'assets/font-Ab12cd34.woff2'), Buffer.alloc(2000));
  const { domain } = await service(t);
  const app = createHttpServer(domain, { portal: folder });
  t.after(() => app.close());
  const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
    app.inject({ method, url, headers });
  return { get };
}

const page = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('the page, its files, and deep links into it', async (t) => {
  const { get } = await built(t);
  for (const url of ['/', '/index.html', '/devices', '/devices/0161dbbcdd66?tab=log', '/welcome']) {
    const answer = await get(url, page);
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'text/html; charset=utf-8'], url);
    assert.equal(answer.headers['cache-control'], 'no-cache');
    assert.match(answer.payload, /Mooring/);
  }
  const asset = await get('/assets/index-B7xY_k29.js');
  assert.equal(asset.payload, script);
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal((await get('/favicon.svg')).headers['cache-control'], 'no-cache');
  assert.equal((await get('/', page, 'HEAD')).payload, '');
});

test('what is no page is none: the API, files that there are not, and other methods', async (t) => {
  const { get } = await built(t);
  for (const [url, headers, method, status] of [
    ['/v3/nothing', page, 'GET', 404],
    ['/v2/nothing', page, 'GET', 404],
    ['/healthz/x', page, 'GET', 404],
    ['/assets/gone-12345678.js', page, 'GET', 404],
    ['/devices', { accept: 'application/json' }, 'GET', 404],
    ['/devices', page, 'POST', 404],
    ['/..%2f..%2fetc/passwd', {}, 'GET', 404],
    ['/../../etc/passwd', {}, 'GET', 404],
    ['/index.html.br', {}, 'GET', 404],
    ['/assets/index-B7xY_k29.js.br', {}, 'GET', 404],
    ['//evil.example', { accept: 'application/json' }, 'GET', 404],
  ] as const) {
    const answer = await get(url, headers, method);
    assert.equal(answer.statusCode, status, url);
    assert.equal(answer.json().object, 'error', url);
  }
});

test('a page may run and show what comes from here alone, and stands in nobody’s frame', async (t) => {
  const { get } = await built(t);
  const { headers } = await get('/', page);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /style-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.deepEqual(
    ['x-content-type-options', 'referrer-policy', 'x-frame-options', 'cross-origin-opener-policy'].map(
      (name) => headers[name],
    ),
    ['nosniff', 'no-referrer', 'DENY', 'same-origin'],
  );
  const api = await get('/v3/openapi.json');
  assert.equal(api.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
});

test('files come compressed as the browser takes them, and not again when it has them', async (t) => {
  const { get } = await built(t);
  const at = '/assets/index-B7xY_k29.js';
  const brotli = await get(at, { 'accept-encoding': 'gzip, deflate, br, zstd' });
  assert.deepEqual([brotli.headers['content-encoding'], brotli.payload], ['br', 'as the build made it']);
  const gzip = await get(at, { 'accept-encoding': 'gzip, br;q=0' });
  assert.equal(gunzipSync(gzip.rawPayload).toString(), script);
  assert.notEqual(gzip.headers.etag, brotli.headers.etag);
  assert.equal(brotli.headers.vary, 'Accept-Encoding');
  const svg = await get('/favicon.svg', { 'accept-encoding': 'br' });
  assert.equal(svg.headers['content-encoding'], undefined, 'too small to gain by it');
  const font = await get('/assets/font-Ab12cd34.woff2', { 'accept-encoding': 'br' });
  assert.equal(font.headers['content-encoding'], undefined, 'compressed already');
  const again = await get(at, { 'accept-encoding': 'br', 'if-none-match': `"x", W/${brotli.headers.etag}` });
  assert.deepEqual([again.statusCode, again.payload], [304, '']);
});

test('without a build a page says so, and a program gets an error', async (t) => {
  const { app } = await service(t);
  const answer = await app.inject({ url: '/', headers: page });
  assert.equal(answer.statusCode, 200);
  assert.match(answer.payload, /was not built/);
  const compressed = await app.inject({ url: '/', headers: { ...page, 'accept-encoding': 'br' } });
  const text = compressed.headers['content-encoding']
    ? brotliDecompressSync(compressed.rawPayload)
    : compressed.payload;
  assert.match(String(text), /was not built/);
  assert.equal((await app.inject({ url: '/', headers: {} })).statusCode, 404);
});
