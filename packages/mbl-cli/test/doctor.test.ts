import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { readDeveloperCredentials } from '@mooring/credentials';
import { pemOf } from '@mooring/pki';
import fc from 'fast-check';
import { logTrace, stateTrace } from '../src/doctor/client-trace.ts';
import { routeTo } from '../src/doctor/route.ts';
import { type FakeService, fakeService, goodKey, send } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, type Ran, temporaryFolder, type World, world } from './world.ts';

/** The host's clock in these tests stands still. */
const hostTime = Date.parse('2026-03-01T12:00:00Z');
const account = '01619571e2e90242ac12000600000000';
const deviceId = '016195a1e2e90242ac12000700000000';
const stateFile = 'run/mbl-cloud-client/state.json';
const logFile = 'var/log/mbl-cloud-client.log';
const clientState = { state: 'registered', pid: 417, deviceId, server: 'coaps://lwm2m.example:5684' };

interface Bench extends World {
  device: Awaited<ReturnType<typeof device>>;
  service: FakeService;
  /** `-a DEVICE doctor dev upd` */
  doctor(...argv: string[]): Promise<Ran>;
  /** What `GET /v3/server-credentials` and `GET /v3/trusted-certificates/ID` say. */
  told: { ca?: string; url: string; status: string; certificate: string; device: string };
  /** Puts a file on the device, or takes it away. */
  put(path: string, content?: string | object): Promise<void>;
}

/** What provisioning a device with 'dev' and 'upd' leaves, made once and copied for each test. */
let template: { home: string; root: string; certificates: FakeService['certificates'] };
const templates = await mkdtemp(join(tmpdir(), 'mbl-cli-'));
after(() => rm(templates, { recursive: true, force: true }));

test('provisioned, to be looked at', async (t) => {
  const [made, service, virtual] = [await world(t), await fakeService(t), await device(t)];
  await writeFile(join(made.home, 'upd.c'), updateResources());
  await made.run(['save-api-key', goodKey, '--service', service.url]);
  const provisioned = await made.run(['-a', virtual.at, 'provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c']);
  assert.equal(provisioned.status, 0, provisioned.stderr);
  await virtual.close();
  template = { home: join(templates, 'home'), root: join(templates, 'root'), certificates: service.certificates };
  await cp(made.home, template.home, { recursive: true });
  await cp(virtual.root, template.root, { recursive: true });
  for (const file of ['.mbl-stores.json', '.mbl-known-devices.json']) await rm(join(template.home, file));
});

/** A device provisioned with 'dev' and 'upd', and a service that knows them. */
async function bench(t: TestContext): Promise<Bench> {
  const [made, service] = [await world(t), await fakeService(t)];
  await cp(template.home, made.home, { recursive: true });
  const root = await temporaryFolder(t);
  await cp(template.root, root, { recursive: true });
  const virtual = await device(t, { root });
  virtual.faults.clockOffset = hostTime - Date.now();
  service.certificates = structuredClone(template.certificates);
  assert.equal((await made.run(['save-api-key', goodKey, '--service', service.url])).status, 0);
  const credentials = readDeveloperCredentials(String(service.certificates[0]?.source), 'dev.c');
  const told: Bench['told'] = {
    ca: pemOf('CERTIFICATE', credentials.bootstrapServerCa),
    url: credentials.bootstrapServerUri,
    status: 'ACTIVE',
    certificate: pemOf('CERTIFICATE', credentials.deviceCertificate),
    device: 'registered',
  };
  const put = async (path: string, content?: string | object) => {
    if (content === undefined) return rm(join(root, path), { recursive: true });
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  await put(stateFile, clientState);
  await put('proc/417/comm', 'node');
  service.intercept = (request, response) => {
    if (request.headers.authorization !== `Bearer ${goodKey}`) return false;
    if (request.url === '/v3/server-credentials') {
      const one = { certificate: told.ca, url: told.url };
      if (told.ca === undefined) send(response, 404, { object: 'error', code: 404, type: 'x', message: 'Not here' });
      else send(response, 200, { bootstrap: one, lwm2m: one });
      return true;
    }
    if (request.url === `/v3/devices/${deviceId}`) {
      if (told.device !== '') send(response, 200, { object: 'device', id: deviceId, state: told.device });
      else send(response, 404, { object: 'error', code: 404, type: 'not_found', message: 'Not here' });
      return true;
    }
    const entry = service.certificates.find(({ id }) => request.url === `/v3/trusted-certificates/${id}`);
    if (!entry || request.method !== 'GET') return false;
    send(response, 200, { ...entry, status: told.status, certificate: told.certificate });
    return true;
  };
  return {
    ...made,
    device: virtual,
    service,
    told,
    put,
    doctor: (...argv) => made.run(['-a', virtual.at, 'doctor', ...(argv.length > 0 ? argv : ['dev', 'upd'])]),
  };
}

/** Every file below a folder, with its content and mode, but for what a running device does by itself. */
async function traces(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs } = await stat(path);
    const hash = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    found.push(`${path} ${mode} ${entry.isFile() ? mtimeMs : ''} ${hash}`);
  }
  return found.sort();
}

