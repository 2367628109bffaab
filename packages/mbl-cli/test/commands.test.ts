import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { deviceAtIndex, deviceNamed } from '../src/devices/choice.ts';
import { fakeService, goodKey, send } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, type World, world } from './world.ts';

test('the command line as a whole: version, usage errors, and the help of every command', async (t) => {
  const { run } = await world(t);
  for (const argv of [['-V'], ['--version'], ['--vers'], ['-vV'], ['-V', 'which'], ['-V', '-a', '192.0.2.1', 'list']]) {
    assert.deepEqual(await run(argv), { status: 0, stdout: '2.0.1\n', stderr: '' });
  }
  for (const [argv, first] of [
    [[], 'error: No arguments given!'],
    [['bogus'], /^error: argument COMMAND: invalid choice: 'bogus' \(choose from 'list', 'select', /],
    [['-V', 'bogus'], /^error: argument COMMAND: invalid choice: 'bogus'/],
    [['-V', 'put'], 'error: the following arguments are required: src_path, dst_path'],
    [['-v'], 'error: the following arguments are required: COMMAND'],
    [['put'], 'error: the following arguments are required: src_path, dst_path'],
    [['list', 'extra'], 'error: unrecognized arguments: extra'],
    [['shell', 'ls', '-la'], 'error: unrecognized arguments: -la'],
    [['which', '-v'], 'error: unrecognized arguments: -v'],
    [['select', '--name', 'a', '--index', '1'], /not allowed with argument/],
  ] as const) {
    const { status, stdout, stderr } = await run([...argv]);
    assert.deepEqual([status, stdout], [2, '']);
    const line = stderr.split('\n')[0] as string;
    if (typeof first === 'string') assert.equal(line, first);
    else assert.match(line, first);
  }
  const { stdout: help } = await run(['-h']);
  const names = [...help.matchAll(/^ {4}([a-z-]+(?: [a-z]+)?) {2,}\S/gm)].map(([, name]) => name as string);
  assert.deepEqual(names, [
    'list',
    'select',
    'which',
    'forget',
    'get',
    'put',
    'shell',
    'update',
    'save-api-key',
    'provision-pelion',
    'get-pelion-status',
    'list-certificates',
    'delete-certificate',
    'store check',
    'store share',
    'store move',
    'doctor',
    'migrate check',
    'migrate copy',
  ]);
  for (const name of names) {
    const { status, stdout } = await run([...name.split(' '), '-h']);
    assert.equal(status, 0);
    assert.match(stdout, /--json/);
  }
});

test('help and a device that is not there load neither SSH nor mDNS, and not the REST client or the certificate code', async (t) => {
  const { home } = await world(t);
  const watch = `
    import { registerHooks } from 'node:module';
    const heavy = /node_modules\\/(ssh2|ssh-config|multicast-dns)\\/|packages\\/(rest|pki|credentials)\\/|[@]mooring\\/(rest|pki|credentials)/;
    registerHooks({
      load(url, context, next) {
        if (heavy.test(url)) process.stdout.write('LOADED ' + url + '\\n');
        return next(url, context);
      },
    });`;
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const hooks = `data:text/javascript,${encodeURIComponent(watch)}`;
  const loaded = (argv: readonly string[]) =>
    spawnSync(process.execPath, ['--import', hooks, main, ...argv], { encoding: 'utf8', env: { HOME: home } }).stdout;
  const nobody = ['-a', '127.0.0.1:1'];
  for (const argv of [
    ['-h'],
    ['provision-pelion', '-h'],
    ['doctor', '-h'],
    ['-V'],
    ['which'],
    [...nobody, 'shell', 'ls'],
  ]) {
    assert.doesNotMatch(loaded(argv), /LOADED/, argv.join(' '));
  }
  assert.match(loaded([...nobody, 'provision-pelion', 'one', 'two']), /LOADED .*packages\/pki/);
});

test('no device selected: one sentence for every command of a device', async (t) => {
  const { run } = await world(t);
  for (const argv of [['which'], ['shell', 'ls'], ['get', 'a', 'b'], ['put', 'a', 'b'], ['get-pelion-status']]) {
    const { status, stderr } = await run(argv);
    assert.equal(status, 255);
    assert.match(stderr, /^Please select a device or provide an ip address\.\n/);
  }
  for (const address of ['1.2.3', 'a b', '[::1']) {
    const { status, stderr } = await run(['-a', address, 'shell', 'ls']);
    assert.equal(status, 255);
    assert.match(stderr, /^Invalid address given\.\n/);
  }
});

test('select by address needs no announcement; which shows it', async (t) => {
  const { run, home, json } = await world(t);
  assert.deepEqual(await run(['select', '--address', '192.0.2.254:2222']), { status: 0, stdout: '', stderr: '' });
  assert.equal((await run(['which'])).stdout, '192.0.2.254 (192.0.2.254)\n');
  assert.deepEqual(await json(['which']), { name: '192.0.2.254', address: '192.0.2.254', port: 2222 });
  const path = join(home, '.mbl-dev.json');
  await writeFile(path, '{"hostname": "mbed-linux-os-1111", "address": "127.0.0.33"}');
  assert.equal((await run(['-a', '192.0.2.1', 'which'])).stdout, 'mbed-linux-os-1111 (127.0.0.33)\n');
});

test('list and select with a virtual device that announces itself', async (t) => {
  const { run, json, home } = await world(t);
  const made = await device(t, { mdns: true });
  const line = `${made.hostname}: 127.0.0.1:${made.port}`;
  const listed = await run(['list']);
  assert.equal(listed.status, 0);
  assert.match(listed.stdout, /^Discovering devices\. This will take up to 30 seconds\.\n1: [\s\S]*\n\n$/);
  assert.ok(
    listed.stdout.split('\n').some((shown) => shown.endsWith(`: ${line}`)),
    listed.stdout,
  );

  const file = join(home, '.mbl-dev.json');
  const expected = { hostname: made.hostname, address: '127.0.0.1', username: 'root', password: '', port: made.port };
  assert.equal((await json(['select', '--name', made.hostname])).port, made.port);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), expected);

  const wrong = await run(['select'], { stdin: '0\n' });
  assert.equal(wrong.status, 255);
  assert.match(wrong.stdout, /\n\n\nSelect a device from the list: $/);
  assert.match(wrong.stderr, /^Enter a valid device index as shown in the list\.\n/);
  const ended = await run(['select'], { stdin: '' });
  assert.deepEqual([ended.status, /The input ended/.test(ended.stderr)], [255, true]);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), expected);

  const chosen = await run(['select'], { stdin: ' 1 \n' });
  assert.deepEqual([chosen.status, chosen.stderr], [0, '']);
});

