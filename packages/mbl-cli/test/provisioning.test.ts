import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FakeService, fakeService, goodKey, send } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, type World, world } from './world.ts';

const program = '/opt/arm/pelion-provisioning-util';

interface Bench extends World {
  service: FakeService;
  device: Awaited<ReturnType<typeof device>>;
  /** `provision-pelion` on the device. */
  provision(...argv: string[]): ReturnType<World['run']>;
  stored(): Promise<string[]>;
}

/** A service, a device and a user with a key and an update_default_resources.c. */
async function bench(t: TestContext): Promise<Bench> {
  const [made, service, target] = await Promise.all([world(t), fakeService(t), device(t)]);
  await writeFile(join(made.home, 'upd.c'), updateResources());
  const { status, stdout } = await made.run(['save-api-key', goodKey, '--service', service.url]);
  assert.deepEqual([status, stdout], [0, '']);
  service.requests.length = 0;
  return {
    ...made,
    service,
    device: target,
    provision: (...argv) => made.run(['-a', target.at, 'provision-pelion', ...argv]),
    stored: async () => {
      const { stdout: names } = await made.run(['list-certificates', '--local', '--json']);
      return JSON.parse(names).store;
    },
  };
}

const certificatesOn = (root: string) => readdir(join(root, 'scratch/provisioning-certs')).catch(() => 'no folder');

test('the manual: -c -p makes both, provisions, and says so in a line of its own', async (t) => {
  const { provision, device, service, stored, home, run } = await bench(t);
  const { status, stdout, stderr } = await provision('my-cert', 'my-update-cert', '-c', '-p', 'upd.c');
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(
    stdout,
    `Provisioning device.
Provisioning process completed without error.
Provisioned ${device.at} with the developer certificate 'my-cert' (made in the service) and the update certificate 'my-update-cert' (from upd.c).
Both are in the Team Store ${join(home, '.mbl-store/team')}.
`,
  );
  assert.deepEqual(await stored(), ['my-update-cert', 'my-cert']);
  assert.equal(service.certificates[0]?.name, 'my-cert');
  assert.equal(await certificatesOn(device.root), 'no folder');
  const { stdout: verdict } = await run(['-a', device.at, 'get-pelion-status']);
  assert.match(verdict, /Device is configured correctly\. You can connect to Pelion Cloud!\n\n$/);
});

test('the files of the store have the modes and names that the old tool reads', async (t) => {
  const { provision, home } = await bench(t);
  await provision('my cert', 'upd', '-c', '-p', 'upd.c');
  const team = join(home, '.mbl-store/team');
  const modeOf = async (path: string) => ((await stat(join(team, path))).mode & 0o777).toString(8);
  assert.deepEqual(
    await Promise.all(
      ['.', 'my cert', 'my cert/MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin', 'config.json'].map(modeOf),
    ),
    ['760', '700', '600', '640'],
  );
  const config = JSON.parse(await readFile(join(team, 'config.json'), 'utf8'));
  assert.deepEqual([config.location, config.api_key, Object.keys(config.dev_certs)], [team, '', ['upd', 'my cert']]);
  for (const [name, paths] of Object.entries<string[]>(config.dev_certs)) {
    assert.equal(paths.length, name === 'upd' ? 7 : 13);
    for (const path of paths) assert.equal((await stat(path)).isFile() && path.startsWith(join(team, name)), true);
  }
});

test('neither -c nor -p, both stored: no service is asked', async (t) => {
  const { provision, service } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  service.requests.length = 0;
  const { status, stdout } = await provision('dev', 'upd');
  assert.equal(status, 0);
  assert.match(stdout, /'dev' \(from the Team Store\) and the update certificate 'upd' \(from the Team Store\)/);
  assert.deepEqual(service.requests, []);
});

