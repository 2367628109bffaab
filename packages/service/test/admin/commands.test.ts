import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRequest, fingerprint, generateKeyPair, parseCertificate, pemOf } from '@mooring/pki';
import { mooring, type Outcome } from '../command-line.ts';
import { type Started, start } from '../serve/service.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Run = (...argv: string[]) => Promise<Outcome>;

/** The same command line while the service runs and while it does not. */
const ways: [name: string, ready: (t: TestContext) => Promise<{ run: Run; service: Started }>][] = [
  [
    'through the socket',
    async (t) => {
      const service = await start(t);
      return { service, run: (...argv) => mooring([...argv, '--data', service.data]) };
    },
  ],
  [
    'on the folder itself',
    async (t) => {
      const service = await start(t);
      await service.close();
      return { service, run: (...argv) => mooring([...argv, '--data', service.data]) };
    },
  ],
];

for (const [way, ready] of ways) {
  test(`API keys are made, listed and revoked ${way}`, async (t) => {
    const { run, service } = await ready(t);
    const made = await run('api-key', 'create', 'laptop');
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /^ak_1[A-Za-z0-9+/]{107}\n$/, 'the key alone, so that KEY=$(…) takes it');
    assert.match(made.stderr, /"laptop".*Administrators.*only this once/);

    const second = await run('api-key', 'create', 'factory', '--group', 'Developers', '--json');
    assert.deepEqual([second.json.name, second.json.groups], ['factory', ['Developers']]);

    const visitor = await run('api-key', 'create', 'visitor', '--days', '7');
    assert.match(visitor.stderr, /expires at \d{4}-/);
    assert.match((await run('api-key', 'list')).stdout, /visitor +ACTIVE .* expires \d{4}-/);
    assert.equal((await run('api-key', 'revoke', 'visitor')).status, 0);
    assert.equal((await run('api-key', 'create', 'late', '--days', '0')).status, 1);

    const { json } = await run('api-key', 'list', '--json');
    assert.deepEqual(
      json.apiKeys.map((key: { name: string; groups: string[]; lastUsedAt: null }) => [
        key.name,
        key.groups,
        key.lastUsedAt,
      ]),
      [
        ['laptop', ['Administrators'], null],
        ['factory', ['Developers'], null],
      ],
    );
    const listed = await run('api-key', 'list');
    assert.match(listed.stdout, /laptop +ACTIVE +Administrators +never used/);
    assert.ok(!listed.stdout.includes(made.stdout.trim()));

    assert.match((await run('api-key', 'revoke', 'laptop')).stdout, /"laptop" .* is revoked/);
    assert.equal((await run('api-key', 'revoke', second.json.id)).status, 0);
    assert.deepEqual((await run('api-key', 'list', '--json')).json.apiKeys, []);
    for (const name of readdirSync(service.data).filter((each) => each.startsWith('mooring.sqlite'))) {
      assert.ok(!readFileSync(join(service.data, name)).includes(made.stdout.trim().slice(79)), 'never kept in clear');
    }
  });

  test(`people are invited, listed and let in again ${way}`, async (t) => {
    const { run } = await ready(t);
    const link = await run('portal', 'link');
    assert.match(link.stdout, /^http:\/\/127\.0\.0\.1:\d+\/welcome#ml_[\w-]{43}\n$/, 'the link alone');
    const made = await run('user', 'create', 'Anna@example.com', '--name', 'Anna', '--group', 'Observers', '--json');
    assert.deepEqual(
      [made.json.email, made.json.fullName, made.json.groups],
      ['Anna@example.com', 'Anna', ['Observers']],
    );
    assert.match(made.json.url, /\/invitation#ml_/);
    assert.equal((await run('user', 'create', 'nonsense', '--json')).json.error.code, 'user.invalid');
    assert.equal((await run('user', 'reset', 'nobody@example.com', '--json')).json.error.code, 'admin.user.unknown');
    const again = await run('user', 'reset', 'anna@example.com');
    assert.match(again.stdout, /\/invitation#ml_/);
    assert.ok(!again.stdout.includes(made.json.url));
    assert.match((await run('user', 'list')).stdout, /Anna@example\.com {2}INVITED {2}Observers {2}never signed in\n$/);
  });

  test(`a failure is the same sentence, code and status ${way}`, async (t) => {
    const { run } = await ready(t);
    await run('api-key', 'create', 'laptop');
    const taken = await run('api-key', 'create', 'laptop');
    assert.deepEqual([taken.status, taken.stdout], [1, '']);
    assert.match(taken.stderr, /There is an API key named "laptop" already\.\nChoose another name\./);
    const group = await run('api-key', 'create', 'x', '--group', 'Wizards', '--json');
    assert.deepEqual([group.status, group.json.error.code], [1, 'group.unknown']);
    const unknown = await run('api-key', 'revoke', 'nobody', '--json');
    assert.equal(unknown.json.error.code, 'admin.api.key.unknown');
  });

  test(`the account is shown and changed ${way}`, async (t) => {
    const { run, service } = await ready(t);
    const set = await run('account', 'set', '--display-name', 'Example Lamps', '--email', 'ops@example.com', '--json');
    assert.deepEqual(
      [set.json.displayName, set.json.email, set.json.company],
      ['Example Lamps', 'ops@example.com', null],
    );
    await run('account', 'set', '--email', '');
    const shown = await run('account', 'show', '--json');
    assert.deepEqual(
      [shown.json.id, shown.json.displayName, shown.json.email],
      [service.account, 'Example Lamps', null],
    );
    assert.match((await run('account', 'show')).stdout, /name +Example Lamps/);
    assert.match((await run('account', 'set')).stderr, /Nothing was given to change/);
  });

  test(`the certificates of the authorities are exported ${way}`, async (t) => {
    const { run } = await ready(t);
    const seen = new Set<string>();
    for (const purpose of ['https', 'bootstrap', 'lwm2m', 'developer']) {
      const { json } = await run('ca', 'export', '--purpose', purpose, '--json');
      const certificate = parseCertificate(json.certificate);
      assert.ok(certificate.isAuthority && certificate.selfSigned);
      assert.equal(json.fingerprint, fingerprint(certificate.der));
      seen.add(json.fingerprint);
    }
    assert.equal(seen.size, 4, 'each server has an authority of its own');

    const plain = await run('ca', 'export');
    assert.match(plain.stdout, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
    assert.match(plain.stderr, /SHA-256 fingerprint: [0-9a-f]{64}/);
    const out = join(temporaryFolder(t), 'ca.pem');
    const filed = await run('ca', 'export', '--out', out);
    assert.equal(filed.stdout, '');
    assert.equal(readFileSync(out, 'utf8'), plain.stdout);
  });
}

for (const runs of [true, false]) {
  test(`device certificates are listed and revoked ${runs ? 'through the socket' : 'on the folder itself'}`, async (t) => {
    const service = await start(t);
    const run: Run = (...argv) => mooring([...argv, '--data', service.data]);
    assert.match((await run('device-certificate', 'list')).stderr, /No device has a certificate of its own/);
    const key = (await run('api-key', 'create', 'laptop')).stdout.trim();
    for (const name of ['kitchen', 'cellar', 'attic']) {
      const subject = { commonName: name };
      const request = createRequest({ subject, key: generateKeyPair().privateKey });
      const made = await fetch(`${service.url}/v3/device-certificates`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ endpoint_name: name, csr: pemOf('CERTIFICATE REQUEST', request) }),
      });
      assert.equal(made.status, 201);
    }
    if (!runs) await service.close();

    const { json } = await run('device-certificate', 'list', '--json');
    const [kitchen, cellar, attic] = json.deviceCertificates;
    assert.deepEqual([kitchen.endpointName, cellar.endpointName], ['kitchen', 'cellar']);
    const line = `${kitchen.id}  kitchen  ${kitchen.fingerprint}  ${kitchen.issuedAt.slice(0, 10)}\n`;
    assert.ok((await run('device-certificate', 'list')).stdout.startsWith(line));

    const revoked = await run('device-certificate', 'revoke', 'kitchen');
    assert.equal(revoked.stdout, `The certificate of "kitchen" (${kitchen.id}) is revoked.\n`);
    assert.equal((await run('device-certificate', 'revoke', cellar.id)).status, 0);
    assert.equal((await run('device-certificate', 'revoke', attic.fingerprint)).status, 0);
    const again = await run('device-certificate', 'revoke', 'kitchen', '--json');
    assert.deepEqual([again.status, again.json.error.code], [1, 'admin.device.certificate.unknown']);
  });
}

