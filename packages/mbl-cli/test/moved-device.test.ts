import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { identityOf, nameIn } from '../src/devices/choice.ts';
import { newHostKey, shellDevice } from './shell-device.ts';
import { device, world } from './world.ts';

const selection = (home: string) => join(home, '.mbl-dev.json');
const pins = (home: string) => join(home, '.mbl-known-devices.json');

test('a selected device that is not where it was is found by its name, and its new place is kept', async (t) => {
  const { run, home } = await world(t);
  const made = await device(t, { mdns: true });
  await run(['select', '--name', made.hostname]);
  assert.equal((await run(['shell', 'true'])).status, 0);
  const kept = JSON.parse(await readFile(selection(home), 'utf8'));
  await writeFile(selection(home), JSON.stringify({ ...kept, port: 1, password: 'pw' }));

  const { status, stderr } = await run(['shell', 'true']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`^${made.hostname} \\(127\\.0\\.0\\.1:1\\) is not there; looking for it`));
  assert.deepEqual(JSON.parse(await readFile(selection(home), 'utf8')), { ...kept, password: 'pw' });
  assert.equal((await run(['shell', 'true'])).stderr, '');
});

test('another device of that name is not taken for it: it shows another key', async (t) => {
  const { run, home } = await world(t);
  const made = await device(t, { mdns: true });
  await run(['select', '--name', made.hostname]);
  await run(['shell', 'true']);
  const known = JSON.parse(await readFile(pins(home), 'utf8'));
  known[made.hostname].fingerprint = 'SHA256:another';
  await writeFile(pins(home), JSON.stringify(known));
  const kept = { ...JSON.parse(await readFile(selection(home), 'utf8')), port: 1 };
  await writeFile(selection(home), JSON.stringify(kept));
  const { status, stderr } = await run(['shell', 'true']);
  assert.equal(status, 255);
  assert.match(stderr, /Unable to connect to port 1/);
  assert.deepEqual(JSON.parse(await readFile(selection(home), 'utf8')), kept);
});

test('a device that was named by its address is not looked for', async (t) => {
  const { run } = await world(t);
  const { stderr } = await run(['-a', '127.0.0.1:1', 'shell', 'true']);
  assert.match(stderr, /^Unable to connect to port 1 on 127\.0\.0\.1/);
});

test('several of one name are told apart by address, whatever the zone', () => {
  const found = (name: string, address: string, port = 22) => ({ name, address, port, addresses: [address] });
  const one = found('os-1', 'fe80::1%eth0');
  const other = found('OS-1', '192.0.2.1', 2222);
  assert.equal(identityOf(one, [one, found('os-2', '192.0.2.1')]), 'os-1');
  assert.deepEqual(
    [one, other].map((device) => identityOf(device, [one, other])),
    ['os-1@fe80::1', 'OS-1@192.0.2.1:2222'],
  );
  assert.equal(nameIn('os-1@fe80::1'), 'os-1');
});

test('the host key is shown at first contact, and one of another device is noticed', async (t) => {
  const { run, home, met } = await world(t);
  const hostKey = newHostKey();
  const copies = [await shellDevice(t, { hostKey }), await shellDevice(t, { hostKey })];
  for (const [index, { at }] of copies.entries()) {
    await run(['select', '--address', at]);
    const file = JSON.parse(await readFile(selection(home), 'utf8'));
    await writeFile(selection(home), JSON.stringify({ ...file, hostname: `os-${index}` }));
    const { status, stderr } = await run(['shell', 'true']);
    assert.equal(status, 0);
    if (index === 0) assert.equal(stderr, '');
    else assert.match(stderr, /^Warning: os-0 shows the same host key as os-1\. If these are several devices/);
  }
  assert.match(
    met[0] ?? '',
    /^First contact with os-0 \(127\.0\.0\.1:\d+\)\. Its host key is remembered: ecdsa-\S+ SHA256:/,
  );
  // An address is no other device.
  assert.equal((await run(['-a', copies[0]?.at ?? '', 'shell', 'true'])).stderr, '');
  assert.match(met.at(-1) ?? '', /It is the key of os-0, os-1, so this is the same device\./);
});

test('forget: a device that was flashed anew is met for the first time again', async (t) => {
  const { run, home, json } = await world(t);
  const first = await shellDevice(t);
  await run(['-a', first.at, 'shell', 'true']);
  const known = JSON.parse(await readFile(pins(home), 'utf8'));
  known[first.at].fingerprint = 'SHA256:old';
  await writeFile(pins(home), JSON.stringify(known));
  const refused = await run(['-a', first.at, 'shell', 'true']);
  assert.match(refused.stderr, new RegExp(`'mbl-cli forget ${first.at}'`));
  assert.deepEqual(await run(['forget', first.at]), {
    status: 0,
    stdout: `Forgot the host key of ${first.at}.\n`,
    stderr: '',
  });
  assert.equal((await run(['-a', first.at, 'shell', 'true'])).status, 0);
  assert.equal((await run(['forget', 'nobody'])).status, 255);
  assert.deepEqual(await json(['forget', '--all']), { forgotten: [first.at] });
});