test('CERT in the service only: the notice line, then fetched, stored and provisioned', async (t) => {
  const { provision, home, stored } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  await rm(join(home, '.mbl-store/team'), { recursive: true });
  const { status, stdout } = await provision('dev', 'upd', '-p', 'upd.c');
  assert.equal(status, 0);
  assert.match(
    stdout,
    /^Developer certificate not found in the local store\. Trying to find a certificate with the given name in Pelion Device Management\n/,
  );
  assert.deepEqual(await stored(), ['upd', 'dev']);
});

test('--json names the device, what was made and where it is; the texts go to standard error', async (t) => {
  const { run, device, service, home } = await bench(t);
  const { stdout } = await run(['-a', device.at, 'provision-pelion', 'dev', 'upd', '-cp', 'upd.c', '--json']);
  const team = join(home, '.mbl-store/team');
  assert.deepEqual(JSON.parse(stdout), {
    device: { name: device.at, address: device.address, port: device.port },
    developerCertificate: {
      name: 'dev',
      id: service.certificates[0]?.id,
      from: 'create',
      folder: join(team, 'dev'),
    },
    updateCertificate: { name: 'upd', stored: 'added', folder: join(team, 'upd') },
    output: 'Provisioning device.\nProvisioning process completed without error.\n',
    cleaned: true,
  });
});

test('-q keeps the words of the device back, before and after the command', async (t) => {
  const { run, provision, device } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  for (const argv of [
    ['-q', '-a', device.at, 'provision-pelion', 'dev', 'upd'],
    ['-a', device.at, 'provision-pelion', '-q', 'dev', 'upd'],
  ]) {
    const { status, stdout } = await run(argv);
    assert.equal(status, 0);
    assert.match(stdout, /^Provisioned /);
  }
});

test('-p with another file replaces the update certificate whole and says so; with the same it changes nothing', async (t) => {
  const { provision, home } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  const folder = join(home, '.mbl-store/team/upd');
  await writeFile(join(folder, 'arm_uc_stale.bin'), 'of an older set');
  const before = await stat(join(folder, 'arm_uc_class_id.bin'));
  assert.doesNotMatch((await provision('dev', 'upd', '-p', 'upd.c')).stdout, /replaced/);
  assert.equal((await stat(join(folder, 'arm_uc_class_id.bin'))).ino, before.ino);

  await writeFile(join(home, 'other.c'), updateResources());
  const { status, stdout } = await provision('dev', 'upd', '-p', 'other.c');
  assert.equal(status, 0);
  assert.match(stdout, /The update certificate 'upd' in the Team Store was replaced by that of other\.c\.\n/);
  assert.equal((await readdir(folder)).length, 7);
});

const refusals: [name: string, argv: string[], status: number, says: RegExp][] = [
  ['one name for both', ['same', 'Same', '-c', '-p', 'upd.c'], 255, /are both named 'same'/],
  ['a name that is a path', ['../evil', 'upd', '-c', '-p', 'upd.c'], 255, /"\.\.\/evil" cannot be the name/],
  ['a name with a line end', ['a\nb', 'upd', '-c', '-p', 'upd.c'], 255, /control character/],
  ['a name of 101 characters', ['é'.repeat(101), 'upd', '-c', '-p', 'upd.c'], 255, /longer than 100 characters/],
  ['an update file that is not there', ['new', 'upd', '-c', '-p', 'none.c'], 255, /none\.c does not exist/],
  ['an update file of another kind', ['new', 'upd', '-c', '-p', 'dev.c'], 255, /dev\.c/],
  [
    'an update certificate that is not stored',
    ['new', 'NOPE', '-c'],
    255,
    /^Certificate 'NOPE' not found in the store\.\n/,
  ],
  [
    'a developer certificate as the update one',
    ['new', 'dev', '-c'],
    255,
    /'dev' in the Team Store is a developer certificate/,
  ],
  ['-p over a developer certificate', ['new', 'dev', '-c', '-p', 'upd.c'], 255, /'-p' would overwrite/],
  ['the two the wrong way round', ['upd', 'dev'], 255, /not an update certificate|is an update certificate/],
  [
    'a name that the service has',
    ['dev', 'upd', '-c'],
    255,
    /^The developer certificate you are trying to create already exists in the Pelion Device Management Portal\.\nTo use it, leave out '-c': mbl-cli -a \S+ provision-pelion dev upd\nRung: service – /,
  ],
  ['a name that only the store has', ['local', 'upd', '-c'], 255, /The Team Store has a certificate named 'local'/],
  [
    'a name that nobody has',
    ['nobody', 'upd'],
    255,
    /^The developer certificate does not exist\. Available certificates: \ndev\n/,
  ],
  ['a CA certificate of the service', ['ca', 'upd'], 255, /'ca' is a CA certificate/],
];

