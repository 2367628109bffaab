import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { decodeV1, type ManifestV1 } from '@mooring/manifest';
import { later, projectWithManifest, projectWithManifestV3 } from './manifests.ts';
import type { Project } from './project.ts';

const made = (project: Project, file = 'out'): ManifestV1 =>
  decodeV1(project.bytes(file)).value.resource.resource as ManifestV1;
const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const create = ['create', '-p', 'fw.bin', '-o', 'out'];

test('values are merged: options over standard input over settings, name by name', async (t) => {
  const project = await projectWithManifest(t);
  const stdin = JSON.stringify({
    vendorId: '11'.repeat(16),
    payloadUri: 'http://input.example',
    description: 'from input',
  });
  await project.run([...create, '-u', 'http://option.example'], { stdin });
  const manifest = made(project);
  assert.equal(hex(manifest.vendorId), '11'.repeat(16));
  assert.equal(hex(manifest.classId), '4d131344feab5a2e84a20dccdd905f35', 'of the settings');
  assert.equal(manifest.payload?.reference.uri, 'http://option.example');
  assert.equal(manifest.description, 'from input');
});

test('the merge is shallow, and a short name that Python takes for no gives way to the long one', async (t) => {
  const project = await projectWithManifest(t);
  const stdin = JSON.stringify({ description: '', resource: { resource: { manifest: { description: 'long' } } } });
  await project.run(create, { stdin });
  assert.equal(made(project).description, 'long');
});

test('relative paths are those of the folder of -i, also those of -p and of the settings', async (t) => {
  const project = await projectWithManifest(t);
  mkdirSync(project.at('sub'));
  project.write('sub/in.json', '{}');
  const missing = await project.run([...create, '-i', 'sub/in.json']);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /fw\.bin does not exist\.|fw\.bin .*\n.*folder of the -i file/);
  project.write('sub/fw.bin', 'another');
  project.write('sub/update.der', project.bytes('update.der'));
  const { status, stderr } = await project.run([...create, '-i', 'sub/in.json']);
  assert.equal(status, 0, stderr);
  assert.equal(hex(made(project).payload?.reference.hash), sha256('another'));
});

test('the fields of 1.5: format, priority, files of both images', async (t) => {
  const project = await projectWithManifest(t);
  project.write('old.bin', 'old');
  project.write('new.bin', 'newer');
  const stdin = JSON.stringify({
    priority: 3,
    precursorFile: 'old.bin',
    installedFile: 'new.bin',
    vendorInfoHex: '00ff',
  });
  const { status, stderr } = await project.run([...create, '-f', 'bsdiff-stream'], { stdin });
  assert.equal(status, 0, stderr);
  const { precursorDigest, payload, priority, vendorInfo } = made(project);
  assert.equal(hex(precursorDigest), sha256('old'));
  assert.equal(hex(payload?.installedDigest), sha256('newer'));
  assert.deepEqual([payload?.format, payload?.installedSize, priority, hex(vendorInfo)], [5, 5, 3, '00ff']);
  assert.equal((await project.run(['verify', '-i', 'out'], { time: later })).status, 0);
});

test('a dependency and a payload that have an address alone are fetched', async (t) => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200;
    response.end(`content of ${request.url}`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const project = await projectWithManifest(t);
  const stdin = JSON.stringify({
    payloadUri: at('/fw'),
    resource: { resource: { manifest: { dependencies: [{ uri: at('/dep') }] } } },
  });
  const { status, stderr } = await project.run(['create', '--generation', '1', '-o', 'out'], { stdin });
  assert.equal(status, 0, stderr);
  const { payload, dependencies } = made(project);
  assert.equal(hex(payload?.reference.hash), sha256('content of /fw'));
  assert.deepEqual(dependencies[0], {
    hash: new Uint8Array(Buffer.from(sha256('content of /dep'), 'hex')),
    uri: at('/dep'),
    size: 15,
  });
  const gone = await project.run(['create', '--generation', '1', '-o', 'out'], {
    stdin: JSON.stringify({ payloadUri: at('/gone') }),
  });
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /could not be fetched: the server answered 404/);
});

const refused: [name: string, input: unknown, message: RegExp][] = [
  ['a UUID that is none', { vendorId: 'xyz' }, /"vendorId" is not a UUID/],
  ['a number for a text', { description: 5 }, /"description" has to be a text/],
  ['half an apply period', { applyPeriod: { validFrom: 1 } }, /"applyPeriod" needs both/],
  ['an object where there is a text', { resource: 'x' }, /"resource" has to be an object/],
  ['a hash that is too short', { payloadHash: 'ab' }, /"payloadHash" has to be 32 bytes/],
  ['a hash without size', { payloadHash: 'ab'.repeat(32) }, /"payloadHash" is given without "payloadSize"/],
  ['a negative size', { payloadHash: 'ab'.repeat(32), payloadSize: -1 }, /must not be negative/],
  ['a letter that ISO-8859-1 has not', { vendorInfo: 'price in €' }, /"vendorInfo" holds "€"/],
  [
    'an encrypted payload',
    { encryptionMode: 'aes-128-ctr-ecc-secp256r1-sha256' },
    /no released tool or client supports/,
  ],
  ['a certificate that is none', { certificates: [{ file: 'fw.bin' }] }, /fw\.bin holds no certificate/],
  ['a list that is none', { certificates: { file: 'x' } }, /"certificates" has to be a list of objects/],
  ['text for JSON', [], /does not hold a JSON object/],
  [
    'signatures of other content',
    { signature: { signatures: [{ signature: '00' }], hash: '00'.repeat(32) } },
    /does not match hashed output/,
  ],
];
for (const [name, input, message] of refused) {
  test(`create refuses ${name}`, async (t) => {
    const project = await projectWithManifest(t);
    const before = project.snapshot();
    const { status, stderr } = await project.run(create, { stdin: JSON.stringify(input) });
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.match(stderr, /^\[CRITICAL\] /);
    assert.deepEqual(project.snapshot(), before);
  });
}

