import assert from 'node:assert/strict';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MooringError } from '@mooring/platform';
import fc from 'fast-check';
import { workOnAll } from '../src/provisioning/bench.ts';
import { matchesName, parseDeviceList } from '../src/provisioning/bench-devices.ts';
import { Journal, journalPath, parseJournal, setOf } from '../src/provisioning/journal.ts';
import { targetAt } from '../src/ssh/target.ts';
import { fakeService, goodKey } from './fake-service.ts';
import { updateResources } from './update-resources.ts';
import { device, temporaryFolder, world } from './world.ts';

const targets = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map((host) => targetAt({ host }));
const idle = new AbortController().signal;
const failure = new MooringError('ssh.timeout', { message: 'late' });

test('so many at once and no more; one that fails leaves the others alone; the order is that of the list', async () => {
  let running = 0;
  let most = 0;
  const ended: string[] = [];
  const outcomes = await workOnAll(
    targets,
    async ({ host }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (host.endsWith('.2')) throw failure;
      return { state: 'provisioned' };
    },
    { jobs: 2, signal: idle, hopeless: () => undefined, ended: ({ target }) => ended.push(target.host) },
  );
  assert.equal(most, 2);
  assert.deepEqual(
    outcomes.map(({ target, state, error }) => [target.host, state, error?.code]),
    [
      ['192.0.2.1', 'provisioned', undefined],
      ['192.0.2.2', 'failed', 'ssh.timeout'],
      ['192.0.2.3', 'provisioned', undefined],
      ['192.0.2.4', 'provisioned', undefined],
    ],
  );
  assert.deepEqual(
    ended.sort(),
    targets.map(({ host }) => host),
  );
});

test('what all of them need cannot be had: no other device is tried', async () => {
  const tried: string[] = [];
  let hopeless: unknown;
  const work = async ({ host }: { host: string }) => {
    tried.push(host);
    hopeless = failure;
    throw failure;
  };
  const options = { jobs: 1, signal: idle, hopeless: () => hopeless, ended: () => undefined };
  await assert.rejects(workOnAll(targets, work, options), failure);
  assert.equal(tried.length, 1);
  const bug = workOnAll(targets, () => Promise.reject(new TypeError('bug')), { ...options, hopeless: () => undefined });
  await assert.rejects(bug, TypeError);
});

const entry = {
  at: '2026-03-01T12:00:00.000Z',
  set: 's',
  device: 'os-1',
  hostKey: 'SHA256:k',
  state: 'started',
} as const;

test('the journal outlives this program, and a line that was cut off', async (t) => {
  const home = await temporaryFolder(t);
  const first = await Journal.open(home);
  await assert.rejects(Journal.open(home), { code: 'lock.busy' });
  await Promise.all([first.write(entry), first.write({ ...entry, state: 'provisioned' })]);
  await first.close();
  await appendFile(journalPath(home), '{"at":"2026-03-02T');
  const second = await Journal.open(home);
  assert.equal(second.find('s', 'os-1', 'SHA256:k')?.state, 'provisioned');
  assert.equal(second.find('s', 'os-1', 'SHA256:other'), undefined);
  assert.equal(second.find('other', 'os-1', 'SHA256:k'), undefined);
  await second.write({ ...entry, device: 'os-2' });
  await second.close();
  assert.deepEqual(
    parseJournal(await readFile(journalPath(home), 'utf8')).map(({ device, state }) => `${device} ${state}`),
    ['os-1 provisioned', 'os-2 started'],
  );
});

test('nothing in the journal makes it fail', () => {
  const field = fc.oneof(fc.string(), fc.constantFrom('provisioned', 'failed'), fc.integer());
  const line = fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify(entry)));
  const record = fc
    .record({ at: field, set: field, device: field, hostKey: field, state: field, code: field })
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.array(fc.oneof(line, record)), (lines) => {
      for (const { device, state } of parseJournal(lines.join('\n'))) {
        assert.equal(typeof device, 'string');
        assert.match(state, /^(started|provisioned|failed)$/);
      }
    }),
  );
});

test('a set is its content: other bytes, other names, another border between two files', () => {
  const items = (...pairs: [string, string][]) => pairs.map(([name, data]) => ({ name, data: Buffer.from(data) }));
  const sets = [
    [items(['a', 'bc'])],
    [items(['a', 'bd'])],
    [items(['b', 'bc'])],
    [items(['a', 'b'], ['c', ''])],
    [items(['a', 'b']), items(['c', ''], ['d', ''])],
  ].map(setOf);
  assert.equal(new Set(sets).size, sets.length);
  assert.equal(setOf([items(['a', 'b']), items(['c', ''])]), sets[3]);
});

