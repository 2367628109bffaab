import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportPrivateKey, generateKeyPair, issueCertificate, parseCertificate, pemOf } from '@mooring/pki';
import { fixedClock, systemClock } from '@mooring/platform';
import { operator } from '../../src/accounts/index.ts';
import { askService } from '../../src/admin/client.ts';
import { createDeveloperCertificate } from '../../src/certificates/index.ts';
import { parseMasterKey } from '../../src/keys/key-text.ts';
import { openVault } from '../../src/keys/vault.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { domainOf } from '../../src/storage/context.ts';
import { tryLockFolder } from '../../src/storage/folder-lock.ts';
import { databaseFileName, openStorage } from '../../src/storage/index.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { start } from './service.ts';

// Later than the services here: ids of one process and one moment would be the same.
const clock = fixedClock('2026-01-02T04:05:06Z');

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

test('the first start makes everything, a later one finds it', async (t) => {
  const first = await start(t);
  assert.equal(first.firstStart, true);
  assert.equal(await statusOf(`${first.url}/healthz`), 200);
  assert.equal(await statusOf(`${first.url}/v3/accounts/me`), 401);
  assert.equal(first.bootstrapUri, `coaps://127.0.0.1:5684?aid=${first.account}`);
  assert.equal(first.lwm2mUri, `coaps://127.0.0.1:5783?aid=${first.account}`);
  assert.equal(first.ca, undefined);
  assert.deepEqual(readdirSync(dirname(first.data)).sort(), ['data', 'data.master-key']);
  await first.close();
  assert.deepEqual(readdirSync(first.data).sort(), ['lock', databaseFileName]);

  const second = await start(t, { data: first.data });
  assert.equal(second.firstStart, false);
  assert.equal(second.account, first.account);
});

test('nothing in the data folder is for others, the admin socket least of all', async (t) => {
  const before = process.umask(0);
  const { data, adminSocket } = await start(t);
  process.umask(before);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  assert.equal(statSync(adminSocket).mode & 0o777, 0o600);
  for (const name of readdirSync(data)) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600, name);
});

test('a second service on the folder is told who has it, and the first goes on', async (t) => {
  const { data, url } = await start(t);
  const refused = await failure('database.folder.held', () => start(t, { data }));
  assert.match(refused.message, new RegExp(`mooring serve \\(process ${process.pid}`));
  assert.equal(await statusOf(`${url}/healthz`), 200);
  await failure('database.folder.held', () => start(t, { data }));
});