test('the number or name of a device, as typed', () => {
  const found = (name: string, address: string) => ({ name, address, port: 22, addresses: [address] });
  const devices = [found('os-1', '192.0.2.1'), found('os-2', '192.0.2.2'), found('os-2', '192.0.2.3')];
  for (const [typed, address] of [
    ['1', '192.0.2.1'],
    [' 3 ', '192.0.2.3'],
    ['+2', '192.0.2.2'],
  ] as const) {
    assert.equal(deviceAtIndex(devices, typed).address, address);
  }
  for (const typed of ['0', '-1', '4', '', 'one', '1.5', '1e0', '0x1', '1 2', '99999999999999999999']) {
    assert.throws(() => deviceAtIndex(devices, typed), {
      code: 'selection.index.invalid',
      message: 'Enter a valid device index as shown in the list.',
    });
  }
  assert.equal(deviceNamed(devices, 'OS-1.local').address, '192.0.2.1');
  assert.throws(() => deviceNamed(devices, 'os-2'), { code: 'selection.name.ambiguous' });
  assert.throws(() => deviceNamed(devices, 'os-3'), { code: 'selection.name.unknown' });
});

const keyErrors: [name: string, argv: (url: string) => string[], says: RegExp][] = [
  [
    'a key that it does not know',
    (url) => ['ak_other', '--service', url],
    /^API key not recognised by Pelion Device Management\.\n/,
  ],
  ['an empty key', (url) => ['', '--service', url], /^The API key is empty\./],
  ['no service', () => [goodKey], /^Nothing says at which URL/],
  ['nobody there', () => [goodKey, '--service', 'http://127.0.0.1:1'], /Nothing listens at 127\.0\.0\.1:1/],
  ['no URL', () => [goodKey, '--service', 'dm.example'], /is not the address of a service/],
  [
    'a file that is no CA',
    (url) => [goodKey, '--service', url, '--ca-file', 'key.txt'],
    /key\.txt holds no certificate/,
  ],
  ['no key, and nobody to ask', (url) => ['--service', url], /^No API key was given, and there is no terminal/],
];

