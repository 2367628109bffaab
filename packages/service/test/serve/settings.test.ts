import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { configurationReference } from '../../src/serve/reference.ts';
import { defaultLimits, defaultRetention, resolveSettings } from '../../src/serve/settings.ts';
import { settingEntries, variableOf } from '../../src/serve/settings-table.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Sources = Parameters<typeof resolveSettings>[0];

const resolve = (sources: Partial<Sources> = {}) =>
  resolveSettings({ options: {}, env: {}, cwd: '/here', home: '/home/me', ...sources });

test('without any setting: loopback, no TLS, a folder of the user', async () => {
  assert.deepEqual(await resolve(), {
    data: '/home/me/.local/share/mooring',
    http: { host: '127.0.0.1', port: 8080 },
    tls: undefined,
    insecure: false,
    publicHost: undefined,
    bootstrapPort: 5684,
    devices: '127.0.0.1',
    deviceKeys: 'service',
    deviceCredentialDays: 3650,
    lwm2mPort: 5783,
    downloads: { host: '127.0.0.1', port: 8088 },
    downloadRate: 0,
    downloadConnections: 4000,
    masterKey: undefined,
    logFormat: 'text',
    logLevel: 'info',
    metrics: undefined,
    drainNotice: 0,
    dtls: true,
    retention: defaultRetention,
    limits: defaultLimits,
  });
  assert.equal((await resolve({ env: { XDG_DATA_HOME: '/data' } })).data, '/data/mooring');
});

test('an option is stronger than a variable, a variable than the file', async (t) => {
  const folder = temporaryFolder(t);
  const config = join(folder, 'mooring.toml');
  writeFileSync(config, 'public-host = "file.example"\nbootstrap-port = 1001\nlwm2m-port = 1002\ndata = "store"\n');
  const env = { MOORING_CONFIG: config, MOORING_PUBLIC_HOST: 'variable.example', MOORING_BOOTSTRAP_PORT: '2001' };
  const found = await resolve({ options: { publicHost: 'option.example' }, env });
  assert.equal(found.publicHost, 'option.example');
  assert.equal(found.bootstrapPort, 2001);
  assert.equal(found.lwm2mPort, 1002);
  assert.equal(found.data, join(folder, 'store'), 'paths in the file start from its folder');
  assert.equal((await resolve({ options: { config }, env: { MOORING_PUBLIC_HOST: '' } })).publicHost, 'file.example');
});

test('paths of options and variables start from where the command was given', async () => {
  const found = await resolve({ options: { data: 'd', masterKey: '../k' }, env: {} });
  assert.deepEqual([found.data, found.masterKey], ['/here/d', '/k']);
  const token = 'pkcs11:token=t;object=o?module-path=/m';
  assert.equal((await resolve({ env: { MOORING_MASTER_KEY: token } })).masterKey, token);
});

test('every setting can be given in all three ways', async (t) => {
  const examples: Readonly<Record<string, string>> = {
    path: '/p',
    'master-key': '/k',
    address: '127.0.0.1:1',
    host: 'a.example',
    port: '7',
    count: '8',
    flag: 'true',
    listener: 'off',
    url: 'http://downloads.example/firmware',
  };
  const folder = temporaryFolder(t);
  for (const [key, setting] of settingEntries) {
    // These two come in a pair.
    const partner = { tlsCert: { tlsKey: '/p' }, tlsKey: { tlsCert: '/p' } }[key as string] ?? {};
    const value = String(setting.choices?.at(-1) ?? setting.most ?? examples[setting.kind]);
    const config = join(folder, `${key}.toml`);
    const bare = ['port', 'count', 'flag'].includes(setting.kind);
    writeFileSync(config, `${setting.name} = ${bare ? value : JSON.stringify(value)}\n`);
    const byOption = await resolve({ options: { ...partner, [key]: setting.kind === 'flag' ? true : value } });
    const byVariable = await resolve({ options: partner, env: { [variableOf(setting)]: value } });
    const byFile = await resolve({ options: { ...partner, config } });
    assert.notDeepEqual(byOption, await resolve(), key);
    assert.deepEqual(byVariable, byOption, key);
    assert.deepEqual(byFile, byOption, key);
  }
});