test('parse and verify read standard input, and parse FILE takes - for it', async (t) => {
  const project = await projectWithManifest(t);
  const stdin = project.bytes('fw.manifest');
  assert.equal(
    (await project.run(['parse'], { stdin })).stdout,
    (await project.run(['parse', '-i', 'fw.manifest'])).stdout,
  );
  assert.equal((await project.run(['verify'], { stdin, time: later })).status, 0);
  assert.equal((await project.run(['parse', '-', '-c', 'update.der'], { stdin })).status, 0);
});

test('create writes to standard output byte for byte, and with --json the result alone', async (t) => {
  const project = await projectWithManifest(t);
  const plain = await project.run(['create', '-p', 'fw.bin']);
  assert.equal(decodeV1(plain.output).rest.length, 0);
  const json = JSON.parse((await project.run(['create', '-p', 'fw.bin', '--json'])).stdout);
  assert.equal(decodeV1(Buffer.from(json.manifest, 'hex')).rest.length, 0);
  assert.equal(json.payload.hash, sha256('firmware'));
});

test('an output follows a link, keeps the mode of what it replaces, and writes to a device as it is', async (t) => {
  const project = await projectWithManifest(t);
  project.write('real', 'old', 0o640);
  chmodSync(project.at('real'), 0o640);
  symlinkSync('real', project.at('link'));
  assert.equal((await project.run(['create', '-p', 'fw.bin', '-o', 'link'])).status, 0);
  assert.ok(lstatSync(project.at('link')).isSymbolicLink());
  assert.equal(project.mode('real'), '640');
  made(project, 'real');
  assert.equal((await project.run(['create', '-p', 'fw.bin', '-o', '/dev/null'])).status, 0);
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});

test('an output that cannot be written is wrong usage, before anything is signed', async (t) => {
  const project = await projectWithManifest(t);
  for (const [output, reason] of [
    ['no/such/out', /argument -o\/--output-file: can't open 'no\/such\/out': \[Errno 2\] No such file or directory/],
    ['.', /can't open '\.': \[Errno 21\] /],
    ['fw.bin/out', /can't open 'fw\.bin\/out': \[Errno 20\] /],
  ] as const) {
    const { status, stderr } = await project.run(['create', '-p', 'fw.bin', '-o', output]);
    assert.equal(status, 2);
    assert.match(stderr, reason);
  }
});

test('pre-shared keys: create --mac makes manifest and table, and verify --psk-table checks them', async (t) => {
  const project = await projectWithManifest(t);
  const settings = {
    ...project.json('.manifest_tool.json'),
    'psk-master-key': 'master',
    deviceURNs: ['urn:dev:ops:1'],
  };
  project.write('master', Buffer.alloc(32, 5));
  project.write('.manifest_tool.json', JSON.stringify(settings));
  for (const encoding of ['text', 'protobuf']) {
    const argv = [
      'create',
      '--mac',
      '-p',
      'fw.bin',
      '-o',
      'out',
      '--psk-table',
      'table',
      '--psk-table-encoding',
      encoding,
    ];
    const { status, stderr } = await project.run([...argv, '--device-urn', 'urn:dev:ops:2']);
    assert.equal(status, 0, stderr);
    const checked = await project.run(['verify', '-i', 'out', '--psk-table', 'table'], { time: later });
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(checked.stderr, /Authentication for urn:dev:ops:1: OK\n.*Authentication for urn:dev:ops:2: OK/);
    assert.equal((await project.run(['verify', '-i', 'out'], { time: later })).status, 1, 'nothing proves who made it');
    assert.equal((await project.run(['verify', '-i', 'out', '--accept-like', '1.4.8'], { time: later })).status, 0);
  }
  project.write('master', Buffer.alloc(32, 6));
  assert.equal((await project.run(['verify', '-i', 'out', '--psk-table', 'table'], { time: later })).status, 1);
});

test('cert add makes a second signer known to verify, from PEM as well', async (t) => {
  const project = await projectWithManifest(t);
  project.writeIdentity('second');
  const signed = await project.run(
    ['sign', '-m', 'fw.manifest', '-k', 'second.key.pem', '-c', 'second.pem', '-o', 'two'],
    { time: later },
  );
  assert.equal(signed.status, 0, signed.stderr);
  assert.equal((await project.run(['verify', '-i', 'two'], { time: later })).status, 1);
  assert.equal((await project.run(['cert', 'add', '-c', 'second.pem'])).status, 0);
  assert.equal((await project.run(['verify', '-i', 'two'], { time: later })).status, 0);
  assert.equal((await project.run(['cert', 'add', '-c', 'fw.bin'])).status, 1);
});

test('schema prints what configs are checked with', async (t) => {
  const project = await projectWithManifestV3(t);
  const { stdout, status } = await project.run(['schema']);
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout).required, ['vendor', 'device', 'priority', 'payload']);
});