test('save-api-key: what is wrong is told apart, and the key saved before stays', async (t) => {
  const { run, home } = await world(t);
  const { url } = await fakeService(t);
  await writeFile(join(home, 'key.txt'), 'x');
  const config = join(home, '.mbl-store/user/config.json');
  for (const [name, argv, says] of keyErrors) {
    await t.test(name, async () => {
      const { status, stdout, stderr } = await run(['save-api-key', ...argv(url)]);
      assert.deepEqual([status, stdout], [255, '']);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /ak_/.test(says.source) ? /$^/ : new RegExp(goodKey));
      await assert.rejects(stat(config), { code: 'ENOENT' });
    });
  }
  assert.deepEqual(await run(['save-api-key', ` ${goodKey}\n`, '--service', `${url}/`]), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  const saved = JSON.parse(await readFile(config, 'utf8'));
  assert.deepEqual([saved.api_key, saved.mooring_service.url], [goodKey, url]);
  await run(['save-api-key', 'ak_other']);
  assert.equal(JSON.parse(await readFile(config, 'utf8')).api_key, goodKey);
});

test('save-api-key: the key from standard input or the environment, the service from the SDKs’ settings', async (t) => {
  const { run, home, json } = await world(t);
  const { url } = await fakeService(t);
  assert.equal((await run(['save-api-key', '--key-stdin', '--service', url], { stdin: `${goodKey}\n` })).status, 0);
  const other = await world(t);
  const env = { MBED_CLOUD_SDK_API_KEY: goodKey, MBED_CLOUD_SDK_HOST: url };
  assert.equal((await other.run(['save-api-key'], { env })).status, 0);
  assert.deepEqual(await json(['save-api-key', goodKey]), {
    service: url,
    account: { id: '01619571e2e90242ac12000600000000', name: 'Acme' },
  });
  assert.match(
    (await run(['-v', 'list-certificates'])).stderr,
    new RegExp(`Service: ${url} \\(from the User Store\\)`),
  );
  assert.ok(home);
});

test('save-api-key asks for the account in the form that the real service logs', async (t) => {
  const { run } = await world(t);
  const { url, requests } = await fakeService(t);
  await run(['save-api-key', goodKey, '--service', url]);
  assert.deepEqual(
    requests.map((request) => request.replace(/%2C.*policies/, ',policies')),
    ['GET /v3/accounts/me?include=limits,policies'],
  );
});

/** A user with a key. */
async function user(
  t: Parameters<typeof world>[0],
): Promise<World & { service: Awaited<ReturnType<typeof fakeService>> }> {
  const [made, service] = await Promise.all([world(t), fakeService(t)]);
  assert.equal((await made.run(['save-api-key', goodKey, '--service', service.url])).status, 0);
  service.requests.length = 0;
  return { ...made, service };
}

test('list-certificates: the headings of the old tool, one request, CA certificates too', async (t) => {
  const { run, json, service } = await user(t);
  const empty =
    'Developer certificates in Pelion Device Management: \n\n\nDeveloper and update certificates in local storage:\n\n\n';
  assert.deepEqual(await run(['list-certificates']), { status: 0, stdout: empty, stderr: '' });
  service.certificates.push(
    { id: 'a'.repeat(32), name: 'DC', device_execution_mode: 1 },
    { id: 'b'.repeat(32), name: 'a CA', device_execution_mode: 0 },
  );
  service.requests.length = 0;
  const { stdout } = await run(['list-certificates']);
  assert.match(stdout, /^Developer certificates in Pelion Device Management: \nDC\na CA\n\n/);
  assert.equal(service.requests.length, 1);
  const listed = await json(['list-certificates']);
  assert.deepEqual(listed.service, [
    { id: 'a'.repeat(32), name: 'DC', developer: true },
    { id: 'b'.repeat(32), name: 'a CA', developer: false },
  ]);
});