test('all is well: fourteen rungs, and not a trace on the device or here', async (t) => {
  const { doctor, run, home, device, service } = await bench(t);
  await rm(join(home, '.mbl-known-devices.json'), { force: true });
  const before = [await traces(home), await traces(device.root), structuredClone(service.certificates)];
  const ran = await doctor();
  assert.equal(ran.stderr, '');
  const id = service.certificates[0]?.id;
  const lines = ran.stdout.split('\n');
  const expected: (string | RegExp)[] = [
    `ok              name                ${device.at}, given with '-a'`,
    'ok              route               by lo, from 127.0.0.1',
    `ok              tcp                 port ${device.port} takes connections`,
    /^ok {14}host key {12}ecdsa-sha2-nistp256 SHA256:\S+, not seen before; the first command will remember it$/,
    'ok              login               as root',
    "ok              program             /opt/arm/pelion-provisioning-util, Mooring's",
    'ok              store               the device says that it is configured correctly',
    "ok              key pair            'dev' is whole, and its key fits its certificate",
    /^ok {14}chain {15}the service has 'dev' \(self-signed\), and its servers have the CAs that are stored$/,
    /^ok {14}clock {15}2026-03-01 12:00:\d\d UTC, /,
    `ok              service             ${service.url} (from the User Store) knows the API key (from the User Store), account Acme`,
    "ok              update certificate  'upd', until 2046-01-01",
    new RegExp(
      `^ok {14}ids {17}endpoint ${id}, endpoint name as on the device, bootstrap server as on the device, vendor [0-9a-f-]{36}, class [0-9a-f-]{36}$`,
    ),
    'ok              bootstrap           the device has an account of the LwM2M server',
    `ok              registered          device id ${deviceId}`,
    '',
    'Every rung holds.',
    '',
  ];
  for (const [index, line] of expected.entries()) {
    if (typeof line === 'string') assert.equal(lines[index], line);
    else assert.match(lines[index] as string, line);
  }
  assert.equal(lines.length, expected.length);
  assert.equal(ran.status, 0);
  assert.deepEqual([await traces(home), await traces(device.root), service.certificates], before);
  // After a first contact of a real command.
  await run(['-a', device.at, 'shell', 'true']);
  assert.match((await doctor()).stdout, /host key .*, as at first contact \(2026-03-01\)\n/);
});

test('without names, and on a machine that has nothing yet', async (t) => {
  const made = await world(t);
  const nothing = await made.run(['doctor']);
  assert.equal(nothing.status, 255);
  assert.equal(
    nothing.stdout,
    [
      'broken          name                Please select a device or provide an ip address.',
      ...['route', 'tcp', 'host key', 'login', 'program', 'store'].map(
        (name, index, all) => `not reached     ${name.padEnd(19)} needs ${index === 0 ? 'name' : all[index - 1]}`,
      ),
      'not applicable  key pair            no CERT was named',
      'not applicable  chain               there is no key pair to go by',
      'not reached     clock               needs login',
      'broken          service             You have not added an API key to the store.',
      'not applicable  update certificate  no UPDATE-CERT was named',
      'not applicable  ids                 no CERT or UPDATE-CERT was named',
      'not reached     bootstrap           needs store',
      'not reached     registered          needs store',
      '',
      'First broken rung: name. Please select a device or provide an ip address.',
      "Use 'mbl-cli select', or '-a ADDRESS' before the command.",
      '',
    ].join('\n'),
  );
  assert.deepEqual(await readdir(made.home), []);
});

