// What goes wrong in the field, one after the other: the sentence, the code, the exit status, and that nothing was lost.
// File systems that are full or read-only are real ones, for which root is needed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportPrivateKey, generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';
import { type FakeService, fakeService, goodKey, send } from '../test/fake-service.ts';
import { updateResources } from '../test/update-resources.ts';
import { device, type World, world } from '../test/world.ts';

const isRoot = process.getuid?.() === 0;

interface Bench extends World {
  service: FakeService;
  device: Awaited<ReturnType<typeof device>>;
  /** `provision-pelion` on the device, with `--json`. */
  provision(...argv: string[]): Promise<Told>;
  told(argv: string[]): Promise<Told>;
}

interface Told {
  status: number;
  code: string | undefined;
  message: string;
  next: string;
}

interface Fault {
  name: string;
  /** Makes it, and says how it is mended. */
  make?(bench: Bench): Promise<(() => unknown) | undefined>;
  run(bench: Bench): Promise<Told>;
  code: string | undefined;
  status: number;
  says: RegExp;
  /** What the way on says, where that matters. */
  next?: RegExp;
  needsRoot?: true;
}

const endings: (() => unknown)[] = [];
// What a single test would end with, all of them share.
const shared = { after: (ending: () => unknown) => void endings.unshift(ending) } as never;
let bench: Bench;

before(async () => {
  const [made, service, target] = await Promise.all([world(shared), fakeService(shared), device(shared)]);
  await writeFile(join(made.home, 'upd.c'), updateResources(new Date('2026-01-01')));
  await made.run(['save-api-key', goodKey, '--service', service.url]);
  const told: Bench['told'] = async (argv) => {
    const { status, stdout } = await made.run(['--json', ...argv]);
    const { error } = JSON.parse(stdout) as { error?: { code: string; message: string; next?: string } };
    return { status, code: error?.code, message: error?.message ?? '', next: error?.next ?? '' };
  };
  bench = {
    ...made,
    service,
    device: target,
    told,
    provision: (...argv) => told(['-a', target.at, 'provision-pelion', ...argv]),
  };
  assert.equal((await bench.provision('dev', 'upd', '-c', '-p', 'upd.c')).status, 0);
});
after(async () => {
  for (const ending of endings) await ending();
});

const team = ({ home }: Bench) => join(home, '.mbl-store/team');

/** What must be as before: the store, the account, the selected device's folder. */
async function state({ home, service, device: { root } }: Bench): Promise<unknown> {
  const config = await readFile(join(home, '.mbl-store/team/config.json'), 'utf8').catch(() => 'not readable');
  const key = await readFile(join(home, '.mbl-store/user/config.json'), 'utf8');
  return [config, key, service.certificates.map(({ name }) => name), await readdir(join(root, 'scratch'))];
}

/** Something else in the place of the store, until it is mended. */
async function storeReplaced(made: Bench, put: (folder: string) => Promise<unknown>): Promise<() => Promise<void>> {
  const aside = `${team(made)}.aside`;
  await rename(team(made), aside);
  await put(team(made));
  return async () => {
    spawnSync('umount', [team(made)]);
    await rm(team(made), { recursive: true, force: true });
    await rename(aside, team(made));
  };
}

function mounted(options: string) {
  return async (folder: string) => {
    await mkdir(folder);
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    assert.equal(status, 0, stderr.toString());
  };
}

async function foreignServer(tls: boolean): Promise<{ url: string; close: () => unknown }> {
  const [own, { privateKey: key, publicKey }] = [generateKeyPair(), generateKeyPair()];
  const years = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };
  const root = { subject: { commonName: 'Nobody' }, subjectKey: own.publicKey, key: own.privateKey };
  const authority = issueCertificate({ ...root, ...years, profile: 'authority' });
  const server127 = { subject: { commonName: '127.0.0.1' }, ipAddresses: ['127.0.0.1'], subjectKey: publicKey };
  const issuer = { certificate: authority, key: own.privateKey };
  const cert = parseCertificate(issueCertificate({ ...server127, ...years, issuer, profile: 'server' })).pem;
  const answer = (_: unknown, response: import('node:http').ServerResponse) =>
    response.end('<html>a login page</html>');
  const { createServer: createTlsServer } = await import('node:https');
  const server = tls
    ? createTlsServer({ key: exportPrivateKey(key, 'pkcs8', 'pem'), cert }, answer)
    : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, close: () => server.close() };
}

let foreign: Awaited<ReturnType<typeof foreignServer>>;
const saveKey =
  (url: string, key = goodKey) =>
  (made: Bench) =>
    made.told(['save-api-key', key, '--service', url]);
