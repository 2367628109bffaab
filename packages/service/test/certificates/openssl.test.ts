import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pemOf } from '@mooring/pki';
import { activeAuthority, developerRevocationList, issueHttpsCertificate } from '../../src/certificates/index.ts';
import { service } from '../http/service-fixture.ts';

const present = spawnSync('openssl', ['version']).status === 0;
const skip = present
  ? false
  : 'SKIPPED: there is no openssl command on this machine, so nothing issued was verified by it';

function openssl(folder: string, ...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

async function folderOf(t: { after(done: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('OpenSSL verifies a developer certificate, reads its key, and sees it revoked', { skip }, async (t) => {
  const { request, domain, accountId } = await service(t);
  const folder = await folderOf(t);
  const made = (await request('POST', '/v3/developer-certificates', { body: { name: 'a' } })).body;
  const authority = await activeAuthority(domain, accountId, 'developer');
  await writeFile(join(folder, 'ca.pem'), authority.certificate.pem);
  await writeFile(join(folder, 'leaf.pem'), made.developer_certificate);
  await writeFile(join(folder, 'key.pem'), made.developer_private_key);
  const verify = (...more: string[]) =>
    openssl(folder, 'verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'ca.pem', ...more, 'leaf.pem');
  assert.deepEqual(verify(), { status: 0, text: 'leaf.pem: OK\n' });
  for (const second of [0, 253_402_300_798]) {
    assert.equal(verify('-attime', String(second)).status, 0, `at second ${second} since 1970`);
  }

  const publicKey = openssl(folder, 'x509', '-in', 'leaf.pem', '-noout', '-pubkey');
  assert.equal(
    openssl(folder, 'pkey', '-in', 'key.pem', '-check', '-pubout').text.replace('Key is valid\n', ''),
    publicKey.text,
  );
  assert.match(openssl(folder, 'pkey', '-in', 'key.pem', '-noout', '-text').text, /prime256v1/);

  const list = async () => pemOf('X509 CRL', await developerRevocationList(domain, accountId));
  await writeFile(join(folder, 'crl.pem'), await list());
  const at = ['-attime', String(Math.floor(domain.clock.now().getTime() / 1000))];
  assert.equal(verify('-crl_check', '-CRLfile', 'crl.pem', ...at).status, 0);
  await request('DELETE', `/v3/trusted-certificates/${made.id}`);
  await writeFile(join(folder, 'crl.pem'), await list());
  assert.match(verify('-crl_check', '-CRLfile', 'crl.pem', ...at).text, /certificate revoked/);
  const shown = openssl(folder, 'crl', '-in', 'crl.pem', '-noout', '-crlnumber', '-CAfile', 'ca.pem').text;
  assert.match(shown, /verify OK/);
  assert.match(shown, /crlNumber=(0x)?0?2\b/);
});

test('OpenSSL verifies the HTTPS certificate for names and addresses', { skip }, async (t) => {
  const { domain, accountId, clock } = await service(t);
  const folder = await folderOf(t);
  const made = await issueHttpsCertificate(domain, accountId, ['service.example', '192.0.2.7', '2001:db8::7']);
  const authority = await activeAuthority(domain, accountId, 'https');
  await writeFile(join(folder, 'ca.pem'), authority.certificate.pem);
  await writeFile(join(folder, 'chain.pem'), made.cert);
  const at = ['-attime', String(Math.floor(clock.now().getTime() / 1000))];
  const verify = (...more: string[]) =>
    openssl(
      folder,
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      'ca.pem',
      ...at,
      ...more,
      'chain.pem',
    );
  assert.equal(
    verify('-verify_hostname', 'service.example').status,
    0,
    verify('-verify_hostname', 'service.example').text,
  );
  assert.equal(verify('-verify_ip', '2001:db8::7').status, 0);
  assert.notEqual(verify('-verify_hostname', 'other.example').status, 0);
  assert.equal(made.cert.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.ok(made.notAfter.getTime() - clock.now().getTime() < 398 * 86_400_000);
});