function answerAlways(service: FakeService, status: number): void {
  service.intercept = (_, response) => {
    send(response, status, {});
    return true;
  };
}

type Spoil = (bench: Bench) => unknown;
const team = ({ home }: Bench, name: string, file: string) => join(home, '.mbl-store/team', name, `${file}.bin`);
const bootstrap = 'MBED_CLOUD_DEV_BOOTSTRAP_';

const broken: [name: string, spoil: Spoil, rung: string, says: RegExp, mend: RegExp][] = [
  [
    'the device is off',
    ({ device }) => device.close(),
    'tcp',
    /nothing listens there/,
    /is on and on the same network/,
  ],
  [
    'the host key changed',
    ({ home, device }) =>
      writeFile(
        join(home, '.mbl-known-devices.json'),
        JSON.stringify({
          [device.at]: { type: 'ssh-ed25519', fingerprint: 'SHA256:x', since: '2026-01-01T00:00:00Z' },
        }),
      ),
    'host key',
    /another host key than at first contact/,
    /--accept-new-host-key/,
  ],
  [
    'no provisioning program',
    ({ device }) => rm(join(device.root, 'opt/arm/pelion-provisioning-util')),
    'program',
    /pelion-provisioning-util is not on the device/,
    /development image/,
  ],
  [
    'a program that does not start',
    ({ device }) => Object.assign(device.faults, { missingPrograms: ['/opt/arm/pelion-provisioning-util'] }),
    'store',
    /not ready: .*not found/,
    /Put the program of the image back/,
  ],
  [
    'the secure storage is empty',
    ({ device }) => rm(join(device.root, 'config/user/mooring'), { recursive: true }),
    'store',
    /not ready: .*Item does not exist/,
    /mbl-cli provision-pelion dev upd/,
  ],
  [
    'the key of another certificate',
    async (made) => {
      await made.run(['-a', made.device.at, 'provision-pelion', 'two', 'upd', '-c']);
      const key = `${bootstrap}DEVICE_PRIVATE_KEY`;
      await writeFile(team(made, 'dev', key), await readFile(team(made, 'two', key)));
    },
    'key pair',
    /its key belongs to another certificate/,
    /store it anew/,
  ],
  [
    'the certificate was deleted in the service',
    ({ service }) => service.certificates.splice(0),
    'chain',
    /has no developer certificate 'dev'/,
    /mbl-cli delete-certificate --local dev/,
  ],
  ['it was switched off there', ({ told }) => Object.assign(told, { status: 'INACTIVE' }), 'chain', /off/, /ACTIVE/],
  [
    'another one of that name',
    (made) => {
      const other = readDeveloperCredentials(String(made.service.certificates[0]?.source), 'x');
      made.told.certificate = pemOf('CERTIFICATE', other.bootstrapServerCa);
    },
    'chain',
    /another certificate 'dev' than the Team Store/,
    /delete-certificate --local dev/,
  ],
  [
    'another bootstrap CA',
    (made) => {
      made.told.ca = made.told.certificate;
    },
    'chain',
    /bootstrap CA stored with 'dev' is not the one/,
    /'-c'/,
  ],
  [
    'another bootstrap server',
    (made) => {
      made.told.url = 'coaps://elsewhere.example:5684?aid=1';
    },
    'chain',
    /sends devices to coaps:\/\/127\.0\.0\.1:5684\S+, and the service's bootstrap server is coaps:\/\/elsewhere/,
    /--public-host/,
  ],
  [
    'the device lives in 1970',
    ({ device }) => Object.assign(device.faults, { clockOffset: -Date.now() }),
    'clock',
    /device says 1970-01-01 00:00:\d\d UTC, that of this machine 2026-03-01 12:00:00 UTC/,
    /mbl-cli shell 'date -u -s @1772366400'/,
  ],
  [
    'the device lives in 2080',
    ({ device }) => Object.assign(device.faults, { clockOffset: Date.parse('2080-01-01') - Date.now() }),
    'store',
    /Certificate expired:mbed\.UpdateAuthCert/,
    /provision/,
  ],
  [
    'a revoked key',
    ({ service }) => answerAlways(service, 401),
    'service',
    /does not accept the API key/,
    /make a new one/,
  ],
  [
    'no update certificate of that name',
    ({ home }) => rm(join(home, '.mbl-store/team/upd'), { recursive: true }),
    'update certificate',
    /'upd' in the Team Store is not complete/,
    /delete/,
  ],
  [
    'the fingerprint of another update certificate',
    (made) => writeFile(team(made, 'upd', 'arm_uc_default_fingerprint'), Buffer.alloc(32, 1)),
    'update certificate',
    /is that of another certificate/,
    /-p update_default_resources\.c/,
  ],
  [
    'a class id that is none',
    (made) => writeFile(team(made, 'upd', 'arm_uc_class_id'), 'short'),
    'ids',
    /class id of 'upd' is 5 bytes long/,
    /manifest-tool init/,
  ],
  [
    'the account of another key',
    ({ service }) => {
      const before = service.intercept;
      service.intercept = (request, response) => {
        if (!request.url?.startsWith('/v3/accounts/me')) return before?.(request, response) ?? false;
        send(response, 200, { id: 'other', display_name: 'Other' });
        return true;
      };
    },
    'ids',
    new RegExp(`two accounts: ${account} by its bootstrap server's URI, other by the API key`),
    /API key of the account/,
  ],
  [
    'a client that the bootstrap server refuses',
    ({ put }) =>
      put(stateFile, {
        state: 'retrying',
        pid: 417,
        server: 'coaps://bootstrap.example:5684',
        lastFailure: 'The server ended the connection',
      }),
    'bootstrap',
    /no account from the bootstrap server: retrying at coaps:\/\/bootstrap\.example:5684; last time: The server ended/,
    /tail -n 30 \/var\/log\/mbl-cloud-client\.log.*device-enrollment-denials/,
  ],
  [
    'a client that does not get through',
    ({ put }) =>
      put(stateFile, { ...clientState, state: 'retrying', lastFailure: 'The server did not take the certificate' }),
    'registered',
    /not registered: retrying at coaps:\/\/lwm2m\.example:5684; last time: The server did not take the certificate\./,
    /tail -n 30 \/var\/log\/mbl-cloud-client\.log/,
  ],
  [
    'a client that was stopped',
    ({ put }) => put(stateFile, { ...clientState, state: 'stopped' }),
    'registered',
    /not registered: stopped/,
    /systemctl restart mbl-cloud-client/,
  ],
  [
    'a client that was killed',
    ({ put }) => put('proc/417'),
    'registered',
    /\(process 417\) has ended without a word/,
    /systemctl restart mbl-cloud-client/,
  ],
  [
    'a connection that is lost and that the client still believes in',
    ({ told }) => {
      told.device = 'deregistered';
    },
    'registered',
    new RegExp(`for the service the device ${deviceId} is deregistered`),
    /notices within minutes/,
  ],
  [
    'a device of another account',
    ({ told }) => {
      told.device = '';
    },
    'registered',
    new RegExp(`does not know the device ${deviceId}`),
    /API key of the account/,
  ],
  [
    "MBL's own client, which has only its log, refused",
    async ({ put }) => {
      await put(stateFile);
      await put(
        logFile,
        '2018-12-06T07:11:58+0000 [INFO][mbl ]: Client registered\n2018-12-06T07:12:58+0000 [ERR ][mbl ]: Cloud Client library initialization failed, exiting application!\n',
      );
    },
    'registered',
    /not registered: Cloud Client library initialization failed/,
    /mbl-cloud-client\.log/,
  ],
];

