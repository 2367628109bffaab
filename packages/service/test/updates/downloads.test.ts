import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemTimers, type Timers } from '@mooring/platform';
import { operator } from '../../src/accounts/index.ts';
import type { ServiceSettings } from '../../src/serve/settings.ts';
import { parseRange } from '../../src/updates/downloads/range.ts';
import { type DownloadOptions, type DownloadServer, startDownloads } from '../../src/updates/downloads/server.ts';
import { deleteFirmwareImage, type FirmwareImage } from '../../src/updates/images/image.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { uploaded, watchBlobs } from './image-fixture.ts';

const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
const day = 24 * 60 * 60 * 1000;

interface Listening extends Fixture {
  server: DownloadServer;
  image: FirmwareImage;
  /** What a client asks for. */
  path: string;
  etag: string;
  blobs: { open: number };
  faults: unknown[];
}

async function listening(
  t: TestContext,
  options: Partial<DownloadOptions> = {},
  { content = bytes, settings = {} }: { content?: Uint8Array; settings?: Partial<ServiceSettings> } = {},
): Promise<Listening> {
  const fixture = await service(t, settings);
  const { image, uri } = await uploaded(fixture.domain, operator(fixture.accountId), content);
  const blobs = watchBlobs(fixture.domain);
  const faults: unknown[] = [];
  const fault = (error: unknown) => faults.push(error);
  const server = await startDownloads(fixture.domain, {
    host: '127.0.0.1',
    port: 0,
    rate: 0,
    most: 0,
    fault,
    ...options,
  });
  t.after(() => server.close());
  return { ...fixture, server, image, path: new URL(uri).pathname, etag: `"${image.checksum}"`, blobs, faults };
}

/** A client as old ones are: a connection, and the bytes that come. */
class RawClient {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  #received: Buffer[] = [];

  constructor(port: number, request: string, version = '1.1') {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data) => this.#received.push(data));
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve()));
    const [line, ...headers] = request.split('\n');
    const fields = ['Host: updates', 'Connection: close', ...headers];
    this.socket.write(`${line} HTTP/${version}\r\n${fields.join('\r\n')}\r\n\r\n`);
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }
}

interface RawAnswer {
  status: number;
  /** As they stand on the wire. */
  lines: string[];
  body: Buffer;
}

function answerIn(received: Buffer): RawAnswer {
  const end = received.indexOf('\r\n\r\n');
  assert.notEqual(end, -1, 'a whole head');
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]), lines, body: received.subarray(end + 4) };
}

async function ask({ server }: Listening, request: string, version?: string): Promise<RawAnswer> {
  const client = new RawClient(server.port, request, version);
  await client.ended;
  return answerIn(client.received);
}

const line = ({ lines }: RawAnswer, name: string): string | undefined =>
  lines.find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2);

async function until(what: string, is: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!is()) {
    if (performance.now() > deadline) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const version of ['1.0', '1.1']) {
  test(`the whole file over HTTP/${version}, its headers spelt as old clients look for them`, async (t) => {
    const one = await listening(t);
    const answer = await ask(one, `GET ${one.path}`, version);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, bytes);
    const { lines } = answer;
    for (const expected of [
      'Content-Length: 3000',
      'Content-Type: application/octet-stream',
      'Accept-Ranges: bytes',
      `ETag: ${one.etag}`,
      'Last-Modified: Sun, 22 Nov 2026 20:02:45 GMT',
    ]) {
      assert.ok(lines.includes(expected), `${expected} in ${lines.join(', ')}`);
    }
    assert.equal(line(answer, 'Transfer-Encoding'), undefined);
    await until('the end', () => one.server.counts.active === 0 && one.blobs.open === 0);
    const { completed, broken, refused } = one.server.counts;
    assert.deepEqual({ completed, broken, refused }, { completed: 1, broken: 0, refused: 0 });
  });
}

test('the link is good without a name, with another, with a query, below a path of a proxy, and as a whole address', async (t) => {
  const one = await listening(t);
  const short = one.path.replace(/\/fw\.bin$/, '');
  for (const path of [short, `${short}/other.bin`, `${short}?x=1`, `/mirror${short}`, `http://updates${short}`]) {
    assert.deepEqual((await ask(one, `GET ${path}`)).body, bytes, path);
  }
});

test('a link leads to a manifest and to nothing of another kind', async (t) => {
  const one = await listening(t);
  for (const kind of ['m', 'k']) {
    assert.equal((await ask(one, `GET ${one.path.replace('/f/', `/${kind}/`)}`)).status, 404);
  }
});

