import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '@mooring/platform';
import { readManifest } from '../../src/backup/archive.ts';
import { isImageFile, type Manifest } from '../../src/backup/manifest.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { saveArchive } from '../../src/backup/save.ts';
import { makeBackup } from '../../src/backup/write.ts';
import { fileMasterKey } from '../../src/keys/file-key.ts';
import { mooring } from '../command-line.ts';
import { type Started, start } from '../serve/service.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { form } from '../updates/forms.ts';
import { manifestV3, owner } from '../updates/manifests.ts';
import { rewrite } from './rewrite.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Image {
  readonly id: string;
  readonly datafile: string;
  readonly bytes: Uint8Array;
}

/** Requests with an API key; where `body` is a form, as such. */
function client(service: Pick<Started, 'url'>, apiKey: string) {
  return async (method: string, path: string, body?: object) => {
    const sent = body && 'headers' in body ? (body as ReturnType<typeof form>) : undefined;
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(sent?.headers ?? (body && { 'content-type': 'application/json' })),
      },
      ...(body === undefined ? {} : { body: sent ? Buffer.from(sent.body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any };
  };
}

type Call = ReturnType<typeof client>;

async function upload(call: Call, content: string): Promise<Image> {
  const bytes = Buffer.alloc(70_000, content);
  const { status, body } = await call('POST', '/v3/firmware-images', form({ name: content, datafile: { bytes } }));
  assert.equal(status, 201);
  return { id: body.id, datafile: body.datafile, bytes };
}

interface Used extends Started {
  readonly apiKey: string;
  readonly call: Call;
  readonly images: readonly [Image, Image];
}

const options = { downloads: '127.0.0.1:0', publicHost: '127.0.0.1' };

/** A service with two firmware images. */
async function used(t: TestContext): Promise<Used> {
  const service = await start(t, options, { clock: systemClock });
  const apiKey = (await mooring(['api-key', 'create', 'laptop', '--data', service.data])).stdout.trim();
  const call = client(service, apiKey);
  return { ...service, apiKey, call, images: [await upload(call, 'the first'), await upload(call, 'the second')] };
}

/** Downloads by the link that the service gives now: its port is another one after a restart. */
async function download(call: Call, { id }: Image): Promise<{ status: number; bytes: Buffer }> {
  const response = await fetch((await call('GET', `/v3/firmware-images/${id}`)).body.datafile);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function serveRestored(t: TestContext, before: Used, data: string): Promise<Call> {
  copyFileSync(`${before.data}.master-key`, `${data}.master-key`);
  return client(await start(t, { ...options, data }, { clock: systemClock }), before.apiKey);
}

const blobFiles = (data: string): string[] =>
  readdirSync(join(data, 'blobs'), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

const imageFiles = ({ files }: Manifest) => files.filter(({ name }) => isImageFile(name));

test('images are in the backup of a running service, and are downloaded after a restore', async (t) => {
  const before = await used(t);
  const file = join(temporaryFolder(t), 'backup.tar.gz');
  const made = await mooring(['backup', file, '--data', before.data, '--json']);
  assert.deepEqual([made.json.images, made.json.absentImages], [2, []]);
  assert.equal(
    readdirSync(before.data).some((name) => name.startsWith('.backup-')),
    false,
  );
  const manifest = await readManifest(file);
  assert.equal(manifest.formatVersion, 2);
  assert.deepEqual(
    imageFiles(manifest)
      .map(({ size, sha256 }) => [size, sha256])
      .sort(),
    before.images.map(({ bytes }) => [bytes.length, sha256(bytes)]).sort(),
  );
  await before.close();

  const data = join(temporaryFolder(t), 'data');
  const restored = await mooring(['restore', file, '--data', data, '--json']);
  assert.deepEqual(restored.json.absentImages, []);
  assert.equal(statSync(join(data, 'blobs')).mode & 0o777, 0o700);
  assert.deepEqual(blobFiles(data), blobFiles(before.data));
  for (const name of blobFiles(data)) assert.equal(statSync(join(data, 'blobs', name)).mode & 0o777, 0o600);
  const call = await serveRestored(t, before, data);
  for (const image of before.images) {
    const { status, bytes } = await download(call, image);
    assert.equal(status, 200);
    assert.ok(bytes.equals(image.bytes));
  }
});

test('restored without images, the service says what is missing, and goes on when it is put back', async (t) => {
  const before = await used(t);
  const [image, other] = before.images;
  const job = (await before.call('POST', '/v3/firmware-images/upload-jobs', { name: 'half' })).body.id;
  const chunks = `/v3/firmware-images/upload-jobs/${job}/chunks`;
  const chunk = (service: Pick<Started, 'url'>) =>
    fetch(`${service.url}${chunks}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${before.apiKey}`, 'content-type': 'application/octet-stream' },
      body: 'half of an image',
    });
  assert.equal((await chunk(before)).status, 201);
  const signed = await manifestV3(owner(), image.bytes, { payloadUri: image.datafile });
  const manifest = await before.call(
    'POST',
    '/v3/firmware-manifests',
    form({ name: 'm', datafile: { bytes: signed } }),
  );
  assert.equal(manifest.status, 201);

  const file = join(temporaryFolder(t), 'backup.tar.gz');
  const made = await mooring(['backup', file, '--data', before.data, '--without-images']);
  assert.match(made.stdout, /Firmware images left out: 2\./);
  assert.deepEqual(imageFiles(await readManifest(file)), []);
  assert.equal((await readManifest(file)).formatVersion, 1, 'as an older Mooring reads it');
  await before.close();

  const data = join(temporaryFolder(t), 'data');
  const restored = await mooring(['restore', file, '--data', data]);
  assert.match(restored.stdout, /whose files are not in the backup: 2\./);
  for (const { id } of before.images) assert.ok(restored.stdout.includes(id));

  copyFileSync(`${before.data}.master-key`, `${data}.master-key`);
  const after = await start(t, { ...options, data }, { clock: systemClock });
  const call = client(after, before.apiKey);
  assert.equal((await call('GET', `/v3/firmware-images/${image.id}`)).status, 200);
  const refused = await download(call, image);
  assert.deepEqual(
    [refused.status, String(refused.bytes)],
    [404, 'The file of this firmware image is missing here.\n'],
  );

  const campaign = { device_filter: 'state__eq=registered', root_manifest_id: manifest.body.id };
  const started = await call('POST', '/v3/update-campaigns', campaign);
  assert.equal((await call('POST', `/v3/update-campaigns/${started.body.id}/start`)).status, 202);
  const ended = await stopped(call, started.body.id);
  assert.match(ended.autostop_reason, /firmware image that the manifest names is missing/);

  const late = await chunk(after);
  assert.equal(late.status, 409);
  assert.match(await late.text(), /are missing on the service; the job has failed/);
  assert.equal((await call('GET', `/v3/firmware-images/upload-jobs/${job}`)).body.status, 'failed');

  mkdirSync(join(data, 'blobs'), { recursive: true });
  for (const name of blobFiles(before.data)) copyFileSync(join(before.data, 'blobs', name), join(data, 'blobs', name));
  assert.ok((await download(call, image)).bytes.equals(image.bytes));
  assert.equal((await call('DELETE', `/v3/firmware-images/${other.id}`)).status, 204);
  assert.deepEqual(
    after.log.filter(({ level }) => level === 'error'),
    [],
  );
});

async function stopped(call: Call, id: string) {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { body } = await call('GET', `/v3/update-campaigns/${id}`);
    if (body.phase === 'stopped') return body;
    if (performance.now() > deadline) assert.fail(`the campaign does not stop: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('an image that is deleted while the backup is written is in it nevertheless', async (t) => {
  const before = await used(t);
  const backup = await makeBackup({ folder: before.data, clock: systemClock, withImages: true });
  for (const { id } of before.images) {
    assert.equal((await before.call('DELETE', `/v3/firmware-images/${id}`)).status, 204);
  }
  assert.deepEqual(blobFiles(before.data), []);
  const file = join(temporaryFolder(t), 'backup.tar.gz');
  await saveArchive(backup.archive, file);
  await backup.discard();
  await before.close();
  const data = join(temporaryFolder(t), 'data');
  await mooring(['restore', file, '--data', data]);
  const call = await serveRestored(t, before, data);
  for (const image of before.images) assert.ok((await download(call, image)).bytes.equals(image.bytes));
});

test('an image whose file is gone or damaged is named, and the rest is backed up', async (t) => {
  const before = await used(t);
  const third = await upload(before.call, 'the third');
  await before.close();
  const blobOf = ({ bytes }: Image) =>
    join(
      before.data,
      'blobs',
      blobFiles(before.data).find((name) => readFileSync(join(before.data, 'blobs', name)).equals(bytes)) as string,
    );
  const [gone, damaged] = before.images;
  rmSync(blobOf(gone));
  writeFileSync(blobOf(damaged), 'something else');
  const file = join(temporaryFolder(t), 'backup.tar.gz');
  const made = await mooring(['backup', file, '--data', before.data]);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /Firmware images in it: 1\./);
  assert.match(made.stdout, new RegExp(`${gone.id} \\("the first"\\) is not in it: it was deleted meanwhile`));
  assert.match(made.stdout, new RegExp(`${damaged.id} \\("the second"\\) is not in it: its file is not what`));
  assert.deepEqual(
    imageFiles(await readManifest(file)).map(({ sha256 }) => sha256),
    [sha256(third.bytes)],
  );
  const restored = await mooring(['restore', file, '--data', join(temporaryFolder(t), 'data'), '--json']);
  assert.deepEqual(
    restored.json.absentImages.map(({ id }: { id: string }) => id),
    [gone.id, damaged.id],
  );
});

test('the name of an image in a backup leads nowhere else', () => {
  const blob = '0123456789abcdef0123456789abcdef';
  assert.ok(isImageFile(`blobs/${blob}`));
  for (const name of [
    blob,
    `blobs/../${blob}`,
    `blobs/begun/${blob}`,
    `blobs/${blob}/`,
    `blobs/${blob}\n`,
    `blobs//${blob}`,
    `/blobs/${blob}`,
    `./blobs/${blob}`,
    `../bl/${blob}`,
    `blobs\\${blob}`,
    `blobs/${blob.toUpperCase()}`,
    `blobs/${blob.slice(1)}`,
    'blobs/../../../../../../etc/passwd....',
    'blobs/',
    '',
  ]) {
    assert.equal(isImageFile(name), false, JSON.stringify(name));
  }
});

