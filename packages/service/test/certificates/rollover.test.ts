import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { generateKeyPair, issueCertificate, noClockValidity, parseCertificate, pemOf } from '@mooring/pki';
import { operator } from '../../src/accounts/index.ts';
import { listAuditRecords } from '../../src/audit/index.ts';
import {
  activeAuthority,
  beginRollover,
  cancelRollover,
  countingAuthorities,
  developerRevocationLists,
  finishRollover,
  listAuthorities,
  serverChain,
  signingAuthority,
} from '../../src/certificates/index.ts';
import { failure } from '../failures.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const skip =
  spawnSync('openssl', ['version']).status === 0
    ? false
    : 'SKIPPED: there is no openssl command on this machine, so no rollover was verified by it';

interface Made {
  id: string;
  developer_certificate: string;
  security_file_content: string;
}

async function developer({ request }: Fixture, name: string): Promise<Made> {
  const { status, body } = await request('POST', '/v3/developer-certificates', { body: { name } });
  assert.equal(status, 201);
  return body;
}

const credentials = (made: Made) => readDeveloperCredentials(made.security_file_content, 'credentials.c');

/** `openssl verify` of a certificate, as a device or a server with these trusted certificates does it. */
function verifier(folder: string) {
  let files = 0;
  const file = (pem: string) => {
    const path = join(folder, `${files++}.pem`);
    writeFileSync(path, pem);
    return path;
  };
  return (pem: string, trusted: string, { chain = '', more = [] as string[] } = {}): string => {
    const untrusted = chain === '' ? [] : ['-untrusted', file(chain)];
    const args = ['verify', '-x509_strict', '-CAfile', file(trusted), ...untrusted, ...more, file(pem)];
    const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    return `${stdout}${stderr}`.replace(/^.*\d+\.pem: OK\n$/, 'OK');
  };
}

/** The certificate that a server of ours shows, and what it sends after it. */
async function serverShows({ domain, accountId }: Fixture, server: 'bootstrap' | 'lwm2m') {
  const { issuer } = await signingAuthority(domain, accountId, server);
  const leaf = issueCertificate({
    subject: { commonName: server },
    subjectKey: generateKeyPair().publicKey,
    issuer,
    profile: 'server',
    ...noClockValidity,
  });
  const chain = (await serverChain(domain, accountId, server)).map((der) => pemOf('CERTIFICATE', der)).join('');
  return { leaf: pemOf('CERTIFICATE', leaf), chain };
}

for (const server of ['bootstrap', 'lwm2m'] as const) {
  test(`devices of before and after trust the ${server} server while its authority is replaced`, {
    skip,
  }, async (t) => {
    const fixture = await service(t);
    const { domain, accountId, request } = fixture;
    const actor = operator(accountId);
    const verify = verifier(temporaryFolder(t));
    assert.equal(
      (await serverShows(fixture, server)).chain,
      '',
      'without a rollover nothing is sent after the certificate',
    );

    const caOf = (made: Made) => {
      const { bootstrapServerCa, lwm2mServerCa } = credentials(made);
      const der = server === 'bootstrap' ? bootstrapServerCa : lwm2mServerCa;
      return pemOf('CERTIFICATE', der ?? assert.fail());
    };
    const before = caOf(await developer(fixture, 'before'));
    await beginRollover(domain, actor, server);
    const after = caOf(await developer(fixture, 'after'));
    assert.notEqual(before, after, 'the new authority is handed out');
    assert.equal((await request('GET', `/v3/server-credentials/${server}`)).body.server_certificate, after);

    const during = await serverShows(fixture, server);
    assert.equal(verify(during.leaf, before, { chain: during.chain }), 'OK', 'a device of before');
    assert.equal(verify(during.leaf, after, { chain: during.chain }), 'OK', 'a device of after');
    assert.equal(verify(during.leaf, after + before, { chain: during.chain }), 'OK', 'a device that has both');
    assert.match(
      verify(during.leaf, before),
      /unable to get (local )?issuer|signature failure/,
      'not without the chain',
    );

    await cancelRollover(domain, actor, server);
    assert.equal(caOf(await developer(fixture, 'again')), before, 'the old authority is handed out again');
    const cancelled = await serverShows(fixture, server);
    assert.equal(verify(cancelled.leaf, before, { chain: cancelled.chain }), 'OK');
    assert.equal(verify(cancelled.leaf, after, { chain: cancelled.chain }), 'OK', 'who got the new one is not lost');
    fixture.clock.set('2026-11-23T00:00:00Z');
    await cancelRollover(domain, actor, server);

    const needed = await failure('authority.rollover.needed', () => finishRollover(domain, actor, server));
    assert.match(needed.message, /3 active certificates of developers and devices/);
    await finishRollover(domain, actor, server, { evenIfUsed: true });
    const finished = await serverShows(fixture, server);
    assert.equal(finished.chain, '');
    assert.equal(verify(finished.leaf, after), 'OK');
    assert.notEqual(verify(finished.leaf, before), 'OK');
  });
}

