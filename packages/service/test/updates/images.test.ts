import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderBlobs, memoryBlobs, TooMuch } from '../../src/updates/images/blobs.ts';
import { sweepBlobs } from '../../src/updates/images/image.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { form } from './forms.ts';

const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64');

async function upload(
  { app, admin }: Fixture,
  url: string,
  { body, headers }: { body: Uint8Array; headers: Record<string, string> },
) {
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${admin}`, ...headers },
    payload: Buffer.from(body),
  });
  return { status: answer.statusCode, body: answer.payload === '' ? undefined : JSON.parse(answer.payload) };
}

const image = Buffer.alloc(5000, 'firmware ');

test('an image of one form has its checksum, size and a link that cannot be guessed', async (t) => {
  const fixture = await service(t, { downloadUrl: 'http://downloads.example' });
  for (const parts of [
    { name: 'fw.bin-2026', datafile: { bytes: image } },
    // The other order, and a field that only one client knows.
    { datafile: { bytes: image }, name: 'fw.bin-2026', datafile_encryption: 'False', description: 'of May' },
  ]) {
    const { status, body } = await upload(fixture, '/v3/firmware-images/', form(parts));
    assert.equal(status, 201);
    assert.equal(body.object, 'firmware-image');
    assert.equal(body.name, 'fw.bin-2026');
    assert.equal(body.datafile_checksum, hex('sha256', image));
    assert.equal(body.datafile_size, 5000);
    assert.match(body.datafile, /^http:\/\/downloads\.example\/f\/[\w-]{27}\/fw\.bin$/);
    assert.equal(body.short_datafile, body.datafile.replace(/\/fw\.bin$/, ''));
    assert.equal((await fixture.request('GET', `/v3/firmware-images/${body.id}`)).body.id, body.id);
  }
  const { body: list } = await fixture.request(
    'GET',
    `/v3/firmware-images?datafile_size__gte=5000&datafile_checksum__eq=${hex('sha256', image)}&include=total_count`,
  );
  assert.equal(list.total_count, 2);
  assert.notEqual(list.data[0].datafile, list.data[1].datafile);
  assert.equal((await fixture.request('DELETE', `/v3/firmware-images/${list.data[0].id}/`)).status, 204);
  assert.equal((await fixture.request('GET', `/v3/firmware-images/${list.data[0].id}`)).status, 404);
});

test('what is no image is refused, and leaves nothing', async (t) => {
  const fixture = await service(t, {
    limits: { ...(await import('../../src/serve/settings.ts')).defaultLimits, imageSize: 1 },
  });
  for (const [parts, status] of [
    [{ name: 'x' }, 400],
    [{ datafile: { bytes: Buffer.alloc(0) } }, 400],
    [{ datafile: { bytes: image }, name: 'n'.repeat(129) }, 400],
    [{ datafile: { bytes: Buffer.alloc(1024 * 1024 + 1) } }, 413],
  ] as const) {
    const answer = await upload(fixture, '/v3/firmware-images', form(parts));
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.code, status);
  }
  const json = await fixture.request('POST', '/v3/firmware-images', { body: {} });
  assert.equal(json.status, 415);
  assert.equal((await fixture.request('GET', '/v3/firmware-images')).body.data.length, 0);
  assert.equal(
    await fixture.domain.blobs.sweep(
      async () => false,
      async () => false,
    ),
    0,
  );
});

async function newJob(fixture: Fixture): Promise<string> {
  const { status, body } = await fixture.request('POST', '/v3/firmware-images/upload-jobs', {
    body: { name: 'big.bin', datafile_encryption: false },
  });
  assert.equal(status, 201);
  assert.equal(body.firmware_image_id, null);
  assert.equal(body.status, 'in_progress');
  return body.id;
}

const chunk = (fixture: Fixture, job: string, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  upload(fixture, `/v3/firmware-images/upload-jobs/${job}/chunks`, {
    body: bytes,
    headers: { 'content-type': 'binary/octet-stream', ...headers },
  });

test('an image comes in chunks; an empty one ends it, and the image outlives the job', async (t) => {
  const fixture = await service(t);
  const job = await newJob(fixture);
  const parts = [image.subarray(0, 2000), image.subarray(2000, 4000), image.subarray(4000)];
  for (const [index, bytes] of parts.entries()) {
    const { status, body } = await chunk(fixture, job, bytes, { 'content-md5': md5(bytes) });
    assert.equal(status, 201);
    assert.deepEqual([body.id, body.length, body.hash], [index + 1, bytes.length, md5(bytes)]);
  }
  assert.equal((await chunk(fixture, job, Buffer.alloc(0))).status, 201);
  const { body: done } = await fixture.request('GET', `/v3/firmware-images/upload-jobs/${job}`);
  assert.equal(done.complete, true);
  const { body: list } = await fixture.request(
    'GET',
    `/v3/firmware-images/upload-jobs/${job}/chunks?length__gte=1&order=DESC`,
  );
  assert.deepEqual(
    list.data.map(({ id }: { id: number }) => id),
    [3, 2, 1],
  );
  assert.equal((await fixture.request('GET', `/v3/firmware-images/upload-jobs/${job}/chunks/2`)).body.length, 2000);
  assert.equal((await chunk(fixture, job, parts[0] as Uint8Array)).status, 409);
  assert.equal((await fixture.request('DELETE', `/v3/firmware-images/upload-jobs/${job}`)).status, 204);
  const { body: made } = await fixture.request('GET', `/v3/firmware-images/${done.firmware_image_id}`);
  assert.equal(made.datafile_checksum, hex('sha256', image));
  const row = await fixture.domain.storage.db.selectFrom('firmware_images').select('blob').executeTakeFirstOrThrow();
  assert.equal((await fixture.domain.blobs.open(row.blob))?.size, 5000);
});

test('a chunk that is damaged, out of order or sent twice does not get into the image', async (t) => {
  const fixture = await service(t);
  const job = await newJob(fixture);
  const [first, second] = [image.subarray(0, 2500), image.subarray(2500)];
  const range = (from: number, bytes: Uint8Array) => ({
    'content-range': `bytes ${from}-${from + bytes.length - 1}/*`,
    'content-md5': md5(bytes),
  });
  assert.equal((await chunk(fixture, job, first, { 'content-md5': md5(second) })).status, 400);
  assert.equal((await chunk(fixture, job, second, range(2500, second))).status, 400);
  assert.equal((await chunk(fixture, job, first, range(0, first))).body.id, 1);
  assert.equal((await chunk(fixture, job, first, range(0, first))).body.id, 1);
  assert.equal((await chunk(fixture, job, second, range(0, second))).status, 400);
  const [once, again] = await Promise.all([
    chunk(fixture, job, second, range(2500, second)),
    chunk(fixture, job, second, range(2500, second)),
  ]);
  assert.deepEqual([once.body.id, again.body.id], [2, 2]);
  assert.equal((await chunk(fixture, job, Buffer.alloc(0))).status, 201);
  const { body } = await fixture.request('GET', '/v3/firmware-images');
  assert.equal(body.data[0].datafile_checksum, hex('sha256', image));
});

test('a job without chunks cannot be ended, and one that is not there takes none', async (t) => {
  const fixture = await service(t);
  const job = await newJob(fixture);
  assert.equal((await chunk(fixture, job, Buffer.alloc(0))).status, 400);
  assert.equal((await chunk(fixture, '0'.repeat(32), image)).status, 404);
  const { body } = await fixture.request('PUT', `/v3/firmware-images/upload-jobs/${job}`, { body: { name: 'other' } });
  assert.equal(body.name, 'other');
  const { body: list } = await fixture.request(
    'GET',
    '/v3/firmware-images/upload-jobs?complete__eq=false&status=in_progress',
  );
  assert.equal(list.data.length, 1);
});

async function* pieces(...bytes: string[]) {
  for (const one of bytes) yield Buffer.from(one);
}

const stores = {
  folder: (t: TestContext) => folderBlobs(join(temporaryFolder(t), 'blobs')),
  memory: () => memoryBlobs(),
};

for (const [kind, make] of Object.entries(stores)) {
  test(`blobs in ${kind}: what breaks off is forgotten with the next piece, and nothing is there before it is kept`, async (t) => {
    const blobs = make(t);
    const name = 'ab'.repeat(16);
    const whole = 'cd'.repeat(16);
    await blobs.append(name, 0, pieces('one ', 'two '), 100);
    async function* breaks() {
      yield Buffer.from('thr');
      throw new Error('connection lost');
    }
    await assert.rejects(blobs.append(name, 8, breaks(), 100), /connection lost/);
    assert.equal(await blobs.open(whole), undefined);
    const { length, md5: hash } = await blobs.append(name, 8, pieces('three'), 5);
    assert.deepEqual([length, hash], [5, md5(Buffer.from('three'))]);
    await assert.rejects(blobs.append('ef'.repeat(16), 0, pieces('too much'), 7), TooMuch);
    assert.equal(await blobs.digest(name, 13), hex('sha256', Buffer.from('one two three')));
    await blobs.keep(name, whole);
    const open = await blobs.open(whole);
    const into = new Uint8Array(100);
    assert.equal(await open?.read(into, 4), 9);
    assert.equal(Buffer.from(into.subarray(0, 9)).toString(), 'two three');
    await blobs.remove(whole);
    assert.equal(await blobs.open(whole), undefined);
    await open?.close();
  });
}

test('what a crash left of uploads is swept, and what rows name is not', async (t) => {
  const folder = temporaryFolder(t);
  const fixture = await service(t);
  const blobs = folderBlobs(join(folder, 'blobs'));
  const domain = { ...fixture.domain, blobs };
  const job = await newJob(fixture);
  await blobs.append(job, 0, pieces('begun'), 10);
  for (const name of ['ab', 'cd']) await blobs.append(name.repeat(16), 0, pieces('orphan'), 10);
  await blobs.keep('ab'.repeat(16), 'ab'.repeat(16));
  assert.equal(await sweepBlobs(domain), 3);
  assert.deepEqual(readdirSync(join(folder, 'blobs')), ['begun']);
  assert.deepEqual(readdirSync(join(folder, 'blobs', 'begun')), [job]);
});
