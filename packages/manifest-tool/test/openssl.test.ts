import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Project, quiet } from './project.ts';

const there = spawnSync('openssl', ['version']).status === 0;

test('OpenSSL reads the certificate and its key, and verifies what the key signs', async (t) => {
  if (!there) return t.skip('NOT RUN: this machine has no openssl');
  const project = new Project(t);
  await project.run([...quiet, '--country', 'UK', '--organization', 'Arm', '--valid-days', '36500']);
  const openssl = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: project.root, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const der = ['-inform', 'der', '-in', '.update-certificates/default.der'];
  const text = openssl('x509', ...der, '-noout', '-text', '-nameopt', 'RFC2253');
  for (const part of [
    'Version: 3 (0x2)',
    'Signature Algorithm: ecdsa-with-SHA256',
    'Subject: CN=arm.com,O=Arm,C=UK',
    'NIST CURVE: P-256',
    'DNS:localhost',
    'Code Signing',
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.match(text, /Not After : Sep {2}6 10:56:04 2119 GMT/);
  const publicKey = openssl('x509', ...der, '-noout', '-pubkey');
  assert.equal(openssl('ec', '-in', '.update-certificates/default.key.pem', '-pubout'), publicKey);
  project.write('public.pem', publicKey);
  project.write('message', 'update');
  openssl('dgst', '-sha256', '-sign', '.update-certificates/default.key.pem', '-out', 'signature', 'message');
  openssl('dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'message');
});