test("MBL's own client, registered, and a device on which no client ever ran", async (t) => {
  const { doctor, put } = await bench(t);
  await put(stateFile);
  assert.match((await doctor()).stdout, /\nnot applicable {2}registered {10}no client has left a trace in /);
  await put(
    logFile,
    `2018-12-06T07:11:58+0000 [INFO][mbl ]: Client registered\n2018-12-06T07:11:58+0000 [INFO][mbl ]: Endpoint Name: x\n2018-12-06T07:11:58+0000 [INFO][mbl ]: Device Id: ${deviceId}\n2018-12-06T07:11:59+0000 [ERR ][mClt]: of a library\n`,
  );
  const ran = await doctor();
  assert.match(ran.stdout, new RegExp(`\nok {14}registered {10}device id ${deviceId}\n`));
  assert.equal(ran.status, 0);
});

test('whatever a device shows as the state or the log of its client is read', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^(\S+ \[\w+ ?\]\[mbl \]: .*\n)*$/)), (text) => {
      for (const trace of [stateTrace(text), logTrace(text)]) {
        if (trace) assert.ok(['registered', 'trying', 'stopped'].includes(trace.state) && trace.says !== '');
      }
    }),
  );
  assert.deepEqual(logTrace('[INFO][mbl ]: Client registered\nx [INFO][mbl ]: Client unregistered'), {
    state: 'stopped',
    says: 'Client unregistered',
  });
});

