// Where the old tools are wrong (manifest-tool.md A4 to A6, B1, B4): each closed spot by its name.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeV1, encodeResourceV1, encodeSignedV1, keySigner, type ManifestV1, signV1 } from '@mooring/manifest';
import { importPrivateKey, parseCertificate } from '@mooring/pki';
import { configOf, later, projectWithManifest, projectWithManifestV3 } from './manifests.ts';
import { Project } from './project.ts';

const like = ['--accept-like', '1.4.8'];

/** Writes the manifest anew with changes, signed by the same key. */
async function changed(project: Project, file: string, changes: Partial<ManifestV1>): Promise<void> {
  const { value } = decodeV1(project.bytes('fw.manifest'));
  const certificate = parseCertificate(project.bytes('update.der'));
  const signer = keySigner(importPrivateKey(project.bytes('update.key.pem')));
  project.write(file, await signV1({ ...(value.resource.resource as ManifestV1), ...changes }, signer, certificate));
}

test('verdict ignored: a timestamp in the future, or before 2017, is refused', async (t) => {
  const project = await projectWithManifest(t);
  for (const [timestamp, line] of [
    [2_100_000_000n, /CRITICAL.* Manifests MUST not be timestamped in the future\.\nExpected timestamp < /],
    [1_000_000_000n, /CRITICAL.* Manifests MUST not be timestamped before 2017\.\nExpected timestamp > /],
  ] as const) {
    await changed(project, 'odd.manifest', { timestamp });
    const refused = await project.run(['verify', '-i', 'odd.manifest'], { time: later });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, line);
    assert.doesNotMatch(refused.stderr, /Timestamp .*: OK/);
    const taken = await project.run(['verify', '-i', 'odd.manifest', ...like], { time: later });
    assert.equal(taken.status, 0);
    assert.match(taken.stderr, line);
    assert.match(taken.stderr, /Timestamp .*: OK/);
  }
});

test('junk accepted with exit 0: what is no manifest is refused by parse', async (t) => {
  const project = new Project(t);
  for (const junk of ['{"a": 1}', '0', '', '\x30\x03\x02\x01\x01']) {
    project.write('junk', Buffer.from(junk, 'latin1'));
    const { status, stdout, stderr } = await project.run(['parse', '-i', 'junk']);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^\[CRITICAL\] .* - manifesttool\.parse - (?:input file is not a manifest|No recognized manifest format found)\.\n$/,
    );
  }
});

test('stack traces: a damaged manifest has the field and the byte', async (t) => {
  const project = await projectWithManifest(t);
  const good = project.bytes('fw.manifest');
  for (let length = 1; length < good.length; length += 7) {
    project.write('cut', good.subarray(0, length));
    for (const command of ['parse', 'verify']) {
      const { status, stderr } = await project.run([command, '-i', 'cut']);
      assert.equal(status, 1);
      assert.match(stderr, /^\[CRITICAL\] [^\n]+\n(?:\[CRITICAL\] [^\n]+\n)?$/);
    }
  }
});

test('truncated outputs: a refused create leaves the file that was there', async (t) => {
  const project = await projectWithManifest(t);
  const before = project.snapshot();
  for (const argv of [
    ['create', '-p', 'nope.bin', '-o', 'fw.manifest'],
    ['create', '-p', 'fw.bin', '-k', 'fw.bin', '-o', 'fw.manifest'],
    ['create', '-c', 'fw.bin', '-k', 'update.key.pem', '-v', '1.2.3', '-o', 'fw.manifest'],
    ['sign', '-m', 'fw.manifest', '-k', 'fw.bin', '-c', 'update.der', '-o', 'fw.manifest'],
    ['parse', '-i', 'fw.bin', '-o', 'fw.manifest'],
  ]) {
    assert.notEqual((await project.run(argv, { time: later })).status, 0);
    assert.deepEqual(project.snapshot(), before);
  }
});

test('trailing bytes: a manifest ends where it ends', async (t) => {
  const project = await projectWithManifest(t);
  project.write('more', Buffer.concat([project.bytes('fw.manifest'), Buffer.from('more')]));
  for (const command of ['parse', 'verify']) {
    const { status, stderr } = await project.run([command, '-i', 'more'], { time: later });
    assert.equal(status, 1);
    assert.match(stderr, /but 4 more bytes follow/);
    assert.equal((await project.run([command, '-i', 'more', ...like], { time: later })).status, 0);
  }
  assert.equal((await project.run(['parse', 'more'])).status, 1);
  assert.equal((await project.run(['parse', 'more', '--accept-like', '2.6.2'])).status, 0);
});