test('a command that has the folder open is waited for', async (t) => {
  const { data, close } = await start(t);
  await close();
  const attempt = await tryLockFolder(data, 'mooring api-key list', clock);
  assert.ok('lock' in attempt);
  const order: string[] = [];
  const starting = start(t, { data }).then(() => order.push('started'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  order.push('released');
  await attempt.lock.release();
  await starting;
  assert.deepEqual(order, ['released', 'started']);
});

test('a port in use leaves no data folder behind', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const folder = temporaryFolder(t);
  const http = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const refused = await failure('serve.port.used', () => start(t, { data: join(folder, 'data'), http }));
  assert.match(refused.message, /another program listens there already/);
  assert.deepEqual(readdirSync(folder), []);
});

const unreachable: [what: string, options: Record<string, unknown>, code: string][] = [
  ['HTTP without TLS for everyone', { http: '0.0.0.0:0' }, 'settings.insecure'],
  ['HTTP without TLS on one address', { http: '192.0.2.1:0' }, 'settings.insecure'],
  ['an address of another machine', { http: '192.0.2.1:0', insecure: true }, 'serve.address.unusable'],
  ['a TLS certificate that is not there', { tlsCert: '/no/cert', tlsKey: '/no/key' }, 'file.not.found'],
  ['a pkcs11 URI that is none', { masterKey: 'pkcs11:nonsense' }, 'master.key.uri.malformed'],
];

for (const [what, options, code] of unreachable) {
  test(`refused before anything is made: ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    await failure(code, () => start(t, { ...options, data: join(folder, 'data') }));
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('without TLS for everyone it runs only if that was said', async (t) => {
  const { url, log } = await start(t, { http: '0.0.0.0:0', insecure: true, publicHost: 'localhost' });
  assert.equal(await statusOf(`${url}/healthz`), 200);
  assert.ok(log.some(({ event }) => event === 'http.insecure'));
});

function get(url: string, ca: string): Promise<{ status: number | undefined; chain: string[] }> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (response) => {
      const peer = (response.socket as import('node:tls').TLSSocket).getPeerX509Certificate();
      const chain = [peer, peer?.issuerCertificate].flatMap((each) => each?.fingerprint256 ?? []);
      response.resume().on('end', () => resolve({ status: response.statusCode, chain }));
    })
      .on('error', reject)
      .end();
  });
}

const plain = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase();

test('with TLS of its own, a client that has the CA gets in by every name, and finds the CA in the chain', async (t) => {
  const service = await start(t, { tlsOwn: true }, { clock: systemClock });
  const { port } = service.http;
  assert.equal(service.url, `https://127.0.0.1:${port}`);
  const { certificate = '', fingerprint } = service.ca ?? {};
  for (const host of ['127.0.0.1', 'localhost']) {
    const { status, chain } = await get(`https://${host}:${port}/healthz`, certificate);
    assert.equal(status, 200);
    assert.equal(chain.map(plain)[1], fingerprint);
  }
  const exported = await askService(service.adminSocket, 'ca export', { purpose: 'https' });
  assert.equal(exported?.result.certificate, certificate);
  await assert.rejects(fetch(`${service.url}/healthz`), 'without the CA it is not trusted');
});

function writeTls(t: TestContext, notAfter: string): { tlsCert: string; tlsKey: string; pem: string } {
  const folder = temporaryFolder(t);
  const { publicKey, privateKey } = generateKeyPair();
  const certificate = issueCertificate({
    subject: { commonName: 'localhost' },
    subjectKey: publicKey,
    key: privateKey,
    profile: 'server',
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date(notAfter),
    dnsNames: ['localhost'],
  });
  const pem = pemOf('CERTIFICATE', certificate);
  writeFileSync(join(folder, 'cert.pem'), pem);
  writeFileSync(join(folder, 'key.pem'), exportPrivateKey(privateKey, 'pkcs8', 'pem'));
  return { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem'), pem };
}

test('with a TLS certificate brought along, that one is shown', async (t) => {
  const { pem, ...files } = writeTls(t, '2120-01-01T00:00:00Z');
  const { http } = await start(t, files, { clock: systemClock });
  const { chain } = await get(`https://localhost:${http.port}/healthz`, pem);
  assert.equal(plain(chain[0] ?? ''), parseCertificate(pem).fingerprint);
});

test('a TLS certificate that was renewed in its files is shown without a restart', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { pem: old, ...files } = writeTls(t, '2120-01-01T00:00:00Z');
  const { http } = await start(t, files, { clock: systemClock });
  const renewed = writeTls(t, '2121-01-01T00:00:00Z');
  copyFileSync(renewed.tlsCert, files.tlsCert);
  copyFileSync(renewed.tlsKey, files.tlsKey);
  t.mock.timers.tick(24 * 60 * 60 * 1000);
  const isTrusted = (pem: string) =>
    get(`https://localhost:${http.port}/healthz`, pem).then(
      ({ status }) => status === 200,
      () => false,
    );
  // The files are read in their own time.
  while (!(await isTrusted(renewed.pem)));
  assert.equal(await isTrusted(old), false);
});

test('a TLS certificate is checked before it is used', async (t) => {
  const one = writeTls(t, '2120-01-01T00:00:00Z');
  const other = writeTls(t, '2120-01-01T00:00:00Z');
  const refuse = async (files: { tlsCert: string; tlsKey: string }, says: RegExp) =>
    assert.match((await failure('settings.tls.unusable', () => start(t, files))).message, says);
  await refuse({ tlsCert: one.tlsCert, tlsKey: other.tlsKey }, /does not belong to the certificate/);
  await refuse({ tlsCert: one.tlsKey, tlsKey: one.tlsKey }, /does not hold a certificate/);
  await refuse({ tlsCert: one.tlsCert, tlsKey: one.tlsCert }, /does not hold a private key/);

  const { pem: _, ...expired } = writeTls(t, '2025-01-01T00:00:00Z');
  const { log } = await start(t, expired);
  assert.ok(log.some(({ event, message }) => event === 'tls.validity' && /expired/.test(message)));
});

test('a public host that devices may not find is warned about, a good one is not', async (t) => {
  const { log, data, close } = await start(t);
  assert.match(log.find(({ event }) => event === 'public-host')?.message ?? '', /127\.0\.0\.1.*--public-host/);
  await close();
  const good = await start(t, { data, publicHost: 'iot.example.com' });
  assert.deepEqual(good.log, [], 'nothing was handed out yet, so that nothing has to go on leading here');
});

test('a public host that changes after credentials were handed out is warned about once', async (t) => {
  const first = await start(t, { publicHost: 'old.example.com' });
  await first.close();
  const storage = await openStorage({ folder: first.data, clock });
  const vault = openVault(parseMasterKey(readFileSync(`${first.data}.master-key`), ''));
  const settings = { publicHost: 'old.example.com', bootstrapPort: 5684, lwm2mPort: 5783, limits: defaultLimits };
  await createDeveloperCertificate(domainOf({ storage, vault, clock, settings }), operator(first.account), {
    name: 'one',
  });
  await storage.close();

  const changed = await start(t, { data: first.data, publicHost: 'new.example.com' });
  assert.match(
    changed.log.find(({ event }) => event === 'public-host.changed')?.message ?? '',
    /old\.example\.com.*new\.example\.com/,
  );
  await changed.close();
  assert.deepEqual((await start(t, { data: first.data, publicHost: 'new.example.com' })).log, []);
});

test('a data folder whose master key is gone or another is not served, and not changed', async (t) => {
  const { data, close } = await start(t);
  await close();
  const before = readFileSync(join(data, databaseFileName));
  const key = `${data}.master-key`;
  const content = readFileSync(key);
  writeFileSync(key, Buffer.alloc(32, 9).toString('base64'));
  await failure('master.key.wrong', () => start(t, { data }));
  chmodSync(key, 0o644);
  await failure('master.key.exposed', () => start(t, { data }));
  await failure('master.key.missing', () => start(t, { data, masterKey: `${key}.other` }));
  assert.equal(existsSync(`${key}.other`), false);
  assert.deepEqual(readFileSync(join(data, databaseFileName)), before);
  writeFileSync(key, content);
  chmodSync(key, 0o600);
  await start(t, { data });
});

test('a folder with other things in it is not taken for data', async (t) => {
  const data = temporaryFolder(t);
  writeFileSync(join(data, 'thesis.tex'), '');
  await failure('database.folder.foreign', () => start(t, { data }));
  assert.deepEqual(readdirSync(data), ['thesis.tex']);
});

const interrupted: [what: string, prepare: (data: string) => Promise<unknown> | unknown][] = [
  ['before anything', () => undefined],
  ['after the folder was made', (data) => mkdirSync(data)],
  ['after the database was begun', (data) => mkdirSync(data) ?? writeFileSync(join(data, databaseFileName), '')],
  ['after the tables were made', async (data) => (await openStorage({ folder: data, clock })).close()],
  [
    'after the master key was made',
    (data) => writeFileSync(`${data}.master-key`, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 }),
  ],
];

