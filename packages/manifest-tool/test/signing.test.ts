import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifiesDigest } from '@mooring/manifest';
import { exportPrivateKey, generateKeyPair, importPrivateKey } from '@mooring/pki';
import fc from 'fast-check';
import { signDigest } from '../src/signing/digest-signature.ts';
import { readFixture } from './fixture.ts';
import { configOf, later, projectWithManifest, projectWithManifestV3 } from './manifests.ts';
import type { Project } from './project.ts';

// Other test files run signing tools at the same time: what is left behind is looked for in a folder of our own.
process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'signing-'));
after(() => rmSync(process.env.TMPDIR as string, { recursive: true }));

const create = ['create', '-p', 'fw.bin', '-o', 'out'] as const;
const password = 'correct horse';

function tool(project: Project, name: string, script: string): void {
  project.write(name, `#!/bin/sh\n${script}\n`);
  chmodSync(project.at(name), 0o755);
}

const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('manifest-sign-'));

/** Keys as people have them, all of one pair. */
function keyForms(project: Project): Record<string, Uint8Array | string> {
  const key = importPrivateKey(project.bytes('update.key.pem'));
  const cipher = 'aes-256-cbc';
  return {
    'SEC1 PEM': exportPrivateKey(key, 'sec1', 'pem'),
    'SEC1 DER': exportPrivateKey(key, 'sec1', 'der'),
    'PKCS#8 PEM': exportPrivateKey(key, 'pkcs8', 'pem'),
    'PKCS#8 DER': exportPrivateKey(key, 'pkcs8', 'der'),
    'encrypted PKCS#8 PEM': key.export({ type: 'pkcs8', format: 'pem', cipher, passphrase: password }),
    'encrypted PKCS#8 DER': key.export({ type: 'pkcs8', format: 'der', cipher, passphrase: password }),
    'encrypted SEC1 PEM': key.export({ type: 'sec1', format: 'pem', cipher, passphrase: password }),
  };
}

test('a key in any form signs, with its password from a file or the environment', async (t) => {
  const project = await projectWithManifest(t);
  project.write('password', `${password}\n`);
  for (const [form, data] of Object.entries(keyForms(project))) {
    project.write('key', data);
    for (const call of [
      { argv: ['--password-file', 'password'], env: {} },
      { argv: [], env: { MANIFEST_TOOL_KEY_PASSWORD: password } },
    ]) {
      const made = await project.run([...create, '-k', 'key', ...call.argv], { env: call.env });
      assert.equal(made.status, 0, `${form}: ${made.stderr}`);
      assert.equal((await project.run(['verify', '-i', 'out'], { time: later })).status, 0, form);
    }
  }
});