test('trailing bytes: the key that the service puts behind an encrypted payload’s manifest is none', async (t) => {
  const project = await projectWithManifestV3(t);
  const key = Buffer.concat([Buffer.of(0x81, 16), Buffer.alloc(16, 7)]);
  project.write('with-key', Buffer.concat([project.bytes('fw.manifest'), key]));
  assert.equal((await project.run(['parse', 'with-key', '-c', 'update.der'])).status, 0);
  project.write('with-half', Buffer.concat([project.bytes('fw.manifest'), key.subarray(0, 17)]));
  assert.equal((await project.run(['parse', 'with-half'])).status, 1);
});

test('world-readable keys: cert create and manifest-dev-tool init write them for their owner alone', async (t) => {
  const project = new Project(t);
  project.write('k.pem', 'old', 0o644);
  await project.run(['cert', 'create', '-V', '4000', '-K', 'k.pem', '-o', 'c.der']);
  assert.equal(project.mode('k.pem'), '600');
  assert.equal(project.mode('c.der'), '644');
});

test('an expired certificate is not used in silence: create, sign and verify tell of it', async (t) => {
  const project = new Project(t);
  project.writeIdentity('update', { to: '2019-06-01' });
  project.write('fw.bin', 'firmware');
  await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '-c', 'update.der', '-k', 'update.key.pem']);
  const expired = /CRITICAL.* The certificate in update\.der expired on 2019-06-01 00:00:00 UTC/;
  const made = await project.run(['create', '-p', 'fw.bin', '-o', 'fw.manifest']);
  assert.equal(made.status, 0);
  assert.match(made.stderr, expired);
  const verified = await project.run(['verify', '-i', 'fw.manifest'], { time: later });
  assert.equal(verified.status, 0);
  assert.match(verified.stderr, expired);
});

test('modes without signature: the signature is checked whatever the mode says', async (t) => {
  const project = await projectWithManifest(t);
  await changed(project, 'none.manifest', { encryptionMode: 3 });
  const good = await project.run(['verify', '-i', 'none.manifest'], { time: later });
  assert.equal(good.status, 0);
  assert.match(good.stderr, /Signature by [0-9a-f]{64}: OK\n.*WARNING.*devices refuse it/);

  const { value } = decodeV1(project.bytes('none.manifest'));
  const resource = encodeResourceV1(value.resource);
  const hash = createHash('sha256').update(resource).digest();
  project.write('unsigned.manifest', encodeSignedV1(resource, { hash, signatures: [] }));
  const refused = await project.run(['verify', '-i', 'unsigned.manifest'], { time: later });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /Signature missing, but encryption mode none-none-sha256 requires a signature/);
  assert.equal((await project.run(['verify', '-i', 'unsigned.manifest', ...like], { time: later })).status, 0);
});

test('apply period: one that has not ended yet is good, one that ends before it begins is not', async (t) => {
  const project = await projectWithManifest(t);
  await changed(project, 'open.manifest', { applyPeriod: { validFrom: 1_560_000_000n, validTo: 2_000_000_000n } });
  assert.equal((await project.run(['verify', '-i', 'open.manifest'], { time: later })).status, 0);
  assert.equal((await project.run(['verify', '-i', 'open.manifest', ...like], { time: later })).status, 1);
  await changed(project, 'odd.manifest', { applyPeriod: { validFrom: 1_570_000_000n, validTo: 1_560_000_000n } });
  assert.equal((await project.run(['verify', '-i', 'odd.manifest'], { time: later })).status, 1);
});

test('a file in -d is not trusted by its name', async (t) => {
  const project = await projectWithManifest(t);
  project.writeIdentity('other');
  mkdirSync(project.at('certs'));
  const { fingerprint } = parseCertificate(project.bytes('update.der'));
  writeFileSync(project.at(`certs/${fingerprint}`), project.bytes('other.der'));
  const { status, stderr } = await project.run(['verify', '-i', 'fw.manifest', '-d', 'certs'], { time: later });
  assert.equal(status, 1);
  assert.match(stderr, /CRITICAL.* Signature verification failed\n/);
});

test('key and certificate of two pairs: create and create-v1 refuse what no device could verify', async (t) => {
  const project = await projectWithManifest(t);
  project.writeIdentity('other');
  project.write('c.json', JSON.stringify(configOf()));
  for (const argv of [
    ['create', '-p', 'fw.bin', '-k', 'other.key.pem', '-o', 'out'],
    ['create-v1', '-c', 'c.json', '-k', 'other.key.pem', '--update-certificate', 'update.der', '-o', 'out'],
  ]) {
    const { status, stderr, stdout } = await project.run(argv);
    assert.equal(status, 1);
    assert.match(`${stdout}${stderr}`, /does not verify with the (?:update )?certificate in update\.der/);
    assert.ok(!project.files().includes('out'));
  }
});