for (const [what, prepare] of interrupted) {
  test(`a first start that was cut off is completed: ${what}`, async (t) => {
    const data = join(temporaryFolder(t), 'data');
    await prepare(data);
    const { account, adminSocket } = await start(t, { data });
    assert.match(account, /^[0-9a-f]{32}$/);
    for (const purpose of ['https', 'bootstrap', 'lwm2m', 'developer'] as const) {
      assert.match(
        (await askService(adminSocket, 'ca export', { purpose }))?.result.certificate ?? '',
        /BEGIN CERTIFICATE/,
      );
    }
  });
}

test('what a killed service left is cleared away', async (t) => {
  const { data, close } = await start(t);
  await close();
  const other = join(temporaryFolder(t), 'mooring-abcdef');
  mkdirSync(other);
  const stale = createServer().listen(join(other, 'admin.sock'));
  await once(stale, 'listening');
  writeFileSync(join(data, 'service.json'), JSON.stringify({ pid: 1, adminSocket: join(other, 'admin.sock') }));
  mkdirSync(join(data, '.backup-abc'));
  writeFileSync(join(data, '.backup-abc', databaseFileName), 'a copy');
  await start(t, { data });
  assert.equal(existsSync(other), false);
  assert.equal(existsSync(join(data, '.backup-abc')), false);
  stale.close();
});

test('a request that runs may end before the service does', async (t) => {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = createServer(async (_request, response) => {
    entered.resolve();
    await release.promise;
    response.end('done');
  });
  const restServer = async () => ({
    server,
    listen: async ({ host, port }: { host: string; port: number }) => once(server.listen(port, host), 'listening'),
    close: () => new Promise((resolve) => server.close(resolve)),
  });
  const { url, close } = await start(t, {}, { restServer });
  const order: string[] = [];
  const answer = fetch(url).then(async (response) => order.push(await response.text()));
  await entered.promise;
  const closed = close().then(() => order.push('closed'));
  release.resolve();
  await Promise.all([answer, closed]);
  assert.deepEqual(order, ['done', 'closed']);
  await assert.rejects(fetch(url));
});
