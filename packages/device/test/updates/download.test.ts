import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { backgroundTimers, type Timers } from '@mooring/platform';
import { type DownloadWorld, downloadImage, imagePath, keepImages } from '../../src/updates/download/download.ts';
import { httpSource } from '../../src/updates/download/http.ts';

const image = randomBytes(300_000);
const digest = createHash('sha256').update(image).digest('hex');
/** Pauses pass at once. */
const timers: Timers = { now: backgroundTimers.now, after: (_, run) => backgroundTimers.after(0, run) };

let folder: string;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: (string | undefined)[];

before(async () => {
  server = createServer((request, response) => {
    requests.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async (t) => {
  requests = [];
  folder = await mkdtemp(join(tmpdir(), 'mooring-download-'));
  (t as unknown as { after(work: () => unknown): void }).after(() => rm(folder, { recursive: true }));
});

const world = (more: Partial<DownloadWorld> = {}): DownloadWorld => ({
  folder,
  timers,
  signal: new AbortController().signal,
  source: (scheme) => (scheme === 'http' ? httpSource : undefined),
  ...more,
});
const uri = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
const download = (more: Partial<DownloadWorld> = {}, size = image.length) =>
  downloadImage({ uri: uri(), size, digest }, world(more));

const startOf = ({ headers }: IncomingMessage): number => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);

/** As a good server does. */
function serve(request: IncomingMessage, response: ServerResponse, until = image.length): void {
  const start = startOf(request);
  const range = `bytes ${start}-${image.length - 1}/${image.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    'Content-Length': image.length - start,
    ...(start > 0 ? { 'Content-Range': range } : {}),
  });
  if (until >= image.length) response.end(image.subarray(start));
  else response.write(image.subarray(start, until), () => response.destroy());
}

test('an image is downloaded once', async () => {
  answer = serve;
  const path = await download();
  assert.equal(path, imagePath(folder, digest));
  assert.deepEqual(await readFile(path), image);
  await download();
  assert.equal(requests.length, 1);
});

test('network lost at every block: each attempt goes on where the last one ended', async () => {
  let at = 0;
  answer = (request, response) => {
    at = Math.max(at, startOf(request)) + 7_777;
    serve(request, response, at);
  };
  assert.deepEqual(await readFile(await download()), image);
  assert.ok(requests.length > 30, `${requests.length} requests`);
  assert.equal(requests.filter((range) => range === undefined).length, 1);
});

test('a server that knows no ranges sends all again, and that is taken', async () => {
  let first = true;
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': image.length });
    if (!first) response.end(image);
    else response.write(image.subarray(0, 100_000), () => response.destroy());
    first = false;
  };
  assert.deepEqual(await readFile(await download()), image);
});

test('what was kept by an earlier program is gone on with; what is wrong of it is fetched anew', async () => {
  answer = serve;
  await writeFile(`${imagePath(folder, digest)}.part`, image.subarray(0, 200_000));
  await download();
  assert.deepEqual(requests, ['bytes=200000-']);
  await keepImages(folder, new Set());
  await writeFile(`${imagePath(folder, digest)}.part`, randomBytes(200_000));
  requests = [];
  assert.deepEqual(await readFile(await download()), image);
  assert.deepEqual(requests, ['bytes=200000-', undefined]);
});

const refused = { code: 'update.image.wrong' };
for (const [what, lie] of [
  [
    'another length',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, { 'Content-Length': 5 }).end('short'),
  ],
  [
    'more than it says',
    (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(200).end(Buffer.concat([image, Buffer.alloc(9)])),
  ],
  [
    'other bytes',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(200).end(randomBytes(image.length)),
  ],
  ['no image', (_: IncomingMessage, response: ServerResponse) => response.writeHead(404).end()],
  [
    'an endless redirect',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { Location: '/image' }).end(),
  ],
] as const) {
  test(`a server with ${what} is found out`, async () => {
    answer = lie;
    await assert.rejects(download(), refused);
    assert.deepEqual(await readdir(folder), [], 'and nothing is kept');
  });
}

test('a range of something else is found out', async () => {
  await writeFile(`${imagePath(folder, digest)}.part`, image.subarray(0, 1000));
  answer = (_, response) => response.writeHead(206, { 'Content-Range': 'bytes 0-299999/300000' }).end(image);
  await assert.rejects(download(), refused);
});

test('a server that is busy is asked again, one that never answers is given up', async () => {
  let count = 0;
  answer = (request, response) => (++count < 5 ? response.writeHead(503).end() : serve(request, response));
  await download();
  assert.equal(requests.length, 5);
  await keepImages(folder, new Set());
  answer = (_, response) => response.destroy();
  await assert.rejects(download(), { code: 'update.download' });
});

test('space is looked at first', async () => {
  answer = serve;
  await assert.rejects(download({ free: async () => 100_000 }), { code: 'update.space' });
  assert.equal(requests.length, 0);
});

test('an address of another kind is refused', async () => {
  await assert.rejects(downloadImage({ uri: 'ftp://x/y', size: 1, digest }, world()), refused);
});
