import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { RestClient } from '../src/client/client.ts';
import { bytesContent, type FormPart, fileContent, multipartForm, type Upload } from '../src/client/multipart-form.ts';
import { stub } from './service-stub.ts';

const userAgent = 'test';

async function whole(upload: Upload): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of upload.pieces()) pieces.push(piece);
  return Buffer.concat(pieces);
}

function file(t: TestContext, content: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'upload-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'fw.bin');
  writeFileSync(path, content);
  return path;
}

test('a form is what every reader of forms takes it for, and as long as it says', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const parts = fc.array(
    fc.record({ name: fc.string({ minLength: 1 }), text: fc.option(fc.string()), bytes, filename: fc.string() }),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(parts, async (described) => {
      const form = multipartForm(
        described.map(
          ({ name, text, bytes, filename }): FormPart =>
            text !== null
              ? { name, text }
              : { name, filename, contentType: 'application/octet-stream', content: bytesContent(bytes) },
        ),
        'c0ffee00c0ffee00c0ffee00c0ffee00',
      );
      const body = await whole(form);
      assert.equal(body.length, form.size);
      if (described.length === 0) return;
      const read = await new Response(body, { headers: { 'Content-Type': form.contentType } }).formData();
      const found = await Promise.all(
        [...read.values()].map(async (value) =>
          typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer()).toString('hex'),
        ),
      );
      assert.deepEqual(
        found,
        described.map(({ text, bytes }) => (text === null ? Buffer.from(bytes).toString('hex') : text.toWellFormed())),
      );
    }),
    { numRuns: 60 },
  );
});

test('a file goes out in pieces, told one by one, and arrives as it is', async (t) => {
  const content = randomBytes(3_000_000);
  const service = await stub(t, () => ({ status: 201, body: { id: 'i' } }));
  const client = new RestClient({ url: service.url, apiKey: 'ak_1', userAgent });
  t.after(() => client.close());
  const told: number[] = [];
  const body = multipartForm(
    [{ name: 'datafile', filename: 'fw.bin', content: await fileContent(file(t, content)) }],
    'boundary',
  );
  assert.deepEqual(
    await client.request({ method: 'POST', path: '/v3/firmware-images/', body, sent: (bytes) => told.push(bytes) }),
    { id: 'i' },
  );
  assert.equal(service.requests[0]?.path, '/v3/firmware-images/');
  assert.equal(service.requests[0]?.headers['content-type'], 'multipart/form-data; boundary=boundary');
  assert.equal(Number(service.requests[0]?.headers['content-length']), body.size);
  assert.equal(told.at(-1), body.size);
  assert.ok(told.length > 10);
});

test('a part of a file, and none of it', async (t) => {
  const path = file(t, Buffer.from('0123456789'));
  const read = async (from: number, length: number) => {
    const content = await fileContent(path, from, length);
    return [content.size, (await whole({ ...content, contentType: '' })).toString()];
  };
  assert.deepEqual(await read(2, 3), [3, '234']);
  assert.deepEqual(await read(8, 5), [2, '89']);
  assert.deepEqual(await read(10, 5), [0, '']);
  await assert.rejects(fileContent(join(path, 'no')), { code: 'file.not.folder' });
});

test('a file that becomes shorter while it is sent ends the request with a sentence', async (t) => {
  const path = file(t, Buffer.alloc(10));
  const service = await stub(t, () => ({ body: {} }));
  const client = new RestClient({ url: service.url, userAgent });
  t.after(() => client.close());
  const body = { ...(await fileContent(path)), contentType: 'binary/octet-stream' };
  truncateSync(path, 4);
  await assert.rejects(client.request({ method: 'POST', path: '/v3/x', body }), { code: 'file.failed' });
});

test('a refusal before the end of an upload is heard', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(413, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ code: 413, message: 'An image may have 1 MB.' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new RestClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, userAgent });
  t.after(() => client.close());
  let asked = 0;
  const body: Upload = {
    contentType: 'binary/octet-stream',
    size: 1e9,
    async *pieces() {
      for (let at = 0; at < 1e9; at += 1e5, asked += 1e5) yield Buffer.alloc(1e5);
    },
  };
  await assert.rejects(client.request({ method: 'POST', path: '/v3/firmware-images', body }), {
    code: 'rest.invalid',
    message: /An image may have 1 MB\./,
  });
  assert.ok(asked < 1e9, 'the rest is not sent');
});

test('a request without a body in the answer gives nothing', async (t) => {
  const service = await stub(t, () => ({ status: 202 }));
  const client = new RestClient({ url: service.url, userAgent });
  t.after(() => client.close());
  assert.equal(await client.request({ method: 'POST', path: '/v3/update-campaigns/1/start' }), undefined);
  assert.equal(service.requests[0]?.headers['content-type'], undefined);
});