test('on a terminal the password is asked for and not shown', async (t) => {
  const project = await projectWithManifest(t);
  project.write('key', keyForms(project)['encrypted PKCS#8 PEM'] as string);
  const { status, screen } = await project.run(
    [...create, '-k', 'key', '-i', 'in.json'].filter((word) => word !== ''),
    {
      answers: [password],
    },
  );
  assert.equal(status, 2, 'the input has to be there');
  assert.match(screen, /can't open 'in\.json'/);
  project.write('in.json', '{}');
  const asked = await project.run([...create, '-k', 'key', '-i', 'in.json'], { answers: [password] });
  assert.equal(asked.status, 0, asked.stderr);
  assert.match(asked.screen, /Password of key: /);
});

test('a wrong or missing password is told of, and is in no message', async (t) => {
  const project = await projectWithManifest(t);
  project.write('key', keyForms(project)['encrypted PKCS#8 PEM'] as string);
  const missing = await project.run([...create, '-k', 'key']);
  assert.match(missing.stderr, /is protected by a password\.\n.*--password-file/);
  const wrong = await project.run([...create, '-k', 'key'], { env: { MANIFEST_TOOL_KEY_PASSWORD: 'hunter2' } });
  assert.match(wrong.stderr, /does not open with this password\./);
  assert.doesNotMatch(wrong.stderr, /hunter2/);
  assert.deepEqual([missing.status, wrong.status], [1, 1]);
});

test('a key that is not on P-256 signs nothing', async (t) => {
  const project = await projectWithManifest(t);
  project.write('rsa.pem', readFixture('rsa.key.pem'));
  const { status, stderr } = await project.run([...create, '-k', 'rsa.pem']);
  assert.equal(status, 1);
  assert.match(stderr, /The key in rsa\.pem is rsa; devices check updates with P-256 only\./);
});

const openssl = 'openssl dgst -"$1" -sign update.key.pem -out "$4" "$3"';

test('a signing tool is run with sha256, key id, input and output, in both generations', async (t) => {
  const project = await projectWithManifest(t);
  tool(project, 'sign.sh', `echo "$1 $2" >> calls\nwc -c < "$3" >> calls\necho talk\n${openssl}`);
  const before = leftovers();
  await project.run([
    'init',
    '-d',
    'arm.com',
    '-m',
    'dev-device',
    '-q',
    '-c',
    'update.der',
    '-s',
    './sign.sh',
    '--signing-key-id',
    'key 7',
  ]);
  const first = await project.run(['create', '-p', 'fw.bin', '-o', 'one']);
  assert.equal(first.status, 0, first.stderr);
  assert.equal((await project.run(['verify', '-i', 'one'], { time: later })).status, 0);

  project.write('c.json', JSON.stringify(configOf({ 'signing-tool': 'sign.sh' })));
  const second = await project.run(['create', '-c', 'c.json', '-k', 'key 7', '-v', '1.2.3', '-o', 'three']);
  assert.equal(second.status, 0, second.stdout);
  assert.equal((await project.run(['parse', 'three', '-c', 'update.der'])).status, 0);
  assert.match(project.text('calls'), /^sha256 key 7\n\s*\d+\nsha256 key 7\n\s*\d+\n$/);
  assert.deepEqual(leftovers(), before, 'no file is left behind');
});

const failing: [name: string, script: string, reason: RegExp][] = [
  ['ends with a status', 'exit 3', /ended with status 3/],
  ['is killed', 'kill -9 $$', /ended with signal SIGKILL/],
  ['writes nothing', 'exit 0', /left no signature/],
  ['writes no DER', 'echo no > "$4"', /left a signature that is not DER/],
  ['signs and fails all the same', `${openssl}; exit 1`, /ended with status 1/],
];
for (const [name, script, reason] of failing) {
  test(`a signing tool that ${name} fails the command, and nothing is written`, async (t) => {
    const project = await projectWithManifestV3(t, { 'signing-tool': './sign.sh' });
    tool(project, 'sign.sh', script);
    const [before, files] = [leftovers(), project.snapshot()];
    const { status, stdout } = await project.run([
      'create',
      '-c',
      'c.json',
      '-k',
      'k',
      '-v',
      '1.2.3',
      '-o',
      'fw.manifest',
    ]);
    assert.equal(status, 1);
    assert.match(stdout, /CRITICAL Signing tool failed\.\n/);
    assert.match(stdout, reason);
    assert.deepEqual(project.snapshot(), files);
    assert.deepEqual(leftovers(), before);
  });
}

test('a signing tool whose key is another one is found out', async (t) => {
  const project = await projectWithManifest(t);
  project.writeIdentity('other');
  tool(project, 'sign.sh', openssl.replace('update', 'other'));
  await project.run([
    'init',
    '-d',
    'arm.com',
    '-m',
    'dev-device',
    '-q',
    '-c',
    'update.der',
    '-s',
    './sign.sh',
    '--signing-key-id',
    'k',
  ]);
  const { status, stderr } = await project.run(create);
  assert.equal(status, 1);
  assert.match(stderr, /signing tool \.\/sign\.sh, key k signed does not verify with the certificate in update\.der/);
});

test('a signature over a digest verifies, and only with its key and digest', () => {
  const { privateKey } = generateKeyPair();
  const publicKey = createPublicKey(privateKey);
  const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(digests, fc.nat(31), (digest, at) => {
      const raw = signDigest(privateKey, digest);
      assert.equal(raw.length, 64);
      assert.ok(verifiesDigest(publicKey, digest, raw));
      const other = Uint8Array.from(digest, (byte, index) => (index === at ? byte ^ 1 : byte));
      assert.ok(!verifiesDigest(publicKey, other, raw));
    }),
    { numRuns: 20 },
  );
});
