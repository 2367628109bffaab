// Finding devices over links that have nothing but IPv6 link-local addresses: several at once, of one name, that move, that
// come later, that want a password.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FarSide } from './far-side.ts';
import { cannot, Host, temporaryFolder } from './namespaces.ts';

const skip = cannot(['ip', 'unshare', 'nsenter', 'sshd', 'dropbear', 'dropbearkey', 'avahi-daemon', 'ping']);
const name = 'mbed-linux-os-9999';

async function hostAlone(t: TestContext): Promise<Host> {
  return new Host(t, await temporaryFolder(t));
}

test('three interfaces at once, and two devices of one name', { skip, timeout: 120_000 }, async (t) => {
  const host = await hostAlone(t);
  const devices: FarSide[] = [];
  for (const [index, device] of [name, name, 'mbed-linux-os-2'].entries()) {
    const made = await FarSide.make(t, { name: device, ssh: index === 2 ? 'dropbear' : 'openssh' });
    host.link(`usb${index}`, made, 'eth0');
    await made.boot(t);
    devices.push(made);
  }
  const at = (index: number) => `${devices[index]?.address('eth0')}%usb${index}`;
  const { devices: found } = (await host.json(['list', '--timeout', '4'])) as {
    devices: { name: string; address: string }[];
  };
  const seen = found.map((one) => `${one.name} ${one.address}`);
  assert.equal(seen[0], `mbed-linux-os-2 ${at(2)}`);
  assert.deepEqual(seen.slice(1).sort(), [`${name} ${at(0)}`, `${name} ${at(1)}`].sort());
  const ambiguous = await host.run(['select', '--timeout', '4', '--name', name]);
  assert.equal(ambiguous.status, 255);
  assert.match(ambiguous.stderr, /^2 devices are named mbed-linux-os-9999\./);

  // Both can be worked with in turn: each is known by a key of its own.
  for (const index of ['2', '3', '2']) {
    assert.equal((await host.run(['select', '--timeout', '4', '--index', index])).status, 0);
    const { status, stderr, stdout } = await host.run(['shell', 'cat /etc/machine-id']);
    assert.equal(status, 0, stderr);
    const expected = devices.findIndex((_, number) => at(number) === found[Number(index) - 1]?.address);
    assert.equal(
      stdout.split('\n')[1],
      (await readFile(join(devices[expected]?.root ?? '', 'etc/machine-id'), 'utf8')).trim(),
    );
  }
  const { explanation } = (await host.json(['list', '--timeout', '3', '--explain'])) as {
    explanation: { links: { interface: string; announcements: { name: string; verdict: string }[] }[] };
  };
  const heard = explanation.links.filter(({ announcements }) => announcements.length > 0);
  assert.deepEqual(
    heard.map((link) => [link.interface, link.announcements.map((one) => `${one.name}: ${one.verdict}`)]),
    [
      ['usb0', [`${name}: device`]],
      ['usb1', [`${name}: device`]],
      ['usb2', ['mbed-linux-os-2: device']],
    ],
  );
});

test('a selected device that changes its zone is found again, announced or not', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const host = await hostAlone(t);
  const device = await FarSide.make(t, { name });
  host.link('enp0s6', device, 'eth0');
  await device.boot(t);
  await host.run(['select', '--name', name]);
  assert.equal((await host.run(['shell', 'true'])).status, 0);

  host.unlink('enp0s6');
  host.link('usbdbg0', device, 'eth0');
  const moved = await host.run(['shell', 'echo here']);
  assert.equal(moved.status, 0, moved.stderr);
  assert.match(moved.stderr, /%enp0s6\) is not there; looking for it on all networks/);
  assert.match(moved.stderr, /It is now mbed-linux-os-9999 \(fe80::\S+%usbdbg0\)/);
  assert.equal((await host.run(['shell', 'echo here'])).stderr, '');

  device.inside('kill $(pidof avahi-daemon)');
  host.unlink('usbdbg0');
  host.link('enp1s0', device, 'eth0');
  const silent = await host.run(['shell', 'echo here']);
  assert.equal(silent.status, 0, silent.stderr);
  assert.match(silent.stderr, /It is now mbed-linux-os-9999 \(fe80::\S+%enp1s0\)/);
  const listed = await host.run(['list']);
  assert.match(listed.stdout, /^1: mbed-linux-os-9999: fe80::\S+%enp1s0$/m);
});

test('a board that is plugged in while the list grows', { skip, timeout: 120_000 }, async (t) => {
  const host = await hostAlone(t);
  const device = await FarSide.make(t, { name });
  const listing = host.run(['list', '--timeout', '15']);
  await sleep(2_000);
  host.link('usbdbg0', device, 'eth0');
  await device.boot(t);
  const { status, stdout, stderr } = await listing;
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^1: mbed-linux-os-9999: fe80::\S+%usbdbg0$/m);
});

test('a device that wants a password, and copies of one image', { skip, timeout: 120_000 }, async (t) => {
  const host = await hostAlone(t);
  const [one, two] = [
    await FarSide.make(t, { name: 'mbed-linux-os-1', password: 'open sesame' }),
    await FarSide.make(t, { name: 'mbed-linux-os-2', ssh: 'dropbear', password: 'open sesame' }),
  ];
  for (const [index, device] of [one, two].entries()) {
    host.link(`eth${index}`, device, 'eth0');
    await device.boot(t);
  }
  await writeFile(join(host.home, 'pw'), 'open sesame\n');
  await writeFile(join(host.home, 'wrong'), 'close sesame\n');
  for (const device of [one, two]) {
    await host.run(['select', '--name', device.options.name]);
    const wrong = await host.run(['--password-file', 'wrong', 'shell', 'true']);
    assert.equal(wrong.status, 255);
    assert.match(wrong.stderr, /nor with the given or an empty password/);
    assert.equal((await host.run(['--password-file', 'pw', 'shell', 'true'])).status, 0);
  }
});