test('the reference page has every setting', () => {
  const page = configurationReference();
  for (const [, setting] of settingEntries) {
    assert.ok(
      page.includes(`| \`${setting.name}\` | \`--${setting.name}`) && page.includes(variableOf(setting)),
      setting.name,
    );
  }
});

const conflicts: [what: string, options: Record<string, unknown>, code: string, says: RegExp][] = [
  ['one port for two servers', { lwm2mPort: '5684' }, 'settings.conflict', /server name \(SNI\)/],
  ['a certificate without key', { tlsCert: 'c' }, 'settings.conflict', /without tls-key/],
  ['a key without certificate', { tlsKey: 'k' }, 'settings.conflict', /without tls-cert/],
  ['two certificates', { tlsOwn: true, tlsCert: 'c', tlsKey: 'k' }, 'settings.conflict', /exclude each other/],
  ['a port that is none', { bootstrapPort: '70000' }, 'settings.malformed', /--bootstrap-port: .*1 to 65535/],
  ['a port of zero for devices', { bootstrapPort: '0' }, 'settings.malformed', /1 to 65535/],
  ['an address without port', { http: '127.0.0.1' }, 'settings.malformed', /HOST:PORT/],
  ['a host with a scheme', { publicHost: 'https://a.example' }, 'settings.malformed', /host name/],
  ['a host with a port', { publicHost: 'a.example:5684' }, 'settings.malformed', /host name/],
  ['a notice longer than a stop may take', { drainNotice: '3' }, 'settings.malformed', /from 0 to 2/],
  ['a download address with a query', { downloadUrl: 'http://a.example/?a=1' }, 'settings.malformed', /http:\/\/HOST/],
  ['metrics without a port', { metrics: 'on' }, 'settings.malformed', /HOST:PORT/],
  ['an empty value', { data: '' }, 'settings.malformed', /--data: is empty/],
];

for (const [what, options, code, says] of conflicts) {
  test(`refused: ${what}`, async () => assert.match((await failure(code, () => resolve({ options }))).message, says));
}

const files: [what: string, text: string, code: string, says: RegExp][] = [
  ['a misspelt setting', 'publc-host = "x"', 'settings.unknown', /no setting "publc-host"/],
  ['a setting with an underscore', 'public_host = "x"', 'settings.unknown', /public_host/],
  ['no TOML', 'data = "a"\npublic-host = x', 'settings.malformed', /line 2, column/],
  ['a text for a number', 'bootstrap-port = "many"', 'settings.malformed', /bootstrap-port in .*not a whole number/],
  ['a number for a text', 'data = 5', 'settings.malformed', /text in quotes/],
  ['a table', '[public-host]\nname = "x"', 'settings.malformed', /text in quotes/],
];

for (const [what, text, code, says] of files) {
  test(`refused in a file: ${what}`, async (t) => {
    const config = join(temporaryFolder(t), 'mooring.toml');
    writeFileSync(config, text);
    const refused = await failure(code, () => resolve({ options: { config } }));
    assert.match(refused.message, says);
    if (text.startsWith('public_host')) assert.match(refused.next ?? '', /"public-host"/);
  });
}

test('a file that is not there is named', async () => {
  assert.match(
    (await failure('file.not.found', () => resolve({ options: { config: 'no.toml' } }))).message,
    /\/here\/no\.toml/,
  );
});

test('no settings file ends otherwise than in settings or a sentence', async (t) => {
  const config = join(temporaryFolder(t), 'mooring.toml');
  const name = fc.constantFrom(...settingEntries.map(([, setting]) => setting.name));
  const value = fc.oneof(
    fc.string().map((s) => JSON.stringify(s)),
    fc.integer().map(String),
    fc.boolean().map(String),
    fc.constantFrom('[]', '{}', '1979-05-27', '1.5', 'nan', '"[::1]:0"'),
  );
  const line = fc.tuple(name, value).map(([key, text]) => `${key} = ${text}`);
  const text = fc.oneof(
    fc.string(),
    fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      writeFileSync(config, content);
      try {
        const found = await resolve({ options: { config } });
        assert.notEqual(found.bootstrapPort, found.lwm2mPort);
      } catch (error) {
        assert.ok(isMooringError(error), `${String(error)} for ${content}`);
      }
    }),
  );
});