const again = (made: Bench) => made.provision('dev', 'upd');
const named = (name: string): Omit<Fault, 'name'> => ({
  run: (made) => made.provision(name, 'upd', '-c'),
  code: 'store.name.unsafe',
  status: 255,
  says: /cannot be the name of a certificate/,
});
const fromFile = (name: string, content: () => string, says: RegExp): Fault => ({
  name,
  make: async ({ home }) => {
    await writeFile(join(home, 'bad.c'), content());
    return undefined;
  },
  run: (made) => made.provision('dev', 'other', '-p', 'bad.c'),
  code: 'credentials',
  status: 255,
  says,
});

const faults: Fault[] = [
  {
    name: 'no service',
    run: saveKey('http://127.0.0.1:1'),
    code: 'rest.unreachable',
    status: 255,
    says: /Nothing listens/,
  },
  {
    name: 'a host that nobody knows',
    run: saveKey('https://service.invalid'),
    code: 'rest.unreachable',
    status: 255,
    says: /service\.invalid/,
  },
  {
    name: 'another server than the service',
    make: async () => (foreign = await foreignServer(false)).close,
    run: (made) => saveKey(foreign.url)(made),
    code: 'rest.answer.foreign',
    status: 255,
    says: /./,
  },
  {
    name: 'a CA that is not trusted',
    make: async () => (foreign = await foreignServer(true)).close,
    run: (made) => saveKey(foreign.url)(made),
    code: 'rest.tls.untrusted',
    status: 255,
    says: /./,
  },
  {
    name: 'a key that was revoked',
    run: (made) => saveKey(made.service.url, 'ak_1revoked')(made),
    code: 'cloud.key.unknown',
    status: 255,
    says: /^API key not recognised by Pelion Device Management\.$/,
  },
  {
    name: 'a key that was good when it was saved, and has expired or was revoked since',
    make: async ({ service }) => {
      service.intercept = (_, response) => {
        send(response, 401, { object: 'error', code: 401, type: 'auth_invalid', message: 'Access token is invalid' });
        return true;
      };
      return () => {
        service.intercept = undefined;
      };
    },
    run: (made) => made.provision('another', 'upd', '-c'),
    code: 'rest.unauthorized',
    status: 255,
    says: /API key/,
  },
  { name: 'no name', ...named('') },
  { name: 'a name with /', ...named('a/b') },
  { name: 'the name ..', ...named('..') },
  { name: 'a name of 101 characters', ...named('x'.repeat(101)) },
  fromFile('a C file that ends too early', () => updateResources().slice(0, 700), /bad\.c/),
  fromFile(
    'a file of manifest-tool 2.x',
    () => '#ifdef MBED_CLOUD_DEV_UPDATE_ID\nconst uint8_t MBED_CLOUD_DEV_UPDATE_VENDOR_ID[] = {0x00};\n#endif\n',
    /bad\.c/,
  ),
  fromFile('a file that is no C', () => 'hello\n', /bad\.c/),
  {
    name: 'a store that is a file',
    make: (made) => storeReplaced(made, (path) => writeFile(path, '')),
    run: again,
    code: 'file.not.folder',
    status: 255,
    says: /exists and is not a folder/,
  },
  {
    name: 'a store that is read-only',
    needsRoot: true,
    make: (made) => storeReplaced(made, mounted('ro')),
    run: (made) => made.provision('dev', 'upd', '-p', 'upd.c'),
    code: 'file.read.only',
    status: 255,
    says: /read-only/,
  },
  {
    name: 'a store that is full',
    needsRoot: true,
    make: (made) => storeReplaced(made, mounted('size=4096')),
    run: (made) => made.provision('dev', 'upd', '-p', 'upd.c'),
    code: 'file.disk.full',
    status: 255,
    says: /disk is full/,
  },
  {
    name: 'a device that is gone in the middle of the transfer',
    make: async ({ device: { faults } }) => {
      faults.dropAfterUploadBytes = 900;
      return undefined;
    },
    run: again,
    code: 'provision.transfer.failed',
    status: 255,
    says: /could not be copied to the device/,
  },
  {
    name: 'a disk of the device that is full',
    make: async ({ device: { faults } }) => {
      faults.freeSpace = { '/scratch': 500 };
      return () => delete faults.freeSpace;
    },
    run: again,
    code: 'provision.transfer.failed',
    status: 255,
    says: /could not be copied to the device/,
  },
  {
    name: 'a disk of the device that is full where its secure storage is',
    needsRoot: true,
    make: async ({ device: { root } }) => {
      const path = join(root, 'config/user');
      await rename(path, `${path}.aside`);
      await mounted('size=4096')(path);
      return async () => {
        spawnSync('umount', [path]);
        await rm(path, { recursive: true });
        await rename(`${path}.aside`, path);
      };
    },
    run: again,
    code: 'provision.failed',
    status: 1,
    says: /^Remote command returned a non-zero exit code\.$/,
    next: /There is no room on the disk for the secure storage .*; what it held is unchanged\./,
  },
  {
    name: 'a disk of this machine that is full, for a file from the device',
    needsRoot: true,
    make: async ({ home, device: { root } }) => {
      await writeFile(join(root, 'scratch/large'), 'x'.repeat(50_000));
      await mounted('size=4096')(join(home, 'small'));
      return async () => {
        spawnSync('umount', [join(home, 'small')]);
        await rm(join(root, 'scratch/large'));
      };
    },
    run: ({ told, device: { at } }) => told(['-a', at, 'get', '/scratch/large', 'small']),
    code: 'file.disk.full',
    status: 255,
    says: /disk is full/,
  },
  {
    name: 'a wrong password',
    make: async ({ home }) => {
      await writeFile(join(home, 'pw'), 'wrong\n');
      return undefined;
    },
    run: async (made) => {
      const locked = await device(shared, { access: { password: 'right' } });
      return made.told(['--password-file', 'pw', '-a', locked.at, 'shell', 'true']);
    },
    code: 'ssh.authentication.refused',
    status: 255,
    says: /nor with the given or an empty password/,
  },
  {
    name: 'a host key that changed',
    make: async ({ home, device: { at } }) => {
      const path = join(home, '.mbl-known-devices.json');
      const before = await readFile(path, 'utf8');
      const known = JSON.parse(before);
      known[at].fingerprint = 'SHA256:another';
      await writeFile(path, JSON.stringify(known));
      return () => writeFile(path, before);
    },
    run: again,
    code: 'ssh.hostkey.changed',
    status: 255,
    says: /another host key than at first contact/,
  },
  {
    name: 'no provisioning program',
    make: async ({ device: { root } }) => {
      const path = join(root, 'opt/arm/pelion-provisioning-util');
      await rename(path, `${path}.aside`);
      return () => rename(`${path}.aside`, path);
    },
    run: again,
    code: 'provision.program.missing',
    status: 127,
    says: /is not on the device/,
  },
  {
    name: 'a device whose clock says 1970 is provisioned: the time is not known there',
    make: async ({ device: { faults } }) => {
      faults.clockOffset = -Date.now() + 1_000;
      return () => delete faults.clockOffset;
    },
    run: again,
    code: undefined,
    status: 0,
    says: /^$/,
  },
  {
    name: 'a device whose clock says 2080: its update certificate has ended by that',
    make: async ({ device: { faults } }) => {
      faults.clockOffset = Date.UTC(2080, 0) - Date.now();
      return () => delete faults.clockOffset;
    },
    run: ({ told, device: { at } }) => told(['-a', at, 'get-pelion-status']),
    code: 'provision.status.failed',
    status: 255,
    says: /not correctly configured/,
  },
  {
    name: 'no terminal for a shell',
    run: ({ told, device: { at } }) => told(['-a', at, 'shell']),
    code: 'ssh.no.terminal',
    status: 255,
    says: /terminal/,
  },
  {
    name: 'no terminal for a key',
    run: ({ told, service }) => told(['save-api-key', '--service', service.url]),
    code: 'input.no.terminal',
    status: 255,
    says: /no terminal/,
  },
];

for (const { name, make, run, code, status, says, next = /^/, needsRoot } of faults) {
  test(name, { skip: needsRoot && !isRoot ? 'root is needed' : false }, async () => {
    const before = await state(bench);
    const mend = await make?.(bench);
    let told: Told;
    try {
      told = await run(bench);
    } finally {
      await mend?.();
    }
    assert.deepEqual([told.status, told.code?.split('.')[0]], [status, code?.split('.')[0]], JSON.stringify(told));
    if (code?.includes('.')) assert.equal(told.code, code);
    assert.match(told.message, says, JSON.stringify(told));
    if (status !== 0) assert.notEqual(told.next, '', 'there is a way on');
    assert.match(told.next, next);
    assert.deepEqual(await state(bench), before);
  });
}

test('what is no fault: a name with spaces, a C file with CRLF', async () => {
  await writeFile(join(bench.home, 'crlf.c'), updateResources().replaceAll('\n', '\r\n'));
  assert.equal((await bench.provision('my own cert', 'my upd', '-c', '-p', 'crlf.c')).status, 0);
});