test('developer certificates of before and after are good, and revoked, each with its list', { skip }, async (t) => {
  const fixture = await service(t);
  const { domain, accountId, request, clock } = fixture;
  const actor = operator(accountId);
  const verify = verifier(temporaryFolder(t));
  const old = await developer(fixture, 'old');
  const oldGone = await developer(fixture, 'old-gone');
  await beginRollover(domain, actor, 'developer');
  const fresh = await developer(fixture, 'fresh');
  const freshGone = await developer(fixture, 'fresh-gone');

  const trusted = async () =>
    (await countingAuthorities(domain, accountId, 'developer')).map(({ certificate }) => certificate.pem).join('');
  const good = async (made: Made) => {
    const lists = (await developerRevocationLists(domain, accountId)).map((der) => pemOf('X509 CRL', der)).join('');
    const crl = join(temporaryFolder(t), 'crl.pem');
    writeFileSync(crl, lists);
    const at = String(Math.floor(clock.now().getTime() / 1000));
    const more = ['-purpose', 'sslclient', '-crl_check', '-CRLfile', crl, '-attime', at];
    return verify(made.developer_certificate, await trusted(), { more });
  };
  for (const made of [old, oldGone, fresh, freshGone]) assert.equal(await good(made), 'OK', made.id);
  assert.deepEqual(
    await Promise.all(
      [old, fresh].map(
        async (made) =>
          verify(
            made.developer_certificate,
            (await activeAuthority(domain, accountId, 'developer')).certificate.pem,
          ) === 'OK',
      ),
    ),
    [false, true],
    'they are of two authorities',
  );

  for (const { id } of [oldGone, freshGone]) await request('DELETE', `/v3/trusted-certificates/${id}`);
  for (const made of [oldGone, freshGone]) assert.match(await good(made), /certificate revoked/);
  for (const made of [old, fresh]) assert.equal(await good(made), 'OK');

  const listed = (await listAuthorities(domain, accountId)).filter(({ purpose }) => purpose === 'developer');
  assert.deepEqual(
    listed.map(({ state, certificates, revoked, notAfter }) => [state, certificates, revoked, notAfter.slice(0, 4)]),
    [
      ['active', 1, 1, '9999'],
      ['retiring', 1, 1, '9999'],
    ],
  );

  await failure('authority.rollover.needed', () => finishRollover(domain, actor, 'developer'));
  assert.equal(await good(old), 'OK', 'what was refused changed nothing');
  await finishRollover(domain, actor, 'developer', { evenIfUsed: true });
  assert.notEqual(await good(old), 'OK');
  assert.equal(await good(fresh), 'OK');
  const status = async (id: string) => (await request('GET', `/v3/trusted-certificates/${id}`)).body.status;
  assert.deepEqual([await status(old.id), await status(fresh.id)], ['INACTIVE', 'ACTIVE']);
  assert.equal((await developerRevocationLists(domain, accountId)).length, 1);
});

test('a rollover is one at a time, is recorded, and leaves no key of what was retired', async (t) => {
  const { domain, accountId } = await service(t);
  const actor = operator(accountId);
  await failure('authority.rollover.none', () => cancelRollover(domain, actor, 'lwm2m'));
  await failure('authority.rollover.none', () => finishRollover(domain, actor, 'lwm2m'));
  await beginRollover(domain, actor, 'lwm2m');
  await failure('authority.rollover.running', () => beginRollover(domain, actor, 'lwm2m'));
  await beginRollover(domain, actor, 'bootstrap');
  await finishRollover(domain, actor, 'lwm2m');
  const actions = (await listAuditRecords(domain, accountId, { limit: 5 })).map(({ action }) => action);
  assert.deepEqual(actions, [
    'authority.rollover.finished',
    'authority.rollover.begun',
    'authority.created',
    'authority.rollover.begun',
    'authority.created',
  ]);
  const rows = await domain.storage.db.selectFrom('authorities').selectAll().where('purpose', '=', 'lwm2m').execute();
  assert.deepEqual(
    rows.map(({ state, private_key_sealed }) => [state, private_key_sealed.length > 0]),
    [
      ['retired', false],
      ['active', true],
    ],
  );
  await beginRollover(domain, actor, 'lwm2m');
  const { certificate } = await activeAuthority(domain, accountId, 'lwm2m');
  for (const der of await serverChain(domain, accountId, 'lwm2m')) {
    const cross = parseCertificate(der);
    assert.deepEqual([cross.subjectText, cross.issuerText], [certificate.subjectText, certificate.subjectText]);
    assert.ok(der.length <= 1023, 'small enough for a device');
  }
});