test('a part: of the beginning, the middle, the end, and from a byte on', async (t) => {
  const one = await listening(t);
  for (const [range, first, last] of [
    ['bytes=0-511', 0, 511],
    ['bytes=512-1023', 512, 1023],
    ['Bytes=512-1023', 512, 1023],
    ['bytes=2999-', 2999, 2999],
    ['bytes=1000-', 1000, 2999],
    ['bytes=2000-99999', 2000, 2999],
    ['bytes=-100', 2900, 2999],
    ['bytes=-99999', 0, 2999],
  ] as const) {
    const answer = await ask(one, `GET ${one.path}\nRange: ${range}`);
    assert.equal(answer.status, 206, range);
    assert.equal(line(answer, 'Content-Range'), `bytes ${first}-${last}/3000`);
    assert.equal(line(answer, 'Content-Length'), String(last - first + 1));
    assert.deepEqual(answer.body, bytes.subarray(first, last + 1));
  }
});

test('a range after the end is told, with the size; one that is not understood, or many, is the whole', async (t) => {
  const one = await listening(t);
  for (const range of ['bytes=3000-', 'bytes=3000-3001', 'bytes=-0']) {
    const answer = await ask(one, `GET ${one.path}\nRange: ${range}`);
    assert.equal(answer.status, 416, range);
    assert.equal(line(answer, 'Content-Range'), 'bytes */3000');
    assert.equal(line(answer, 'Content-Length'), String(answer.body.length));
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=5-1', 'bytes=-', 'lines=0-5', 'bytes=a-b', 'bytes=--5', '']) {
    const answer = await ask(one, `GET ${one.path}\nRange: ${range}`);
    assert.deepEqual([answer.status, answer.body.length], [200, 3000], range);
    assert.equal(line(answer, 'Content-Range'), undefined);
  }
});

test('a part lies within what there is, whatever the range and the size', () => {
  const numbers = ['', '0', '1', '9', '10', '11', '999999999999999', '99999999999999999999'];
  for (const size of [0, 1, 10]) {
    for (const from of numbers) {
      for (const to of numbers) {
        const part = parseRange(`bytes=${from}-${to}`, size);
        if (typeof part === 'string') continue;
        assert.ok(0 <= part.first && part.first <= part.last && part.last < size, `${from}-${to} of ${size}`);
      }
    }
  }
});

test('a download goes on only with what it began with', async (t) => {
  const one = await listening(t);
  const modified = 'Sun, 22 Nov 2026 20:02:45 GMT';
  for (const [condition, status, length] of [
    [one.etag, 206, 2000],
    [modified, 206, 2000],
    ['"other"', 200, 3000],
    // A weak one never matches (RFC 9110 §13.1.5).
    [`W/${one.etag}`, 200, 3000],
    ['Sun, 22 Nov 2026 20:02:44 GMT', 200, 3000],
  ] as const) {
    const answer = await ask(one, `GET ${one.path}\nRange: bytes=1000-\nIf-Range: ${condition}`);
    assert.deepEqual([answer.status, answer.body.length], [status, length], condition);
  }
  const past = await ask(one, `GET ${one.path}\nRange: bytes=3000-\nIf-Range: "other"`);
  assert.equal(past.status, 200, 'a range of something else is no fault');
});

test('what a client has already is not sent again, whatever part it asks for', async (t) => {
  const one = await listening(t);
  for (const range of ['', '\nRange: bytes=0-5', '\nRange: bytes=3000-']) {
    const answer = await ask(one, `GET ${one.path}\nIf-None-Match: ${one.etag}${range}`);
    assert.deepEqual([answer.status, answer.body.length], [304, 0], range);
  }
  assert.equal((await ask(one, `GET ${one.path}\nIf-None-Match: "other"`)).status, 200);
});

test('HEAD tells of the whole, whatever the range, and sends nothing of it', async (t) => {
  const one = await listening(t);
  for (const range of ['', '\nRange: bytes=5-9', '\nRange: bytes=3000-']) {
    const answer = await ask(one, `HEAD ${one.path}${range}`);
    assert.equal(answer.status, 200, range);
    assert.equal(line(answer, 'Content-Length'), '3000');
    assert.equal(line(answer, 'ETag'), one.etag);
    assert.equal(answer.body.length, 0);
  }
  assert.equal(one.blobs.open, 0);
});

test('what is no link, and other methods', async (t) => {
  const one = await listening(t);
  for (const path of ['/', '/f/', `/f/${'A'.repeat(27)}`, `/f/${'A'.repeat(26)}`, '/f/../../etc/passwd', '/metrics']) {
    assert.equal((await ask(one, `GET ${path}`)).status, 404, path);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await ask(one, `${method} ${one.path}\nContent-Length: 0`);
    assert.deepEqual([answer.status, line(answer, 'Allow')], [405, 'GET, HEAD'], method);
  }
  assert.deepEqual(one.faults, []);
});