test('what can be refused is refused before anything is made or changed', async (t) => {
  const { provision, service, stored, home, device } = await bench(t);
  await provision('local', 'upd', '-c', '-p', 'upd.c');
  service.certificates.length = 0;
  await provision('dev', 'upd', '-c');
  service.certificates.push({ id: 'c'.repeat(32), name: 'ca', device_execution_mode: 0 });
  await writeFile(join(home, 'dev.c'), String(service.certificates[0]?.source));
  const [before, names] = [structuredClone(service.certificates), await stored()];
  for (const [name, argv, status, says] of refusals) {
    await t.test(name, async () => {
      const ran = await provision(...argv);
      assert.equal(ran.status, status);
      assert.match(ran.stderr, says);
      assert.deepEqual([service.certificates, await stored()], [before, names]);
      assert.equal(await certificatesOn(device.root), 'no folder');
    });
  }
});

const deviceFaults: [name: string, spoil: (bench: Bench) => unknown, status: number, says: RegExp][] = [
  [
    'the program is missing',
    ({ device }) => rm(join(device.root, program)),
    127,
    /pelion-provisioning-util is not on the device/,
  ],
  [
    'the folder cannot be made',
    ({ device }) => Object.assign(device.faults, { readOnly: ['/scratch'] }),
    1,
    /\/scratch\/provisioning-certs could not be made on the device: .*[Rr]ead-only/,
  ],
  ['the device is off', ({ device }) => device.close(), 255, /Unable to connect to port \d+ on 127\.0\.0\.1/],
];

test('a device that cannot be provisioned is noticed before a certificate is made', async (t) => {
  for (const [name, spoil, status, says] of deviceFaults) {
    await t.test(name, async (t) => {
      const made = await bench(t);
      await spoil(made);
      const ran = await made.provision('dev', 'upd', '-c', '-p', 'upd.c');
      assert.equal(ran.status, status, ran.stderr);
      assert.match(ran.stderr, says);
      assert.deepEqual([made.service.certificates, await made.stored()], [[], []]);
      assert.doesNotMatch(ran.stderr, /go on/i);
    });
  }
});

test('a transfer that breaks: the certificate is kept, and the command given goes on to the end', async (t) => {
  const { provision, service, device, stored, run } = await bench(t);
  device.faults.dropAfterUploadBytes = 900;
  const ran = await provision("it's mine", 'upd', '-c', '-p', 'upd.c');
  assert.equal(ran.status, 255);
  assert.match(ran.stderr, /^The certificates could not be copied to the device\. The connection to \S+ broke\./);
  assert.deepEqual(await stored(), ['upd', "it's mine"]);
  assert.equal(service.certificates.length, 1);
  assert.equal(await certificatesOn(device.root), 'no folder');
  const command = ran.stderr.trimEnd().split('\n').at(-2)?.trim();
  assert.equal(command, `mbl-cli -a ${device.at} provision-pelion 'it'"'"'s mine' upd`);

  delete device.faults.dropAfterUploadBytes;
  const again = await run(['-a', device.at, 'provision-pelion', "it's mine", 'upd']);
  assert.equal(again.status, 0, again.stderr);
});