test('lists of devices, as people and programs write them', () => {
  const text = `# the bench by the window
mbed-linux-os-1
mbed-linux-os-2 fe80::2%usb2  # the red one
192.0.2.3:2222

[fe80::4%eth0]:22
device.example.com\r\n`;
  assert.deepEqual(parseDeviceList(text, 'list'), [
    { name: 'mbed-linux-os-1' },
    { name: 'mbed-linux-os-2', address: { host: 'fe80::2%usb2' } },
    { address: { host: '192.0.2.3', port: 2222 } },
    { address: { host: 'fe80::4%eth0', port: 22 } },
    { address: { host: 'device.example.com' } },
  ]);
  const json = JSON.stringify({ devices: [{ index: 1, name: 'os-1', address: '192.0.2.1', port: 2222 }] });
  assert.deepEqual(parseDeviceList(json, 'list'), [{ name: 'os-1', address: { host: '192.0.2.1', port: 2222 } }]);
  for (const wrong of ['a b c', '1.2.3', 'os-1 nowhere?', '{"devices": 1}', '{"devices": [{}]}', '{']) {
    assert.throws(() => parseDeviceList(wrong, 'list'), { code: 'provision.list.malformed', message: /^list / });
  }
  fc.assert(
    fc.property(fc.string(), (any) => {
      try {
        parseDeviceList(any, 'list');
      } catch (error) {
        assert.equal((error as MooringError).code, 'provision.list.malformed');
      }
    }),
  );
});

test('patterns of names', () => {
  for (const [pattern, name, matches] of [
    ['mbed-linux-os-*', 'mbed-linux-os-9999', true],
    ['MBED-*', 'mbed-linux-os-1', true],
    ['os-?', 'os-12', false],
    ['os.1', 'os-1', false],
    ['*', '', true],
    ['os-[12]', 'os-1', false],
  ] as const) {
    assert.equal(matchesName(pattern, name), matches, `${pattern} ${name}`);
  }
});

/** A user with a key, a service, and devices in a list; the second and the third cannot be provisioned. */
async function manyDevices(t: TestContext) {
  const [made, service] = await Promise.all([world(t), fakeService(t)]);
  await writeFile(join(made.home, 'upd.c'), updateResources());
  await made.run(['save-api-key', goodKey, '--service', service.url]);
  const devices = await Promise.all([1, 2, 3].map(() => device(t)));
  const [, broken, off] = devices as [(typeof devices)[0], (typeof devices)[0], (typeof devices)[0]];
  await rm(join(broken.root, 'opt/arm/pelion-provisioning-util'));
  await off.close();
  const list = join(made.home, 'bench.txt');
  await writeFile(list, devices.map(({ hostname, at }) => `${hostname} ${at}\n`).join(''));
  return { ...made, service, devices, broken, off };
}

test('many devices: a line for each, a total, and the same command goes on with those that failed', async (t) => {
  const { run, json, service, devices, broken, off } = await manyDevices(t);
  const command = ['provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c', '--from', 'bench.txt'];
  const first = await run(command);
  assert.equal(first.status, 255);
  assert.match(first.stdout, /^Provisioning 3 devices with the developer certificate 'dev' \(made in the service\)/);
  assert.match(
    first.stdout,
    new RegExp(`^\\[./3\\] ${devices[0]?.hostname} \\(127\\.0\\.0\\.1\\): provisioned in `, 'm'),
  );
  assert.match(
    first.stdout,
    new RegExp(`\\] ${broken.hostname} .*: FAILED after .* \\[provision\\.program\\.missing\\]`),
  );
  assert.match(first.stdout, new RegExp(`\\] ${off.hostname} .*: FAILED after .* \\[ssh\\.unreachable\\]`));
  assert.match(first.stdout, /^3 devices: 1 provisioned, 2 failed, in [\d.]+ s\.$/m);
  assert.deepEqual(
    service.certificates.map(({ name }) => name),
    ['dev'],
  );

  await writeFile(join(broken.root, 'opt/arm/pelion-provisioning-util'), '', { mode: 0o755 });
  const again = (await json(command)) as {
    devices: { name: string; state: string; error?: { code: string; rung: string } }[];
    total: Record<string, number>;
  };
  assert.deepEqual(
    again.devices.map(({ name, state, error }) => [name, state, error?.code, error?.rung]),
    [
      [devices[0]?.hostname, 'kept', undefined, undefined],
      [broken.hostname, 'provisioned', undefined, undefined],
      [off.hostname, 'failed', 'ssh.unreachable', 'tcp'],
    ],
  );
  assert.deepEqual([again.total.kept, again.total.provisioned, again.total.failed], [1, 1, 1]);
  assert.equal(service.certificates.length, 1);

  // Wiped since: the journal is not believed.
  await rm(join(devices[0]?.root ?? '', 'config/user/mooring'), { recursive: true });
  await broken.close();
  const third = (await json(command)) as typeof again;
  assert.deepEqual(
    third.devices.map(({ state }) => state),
    ['provisioned', 'kept', 'failed'],
  );
});

test('a service that refuses ends it for all, and what cannot be is refused before', async (t) => {
  const { run, service } = await manyDevices(t);
  service.intercept = (request, response) => {
    if (request.method !== 'POST') return false;
    response.writeHead(403, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ object: 'error', code: 403, type: 'limit', message: 'Too many' }));
    return true;
  };
  const command = ['provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c'];
  const refused = await run([...command, '--from', 'bench.txt', '--jobs', '1']);
  assert.equal(refused.status, 255);
  assert.match(refused.stderr, /Too many/);
  for (const [argv, status] of [
    [[...command, '--all', '--match', 'x'], 2],
    [[...command, '--from', 'bench.txt', '--jobs', '0'], 2],
    [['-a', '127.0.0.1', ...command, '--all'], 2],
    [[...command, '--from', 'none.txt'], 255],
  ] as const) {
    assert.equal((await run([...argv])).status, status, argv.join(' '));
  }
});