test('refused, with nothing left: an image that was changed, is missing, or is named elsewhere', async (t) => {
  const before = await used(t);
  await before.close();
  const folder = temporaryFolder(t);
  const file = join(folder, 'backup.tar.gz');
  await mooring(['backup', file, '--data', before.data]);
  const whole = readFileSync(file);
  const outside = '../0123456789abcdef0123456789abcdef';
  const forgeries: Parameters<typeof rewrite>[1][] = [
    (name, content) => [name, isImageFile(name) ? Buffer.alloc(content.length) : content],
    (name, content) => (isImageFile(name) ? undefined : [name, content]),
    (name, content) => [isImageFile(name) ? outside : name, content],
    (name, content) => [
      isImageFile(name) ? outside : name,
      name.endsWith('.json') ? Buffer.from(String(content).replaceAll(/blobs\/[0-9a-f]{32}/g, outside)) : content,
    ],
  ];
  for (const forge of forgeries) {
    writeFileSync(file, whole);
    writeFileSync(file, await rewrite(file, forge));
    const restore = restoreBackup({
      file,
      folder: join(folder, 'data'),
      provider: () => fileMasterKey(`${before.data}.master-key`),
      keyFile: undefined,
      passphrase: undefined,
      keyIsNamed: true,
    });
    await assert.rejects(restore, { code: 'backup.damaged' });
    assert.deepEqual(readdirSync(folder), ['backup.tar.gz']);
    assert.equal(existsSync(join(folder, outside)), false);
  }
});