test('a full disk on the device: nothing is left there, and the way on is told', async (t) => {
  const { provision, device } = await bench(t);
  device.faults.freeSpace = { '/scratch': 500 };
  const ran = await provision('dev', 'upd', '-c', '-p', 'upd.c');
  assert.equal(ran.status, 255);
  assert.match(ran.stderr, /The certificates could not be copied to the device\./);
  assert.match(ran.stderr, /mbl-cli -a \S+ provision-pelion dev upd\nRung: store – /);
  assert.equal(await certificatesOn(device.root), 'no folder');
});

test('without SFTP on the device the files go over a shell command', async (t) => {
  const { provision, device } = await bench(t);
  device.faults.noSftp = true;
  const ran = await provision('dev', 'upd', '-c', '-p', 'upd.c');
  assert.equal(ran.status, 0, ran.stderr);
});

test('the program on the device fails: its words, its exit status, and nothing left behind', async (t) => {
  const { provision, device, service, home } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  // A manufacturer that is there but unreadable for the device: the certificate is of another endpoint.
  const bin = join(home, '.mbl-store/team/upd/arm_uc_vendor_id.bin');
  await writeFile(bin, 'short');
  const ran = await provision('dev', 'upd');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /Remote command returned a non-zero exit code\./);
  assert.match(ran.stderr, /The device says: .*VendorId/);
  assert.equal(service.certificates.length, 1);
  assert.equal(await certificatesOn(device.root), 'no folder');
});

test('stored files that cannot be right are found before the device is touched', async (t) => {
  const { provision, home, device } = await bench(t);
  await provision('dev', 'upd', '-c', '-p', 'upd.c');
  await provision('two', 'upd', '-c');
  const team = join(home, '.mbl-store/team');
  await mkdir(join(device.root, 'scratch/provisioning-certs'));
  await rm(join(team, 'upd/arm_uc_class_id.bin'));
  assert.match(
    (await provision('dev', 'upd')).stderr,
    /'upd' in the Team Store is not complete: .*arm_uc_class_id\.bin/,
  );
  await provision('dev', 'upd', '-p', 'upd.c');
  await mkdir(join(device.root, 'scratch/provisioning-certs'));
  const key = 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin';
  await writeFile(join(team, 'dev', key), await readFile(join(team, 'two', key)));
  assert.match((await provision('dev', 'upd')).stderr, /'dev' cannot be put on a device: its key belongs to another/);
  assert.deepEqual(await certificatesOn(device.root), []);
});

type Posted = (request: IncomingMessage, response: ServerResponse) => unknown;

const refusal = (code: number, type: string, message: string) => ({ object: 'error', code, type, message });

const serviceFaults: [name: string, posted: Posted, says: RegExp, wayOn: boolean][] = [
  [
    'it refuses',
    (_, response) => send(response, 403, refusal(403, 'account_limit_exceeded', 'Too many')),
    /Too many/,
    false,
  ],
  [
    'the name was taken in between',
    (_, response) => send(response, 409, refusal(409, 'duplicate', 'Name in use')),
    /already exists in the Pelion Device Management Portal/,
    false,
  ],
  ['it cuts the connection', (request) => request.socket.destroy(), /may have made the developer certificate/, true],
  [
    'it sends no credentials file',
    (_, response) => send(response, 201, { id: 'a'.repeat(32) }),
    /without its credentials file/,
    true,
  ],
];

test('when the service fails, it is said whether a certificate may have been made', async (t) => {
  const { provision, service, stored, device } = await bench(t);
  for (const [name, posted, says, wayOn] of serviceFaults) {
    await t.test(name, async () => {
      service.intercept = (request, response) => {
        if (request.method !== 'POST') return false;
        posted(request, response);
        return true;
      };
      const ran = await provision('dev', 'upd', '-c', '-p', 'upd.c');
      assert.equal(ran.status, 255);
      assert.match(ran.stderr, says);
      assert.equal(/go on with/i.test(ran.stderr), wayOn, ran.stderr);
      assert.deepEqual(await stored(), []);
      assert.equal(await certificatesOn(device.root), 'no folder');
    });
  }
});
