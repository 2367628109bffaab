// Keys in a real PKCS#11 token: SoftHSM through OpenSC (Debian: apt install softhsm2 opensc).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { globSync, mkdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { exportPrivateKey, importPrivateKey } from '@mooring/pki';
import { missing, notTested } from '../../../test/peers/missing.ts';
import { configOf, later, projectWithManifest } from '../test/manifests.ts';
import type { Project } from '../test/project.ts';

const module = globSync(['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib*/**/libsofthsm2.so'])[0];
const skip =
  missing(['softhsm2-util', 'pkcs11-tool'], 'softhsm2 opensc') ||
  (module === undefined && notTested('SoftHSM is installed without its module'));

const pin = '567890';

interface Token {
  project: Project;
  env: Record<string, string>;
  uri(path?: Record<string, string>, query?: Record<string, string>): string;
}

/** A project whose update key has been moved into a software token of its own; another P-256 key and an RSA one beside it. */
async function tokenWithUpdateKey(t: TestContext): Promise<Token> {
  const project = await projectWithManifest(t);
  mkdirSync(project.at('tokens'));
  project.write('softhsm2.conf', `directories.tokendir = ${project.at('tokens')}\n`);
  project.write('pin', `${pin}\n`, 0o600);
  const env = { PATH: process.env.PATH as string, SOFTHSM2_CONF: project.at('softhsm2.conf') };
  const run = (program: string, args: string[]) => {
    const { status, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  run('softhsm2-util', ['--init-token', '--free', '--label', 'release token', '--so-pin', '1234', '--pin', pin]);
  const key = importPrivateKey(project.bytes('update.key.pem'));
  project.write('update.pk8', exportPrivateKey(key, 'pkcs8', 'pem'), 0o600);
  const imported = ['--import', project.at('update.pk8'), '--label', 'update', '--id', '0a'];
  run('softhsm2-util', [...imported, '--token', 'release token', '--pin', pin]);
  const token = ['--module', String(module), '--token-label', 'release token', '--login', '--pin', pin];
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'other', '--id', '0b']);
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'rsa:2048', '--label', 'rsa', '--id', '0c']);
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'twin', '--id', '0d']);
  run('pkcs11-tool', [...token, '--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'twin', '--id', '0e']);
  return {
    project,
    env,
    uri(path = { object: 'update' }, query = { 'pin-source': `file:${project.at('pin')}` }) {
      const text = (attributes: object, between: string) =>
        Object.entries(attributes)
          .map(([name, value]) => `${name}=${value}`)
          .join(between);
      const how = text({ 'module-path': String(module), ...query }, '&');
      return `pkcs11:${text({ token: 'release%20token', ...path }, ';')}?${how}`;
    },
  };
}

test('a key in a token signs manifests of both schemas, by label and by id', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  for (const signer of [uri(), uri({ id: '%0a' })]) {
    const first = await project.run(['create', '-p', 'fw.bin', '-o', 'one', '--signer', signer], { env });
    assert.equal(first.status, 0, first.stderr);
    assert.equal((await project.run(['verify', '-i', 'one'], { time: later })).status, 0);
  }
  project.write('c.json', JSON.stringify(configOf({ 'sign-image': true })));
  const third = ['create', '-c', 'c.json', '-v', '1.2.3', '-o', 'three', '--signer', uri()];
  const made = await project.run(third, { env });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const parsed = await project.run(['parse', 'three', '-c', 'update.der']);
  assert.match(parsed.stdout, /Manifest Signature verified![\s\S]*Image Signature verified!/);

  project.write('c1.json', JSON.stringify(configOf()));
  const createV1 = ['create-v1', '-c', 'c1.json', '--update-certificate', 'update.der', '-o', 'two', '--signer', uri()];
  assert.equal((await project.run(createV1, { env })).status, 0);
  assert.equal((await project.run(['parse', 'two', '-c', 'update.der'])).status, 0);
});

test('a second signature comes from a token', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  const sign = ['sign', '-m', 'fw.manifest', '-c', 'update.der', '-o', 'both', '--signer', uri()];
  const { status, stderr } = await project.run(sign, { env, time: later });
  assert.equal(status, 0, stderr);
  assert.equal((await project.run(['verify', '-i', 'both'], { time: later })).status, 0);
});