for (const [name, spoil, rung, says, mend] of broken) {
  test(`broken: ${name}`, async (t) => {
    const made = await bench(t);
    await spoil(made);
    const ran = await made.doctor();
    assert.equal(ran.status, 255, ran.stdout);
    const [, first, sentence] = /\nFirst broken rung: ([a-z ]+)\. (.*)\n/.exec(ran.stdout) ?? [];
    assert.equal(first, rung, ran.stdout);
    assert.match(sentence as string, says);
    assert.match(ran.stdout.split('First broken rung')[1] as string, mend);
    assert.ok(ran.stdout.includes(`\nbroken          ${rung}`) || ran.stdout.startsWith(`broken          ${rung}`));
  });
}

test('an update certificate that the device’s clock puts out of date is named where the storage does not', async (t) => {
  const { doctor, device, run, home } = await bench(t);
  // Only an hour off, but this certificate begins today.
  await writeFile(join(home, 'new.c'), updateResources(new Date(hostTime - 60_000)));
  await run(['-a', device.at, 'provision-pelion', 'dev', 'new', '-p', 'new.c']);
  device.faults.clockOffset = hostTime - 3_600_000 - Date.now();
  const ran = await doctor('dev', 'new');
  assert.match(
    ran.stdout,
    /First broken rung: clock\. By the clock of the device \(2026-03-01 11:00:\d\d UTC\) the update certificate is not valid/,
  );
  const well = await doctor('dev', 'upd');
  assert.match(well.stdout, /ok {14}clock {15}2026-03-01 11:00:\d\d UTC, 60 min behind this machine\n/);
});

test('another endpoint on the device than in CERT', async (t) => {
  const { doctor, run, device } = await bench(t);
  await run(['-a', device.at, 'provision-pelion', 'two', 'upd', '-c']);
  const ran = await doctor('dev');
  assert.match(ran.stdout, /The device has the endpoint name [0-9a-f]{32}, and 'dev' has [0-9a-f]{32}\./);
});

test('what a service says that it has to do without is told', async (t) => {
  const made = await bench(t);
  const answer = made.service.intercept;
  made.service.intercept = (request, response) => {
    if (request.url !== '/readyz') return answer?.(request, response) ?? false;
    const lacks = [{ code: 'transport.dtls', message: 'No device can come over UDP.' }];
    send(response, 200, { status: 'ready', reasons: [], lacks });
    return true;
  };
  const { stdout } = await made.doctor();
  assert.match(stdout, /account Acme\. No device can come over UDP$/m);
});

test('a service that does not tell its CAs is no fault', async (t) => {
  const made = await bench(t);
  delete made.told.ca;
  const ran = await made.doctor();
  assert.equal(ran.status, 0, ran.stdout);
  assert.match(ran.stdout, /it does not tell the CAs of its servers/);
});