test('update certificate: create-v1 takes no file that is none', async (t) => {
  const project = await projectWithManifestV3(t);
  const argv = ['create-v1', '-c', 'c.json', '-k', 'update.key.pem', '--update-certificate', 'fw.bin', '-o', 'out'];
  const { status, stdout } = await project.run(argv);
  assert.equal(status, 1);
  assert.match(stdout, /ERROR fw\.bin holds no certificate/);
});

test('hash field: parse of schema v1 with a key compares it, as devices do', async (t) => {
  const project = await projectWithManifest(t);
  const { value, resourceTlv } = decodeV1(project.bytes('fw.manifest'));
  project.write('hash', encodeSignedV1(resourceTlv, { ...value.signature, hash: Buffer.alloc(32) }));
  const { status, stdout } = await project.run(['parse', 'hash', '-k', 'update.key.pem']);
  assert.equal(status, 1);
  assert.match(stdout, /ERROR Manifest Signature verification failed/);
  assert.equal((await project.run(['parse', 'hash', '-k', 'update.key.pem', '--accept-like', '2.6.2'])).status, 0);
});

test('fingerprint: parse -c wants the manifest to name that certificate', async (t) => {
  const project = await projectWithManifest(t);
  const { value, resourceTlv } = decodeV1(project.bytes('fw.manifest'));
  const [block] = value.signature.signatures;
  const signatures = [
    { signature: block?.signature as Uint8Array, certificates: [{ fingerprint: Buffer.alloc(32), uri: '' }] },
  ];
  project.write('odd', encodeSignedV1(resourceTlv, { ...value.signature, signatures }));
  assert.equal((await project.run(['parse', 'odd', '-c', 'update.der'])).status, 1);
  assert.equal((await project.run(['parse', 'odd', '-k', 'update.key.pem'])).status, 0);
  assert.equal((await project.run(['parse', 'odd', '-c', 'update.der', '--accept-like', '2.6.2'])).status, 0);
});

test('image signature of an encrypted payload is checked with the installed image', async (t) => {
  const encrypted = { digest: 'ab'.repeat(32), size: 99 };
  const payload = { url: 'http://x.example', 'file-path': 'fw.bin', format: 'encrypted-raw', encrypted };
  const project = await projectWithManifestV3(t, { payload, 'sign-image': true });
  const { status, stdout } = await project.run(['parse', 'fw.manifest', '-c', 'update.der']);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /INFO Manifest Signature verified!\n.*INFO Image Signature verified!\n/);
});

test('a .yaml file beside the image does not make it a delta for manifest-dev-tool', async (t) => {
  const { program } = await import('../src/dev-tool/program.ts');
  const { runProgram } = await import('@mooring/terminal');
  const dev = {
    program: (argv: readonly string[], io: Parameters<typeof runProgram>[2]) => runProgram(program, argv, io),
  };
  const project = new Project(t);
  project.write('fw.bin', 'firmware');
  project.write('fw.yaml', 'unrelated: true\n');
  assert.equal((await project.run(['init'], dev)).status, 0);
  assert.equal(project.mode('.manifest-dev-tool/dev.key.pem'), '600');
  const made = await project.run(['create', '-u', 'http://x.example', '-p', 'fw.bin', '-o', 'm'], dev);
  assert.equal(made.status, 0, made.stdout);
  assert.match(made.stdout, /Created manifest in v3 schema for full update campaign/);
});

test('manifest-dev-tool: a re-run of init keeps the old key, and 999.999.999 is the end with nothing written', async (t) => {
  const { program } = await import('../src/dev-tool/program.ts');
  const { runProgram } = await import('@mooring/terminal');
  const dev = {
    program: (argv: readonly string[], io: Parameters<typeof runProgram>[2]) => runProgram(program, argv, io),
  };
  const project = new Project(t);
  project.write('fw.bin', 'firmware');
  await project.run(['init'], dev);
  const old = project.text('.manifest-dev-tool/dev.key.pem');
  assert.match((await project.run(['init'], dev)).stdout, /WARNING .* are kept as dev\.[0-9a-f]{8}\.old\.key\.pem/);
  const kept = project.files().find((file) => /\.old\.key\.pem$/.test(file)) as string;
  assert.equal(project.text(kept), old);
  assert.equal(statSync(project.at(kept)).mode & 0o777, 0o600);

  const create = ['create', '-u', 'http://x.example', '-p', 'fw.bin', '-o', 'm'];
  assert.equal((await project.run([...create, '-v', '999.999.999'], dev)).status, 0);
  const before = project.snapshot();
  const { status, stdout } = await project.run(create, dev);
  assert.equal(status, 1);
  assert.match(stdout, /ERROR There is no firmware version after 999\.999\.999\./);
  assert.deepEqual(project.snapshot(), before);
});