test('a link ends when its time is over, and with its image', async (t) => {
  const one = await listening(t, {}, { settings: { downloadDays: 2 } });
  const begin = one.clock.now().getTime();
  const statusAt = async (time: number) => {
    one.clock.set(new Date(time));
    return (await ask(one, `GET ${one.path}`)).status;
  };
  assert.deepEqual([await statusAt(begin + 2 * day - 1), await statusAt(begin + 2 * day + 1)], [200, 404]);
  one.clock.set(new Date(begin));
  assert.equal((await ask(one, `GET ${one.path}`)).status, 200);
  await deleteFirmwareImage(one.domain, operator(one.accountId), one.image.id);
  assert.equal((await ask(one, `GET ${one.path}`)).status, 404);
});

test('an image whose blob is lost is not there', async (t) => {
  const one = await listening(t);
  await one.domain.blobs.remove(one.image.blob);
  assert.equal((await ask(one, `GET ${one.path}`)).status, 404);
});

test('a disk that fails breaks the connection, so that the length that was promised is missed', async (t) => {
  const content = Buffer.alloc(3 << 20, 'firmware');
  const one = await listening(t, {}, { content });
  const { open } = one.domain.blobs;
  one.domain.blobs.open = async (name) => {
    const blob = await open(name);
    const read = async (into: Uint8Array, offset: number) => {
      if (offset >= 1 << 20) throw new Error('EIO');
      return (await blob?.read(into, offset)) ?? 0;
    };
    return blob && { ...blob, read };
  };
  const answer = await ask(one, `GET ${one.path}`);
  assert.equal(line(answer, 'Content-Length'), String(content.length));
  assert.ok(answer.body.length < content.length);
  await until('the end', () => one.server.counts.broken === 1);
  assert.deepEqual([one.faults.length, one.blobs.open, one.server.counts.active], [1, 0, 0]);
});

test('a limited rate: each download waits as long as its bytes take', async (t) => {
  let now = 0;
  const timers: Timers = {
    now: () => now,
    after: (milliseconds, run) => {
      now += milliseconds;
      return systemTimers.after(0, run);
    },
  };
  const content = Buffer.alloc(100_000, 'firmware');
  const one = await listening(t, { rate: 50_000, timers }, { content });
  const { body } = await ask(one, `GET ${one.path}`);
  assert.deepEqual(body, content);
  assert.equal(Math.round(now), 2000);
});

/** Downloads stand still after their first piece until they are let go on. */
function held(): { timers: Timers; letGo: () => void } {
  let waiting: (() => void)[] = [];
  let isHeld = true;
  const timers: Timers = {
    now: () => 0,
    after: (_, run) => {
      if (!isHeld) return systemTimers.after(0, run);
      waiting.push(run);
      return { cancel: () => undefined };
    },
  };
  const letGo = () => {
    isHeld = false;
    for (const run of waiting) run();
    waiting = [];
  };
  return { timers, letGo };
}

test('one too many is told when to come again; small questions are answered all the same', async (t) => {
  const { timers, letGo } = held();
  const one = await listening(t, { rate: 1000, most: 2, timers }, { content: Buffer.alloc(20_000, 'firmware') });
  const first = [0, 1].map(() => new RawClient(one.server.port, `GET ${one.path}`));
  await until('two at a time', () => one.server.counts.active === 2);
  const refused = await ask(one, `GET ${one.path}`);
  assert.deepEqual([refused.status, line(refused, 'Retry-After')], [503, '30']);
  assert.equal(line(refused, 'Content-Length'), String(refused.body.length));
  assert.equal((await ask(one, `HEAD ${one.path}`)).status, 200);
  letGo();
  for (const client of first) {
    await client.ended;
    assert.equal(answerIn(client.received).body.length, 20_000);
  }
  assert.equal((await ask(one, `GET ${one.path}`)).status, 200);
  const { active, completed, refused: told } = one.server.counts;
  assert.deepEqual({ active, completed, told }, { active: 0, completed: 3, told: 1 });
  assert.equal(one.blobs.open, 0);
});

test('a client that goes away leaves its place to the next', async (t) => {
  const { timers, letGo } = held();
  const one = await listening(t, { rate: 1000, most: 1, timers }, { content: Buffer.alloc(20_000, 'firmware') });
  const gone = new RawClient(one.server.port, `GET ${one.path}`);
  await until('its first bytes', () => gone.received.length > 0);
  gone.socket.destroy();
  await gone.ended;
  letGo();
  await until('its end', () => one.server.counts.active === 0 && one.blobs.open === 0);
  assert.equal((await ask(one, `GET ${one.path}`)).status, 200);
});

test('a client that stops reading is given up, and nothing of it is kept', async (t) => {
  // More than two sockets hold.
  const content = Buffer.alloc(32 << 20, 'firmware');
  const one = await listening(t, { idle: 1000 }, { content });
  const slow = new RawClient(one.server.port, `GET ${one.path}`);
  slow.socket.pause();
  await until('its end', () => one.server.counts.broken === 1);
  assert.deepEqual([one.server.counts.active, one.blobs.open, one.faults.length], [0, 0, 0]);
  slow.socket.destroy();
  await slow.ended;
});