test('what answers is no SSH server', async (t) => {
  const { run } = await world(t);
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const ran = await run(['-a', `127.0.0.1:${port}`, 'doctor']);
  assert.match(ran.stdout, /broken {10}host key .*could not agree on an SSH connection/);
  assert.match(ran.stdout, /not reached {5}login {15}needs host key/);
});

test('who may not log in is told so by name', async (t) => {
  const { run } = await world(t);
  const { shellDevice } = await import('./shell-device.ts');
  const closed = await shellDevice(t, { accepts: () => false });
  const ran = await run(['-a', closed.at, 'doctor']);
  assert.match(ran.stdout, /First broken rung: login\. \S+ lets root in neither without authentication/);
});

test('names and ways that do not exist', async (t) => {
  const { run } = await world(t);
  for (const [address, rung, says] of [
    ['no-such-host.invalid', 'name', /Nobody knows the address of no-such-host\.invalid/],
    ['fe80::1', 'name', /link-local/],
    ['fe80::1%nowhere0', 'route', /no network interface nowhere0/],
    ['a b', 'name', /Invalid address given/],
  ] as const) {
    const ran = await run(['-a', address, 'doctor']);
    assert.match(ran.stdout, new RegExp(`First broken rung: ${rung}\\. `));
    assert.match(ran.stdout, says);
  }
});

test('--json: the rungs, and the first broken one', async (t) => {
  const { json, device, service } = await bench(t);
  service.certificates.length = 0;
  const { rungs, ...rest } = (await json(['-a', device.at, 'doctor', 'dev', 'upd'])) as {
    rungs: { name: string; state: string }[];
  } & Record<string, unknown>;
  assert.deepEqual([rest.ok, rest.firstBroken], [false, 'chain']);
  assert.match(String(rest.mend), /delete-certificate/);
  assert.deepEqual(
    rungs.filter(({ state }) => state !== 'ok').map(({ name, state }) => [name, state]),
    [['chain', 'broken']],
  );
});

test('a failing command ends with its rung, and its first lines are as they were', async (t) => {
  const { run, json, device, service } = await bench(t);
  await rm(join(device.root, 'config/user/mooring'), { recursive: true });
  const last = (ran: Ran) => ran.stderr.trimEnd().split('\n').at(-1);
  const rungLine = (rung: string) => `Rung: ${rung} – 'mbl-cli doctor' checks the rest.`;
  const status = await run(['-a', device.at, 'get-pelion-status']);
  assert.match(status.stderr, /^Your device is not correctly configured for Pelion Device Management\./);
  assert.equal(last(status), rungLine('store'));
  assert.equal(last(await run(['-a', device.at, 'provision-pelion', 'dev', 'nope'])), rungLine('update certificate'));
  await device.close();
  for (const argv of [['shell', 'ls'], ['get', 'a', 'b'], ['get-pelion-status'], ['provision-pelion', 'dev', 'upd']]) {
    const ran = await run(['-a', device.at, ...argv]);
    assert.equal(ran.status, 255);
    assert.match(ran.stderr, /^Unable to connect to port /);
    assert.equal(last(ran), rungLine('tcp'), argv.join(' '));
  }
  const { error } = (await json(['-a', device.at, 'shell', 'ls'])) as {
    error: { code: string; next: string; data: Record<string, unknown> };
  };
  assert.deepEqual([error.code, error.data.rung, error.data.port], ['ssh.unreachable', 'tcp', device.port]);
  assert.doesNotMatch(error.next, /Rung/);
  answerAlways(service, 500);
  assert.equal(last(await run(['list-certificates'])), rungLine('service'));
  assert.doesNotMatch((await run(['get', '-x'])).stderr, /Rung/);
});

test('an address to which the system lets nobody send is one without a way', async () => {
  assert.deepEqual(Object.keys(await routeTo('255.255.255.255', 22)), ['trouble']);
  assert.deepEqual(Object.keys(await routeTo('127.0.0.1', 22)), ['by', 'from']);
});