test('commands that need a key say so without one', async (t) => {
  const { run } = await world(t);
  for (const argv of [['list-certificates'], ['delete-certificate', 'x']]) {
    const { status, stderr } = await run(argv);
    assert.equal(status, 255);
    assert.match(stderr, /^You have not added an API key to the store\.\n/);
  }
  assert.equal((await run(['list-certificates', '--local'])).status, 0);
});

test('delete-certificate: remote, local, both, neither, and what it must not touch', async (t) => {
  const { run, service, home } = await user(t);
  const { at } = await device(t);
  await writeFile(join(home, 'upd.c'), updateResources());
  await run(['-a', at, 'provision-pelion', 'both', 'upd', '-c', '-p', 'upd.c']);
  service.certificates.push(
    { id: 'a'.repeat(32), name: 'remote', device_execution_mode: 1 },
    { id: 'b'.repeat(32), name: 'a CA', device_execution_mode: 0 },
  );
  const remotely = 'Deleting certificate from Device Management.\n';
  const locally = 'Deleting certificate locally.\n';
  const remove = async (name: string) => {
    const { status, stdout } = await run(['delete-certificate', name]);
    return [status, stdout];
  };
  assert.deepEqual(await remove('both'), [0, `${remotely}${locally}Certificate 'both' was deleted.\n`]);
  assert.deepEqual(await remove('remote'), [0, `${remotely}Certificate 'remote' was deleted.\n`]);
  for (const name of ['nope', 'a CA', '../../etc']) {
    const { status, stderr } = await run(['delete-certificate', name]);
    assert.equal(status, 255);
    assert.match(stderr, /^Certificate '.*' not found in the store, so could not be deleted\.\n/);
  }
  assert.deepEqual(
    service.certificates.map(({ name }) => name),
    ['a CA'],
  );
  service.intercept = (request) => {
    request.socket.destroy();
    return true;
  };
  // An update certificate is in the Team Store alone: no service is needed.
  assert.deepEqual(await remove('upd'), [0, `${locally}Certificate 'upd' was deleted.\n`]);
});

test('a developer certificate is not deleted locally while the service cannot be asked', async (t) => {
  const { run, service, home } = await user(t);
  const { at } = await device(t);
  await writeFile(join(home, 'upd.c'), updateResources());
  await run(['-a', at, 'provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c']);
  service.intercept = (_, response) => {
    send(response, 500, { object: 'error', code: 500, type: 'internal_error', message: 'broken' });
    return true;
  };
  assert.equal((await run(['delete-certificate', 'dev'])).status, 255);
  assert.match((await run(['list-certificates', '--local'])).stdout, /\ndev\n/);
  assert.equal((await run(['delete-certificate', '--local', 'dev'])).status, 0);
});

test('--json of a failure: code, sentence, what to do next', async (t) => {
  const { json } = await world(t);
  assert.deepEqual(await json(['which']), {
    error: {
      code: 'selection.none',
      message: 'Please select a device or provide an ip address.',
      next: "Use 'mbl-cli select', or '-a ADDRESS' before the command.",
      data: { rung: 'name' },
    },
  });
});

test('-v shows what lies under a failure, and never a stack', async (t) => {
  const { run } = await world(t);
  const { stderr } = await run(['-v', '-a', '127.0.0.1:1', 'shell', 'ls']);
  assert.match(stderr, /Error code: ssh\.unreachable\.\nBecause: connect ECONNREFUSED/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test('a store that cannot be used is named: a file in its place', async (t) => {
  const { run, home } = await world(t);
  await mkdir(join(home, '.mbl-store'));
  await writeFile(join(home, '.mbl-store/team'), '');
  const { status, stderr } = await run(['list-certificates', '--local']);
  assert.equal(status, 255);
  assert.match(stderr, /\.mbl-store\/team exists and is not a folder/);
});