test('the PIN comes from a file, the environment or a terminal, and shows nowhere', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  const create = ['create', '-p', 'fw.bin', '-i', 'in.json', '-o', 'one', '--signer', uri({ object: 'update' }, {})];
  project.write('in.json', '{}');
  const told = await project.run(create, { env: { ...env, MANIFEST_TOOL_PKCS11_PIN: pin } });
  assert.equal(told.status, 0, told.stderr);
  const asked = await project.run(create, { env, answers: [pin] });
  assert.equal(asked.status, 0, asked.stderr);
  assert.match(asked.screen, /PIN of the PKCS#11 token release token: /);
  const missingPin = await project.run(create, { env });
  assert.equal(missingPin.status, 1);
  assert.match(missingPin.stderr, /needs a PIN\.[\s\S]*pin-source/);
});

const refusals: [name: string, signer: (uri: Token['uri'], project: Project) => string, says: RegExp][] = [
  ['a key that is not there', (uri) => uri({ object: 'nope' }), /object not found: "nope"/],
  ['another token', (uri) => uri().replace('release%20token', 'lost'), /No slot with token[\s\S]*plugged in/],
  [
    'a label of two keys',
    (uri) => uri({ object: 'twin' }),
    /there are several keys with the label "twin"[\s\S]*id=%0d or id=%0e/,
  ],
  ['an RSA key', (uri) => uri({ object: 'rsa' }), /devices check updates with P-256 only/],
  ['the key of another certificate', (uri) => uri({ object: 'other' }), /does not verify with the certificate/],
  [
    'a module that is not there',
    (uri) => uri({ object: 'update' }, { 'module-path': '/nowhere/lib.so' }),
    /Check "module-path"/,
  ],
  [
    'a wrong PIN',
    (uri, project) => {
      project.write('wrong', '000000\n');
      return uri({ object: 'update' }, { 'pin-source': `file:${project.at('wrong')}` });
    },
    /CKR_PIN_INCORRECT[\s\S]*Check the PIN/,
  ],
  [
    'a PIN file that is not there',
    (uri) => uri({ object: 'update' }, { 'pin-source': 'file:/nowhere/pin' }),
    /no file \/nowhere\/pin/,
  ],
];

test('what a token cannot do is told, and nothing is written', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  for (const [name, signer, says] of refusals) {
    const create = ['create', '-p', 'fw.bin', '-o', 'out', '--signer', signer(uri, project)];
    const { status, stderr } = await project.run(create, { env });
    assert.equal(status, 1, name);
    assert.match(stderr, says, name);
    assert.doesNotMatch(stderr, /000000|567890|should not/, name);
    assert.ok(!project.files().includes('out'), name);
  }
});

test('no PIN is on a command line', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  const real = spawnSync('sh', ['-c', 'command -v pkcs11-tool'], { encoding: 'utf8' }).stdout.trim();
  mkdirSync(project.at('bin'));
  project.write('bin/pkcs11-tool', `#!/bin/sh\necho "$@" >> ${project.at('calls')}\nexec ${real} "$@"\n`, 0o755);
  const create = ['create', '-p', 'fw.bin', '-o', 'one', '--signer', uri()];
  const path = `${project.at('bin')}:${env.PATH}`;
  assert.equal((await project.run(create, { env: { ...env, PATH: path } })).status, 0);
  assert.match(project.text('calls'), /--sign --mechanism ECDSA/);
  assert.ok(!project.text('calls').includes(pin));
});

test('the token holds the key that the certificate has', { skip }, async (t) => {
  const { project, env, uri } = await tokenWithUpdateKey(t);
  const { pkcs11Signer } = await import('../src/signing/pkcs11.ts');
  const prompt = { interactive: false } as never;
  const signal = new AbortController().signal;
  const signer = await pkcs11Signer(uri(), { env, cwd: project.root, signal, prompt } as never);
  const own = createPublicKey(importPrivateKey(project.bytes('update.key.pem')));
  assert.ok(signer.publicKey.equals(own));
});