test('where there is no data folder, a command says so and makes none', async (t) => {
  const folder = temporaryFolder(t);
  const { status, json } = await mooring(['account', 'show', '--data', 'data', '--json'], { cwd: folder });
  assert.deepEqual([status, json.error.code], [1, 'database.folder.missing']);
  assert.deepEqual(readdirSync(folder), []);
});

test('the data folder is found by variable and by settings file', async (t) => {
  const { data, account } = await start(t);
  const { json } = await mooring(['account', 'show', '--json'], { env: { MOORING_DATA: data } });
  assert.equal(json.id, account);
});

function post(socketPath: string, path: string, body: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('nonsense on the admin socket is refused, and the service goes on', async (t) => {
  const { adminSocket } = await start(t);
  for (const [path, body] of [
    ['/account%20show', 'no json'],
    ['/account%20show', '[]'.repeat(600_000)],
    ['/constructor', '{}'],
    ['/__proto__', '{}'],
    ['/%E0%A4%A', '{}'],
    ['/nothing', '{}'],
  ] as const) {
    const { status, text } = await post(adminSocket, path, body);
    assert.equal(status, 400, path);
    assert.doesNotMatch(text, /\.ts:\d/);
  }
  assert.equal((await post(adminSocket, '/account%20show', '{}')).status, 200);
});

test('an authority is replaced by commands, while the service runs and while it does not', async (t) => {
  const { data, close } = await start(t);
  const folder = ['--data', data];
  const begun = await mooring(['ca', 'rollover', '--purpose', 'lwm2m', ...folder, '--json']);
  assert.equal(begun.status, 0, begun.stderr);
  const { active, retiring } = begun.json;
  const exported = async (...words: string[]) =>
    (await mooring(['ca', 'export', '--purpose', 'lwm2m', ...words, ...folder, '--json'])).json.fingerprint;
  assert.deepEqual([await exported(), await exported('--state', 'retiring')], [active, retiring]);
  await close();

  const list = await mooring(['ca', 'list', ...folder]);
  assert.match(list.stdout, new RegExp(`^lwm2m +retiring +until 9999-12-31 +${retiring}$`, 'm'));
  assert.match(list.stdout, /^https +active +until 20\d\d-/m);
  const again = await mooring(['ca', 'rollover', '--purpose', 'lwm2m', ...folder]);
  assert.deepEqual([again.status, /--finish/.test(again.stderr)], [1, true]);
  const finished = await mooring(['ca', 'rollover', '--purpose', 'lwm2m', '--finish', ...folder, '--json']);
  assert.deepEqual([finished.json.active, finished.json.retiring], [active, null]);
  assert.equal((await start(t, { data })).firstStart, false, 'the master key is still found to be the right one');
});
