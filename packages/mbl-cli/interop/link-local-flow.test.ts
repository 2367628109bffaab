// The whole flow of our mbl-cli over links that have nothing but IPv6 link-local addresses, with Debian's own OpenSSH,
// Dropbear, Avahi and systemd-resolved on the far side.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { updateResources } from '../test/update-resources.ts';
import { FarSide, type FarSideOptions, type Responder, type SshServer } from './far-side.ts';
import { cannot, Host, service, temporaryFolder } from './namespaces.ts';
import { resolvedProgram } from './resolved-program.ts';

const skip = cannot(['ip', 'unshare', 'nsenter', 'sshd', 'dropbear', 'dropbearkey', 'avahi-daemon', 'ping']);
const name = 'mbed-linux-os-9999';

async function setting(t: TestContext, options: Partial<FarSideOptions> = {}) {
  const host = new Host(t, await temporaryFolder(t));
  const device = await FarSide.make(t, { name, ...options });
  host.link('enp0s6', device, 'eth0');
  await device.boot(t);
  return { host, device };
}

/** A user with an API key and an update_default_resources.c. */
async function withKey(t: TestContext, host: Host): Promise<void> {
  const { url, key } = await service(t, host);
  assert.equal((await host.run(['save-api-key', key, '--service', url])).status, 0);
  await writeFile(join(host.home, 'upd.c'), updateResources(new Date()));
}

const farSides: [ssh: SshServer, responder: Responder][] = [
  ['openssh', 'avahi'],
  ['dropbear', 'resolved'],
];

for (const [ssh, responder] of farSides) {
  test(`the manual from select to status: ${ssh}, announced by ${responder}`, { skip, timeout: 120_000 }, async (t) => {
    const resolved = responder === 'resolved' ? resolvedProgram() : '';
    if (resolved === undefined) {
      if (process.env.CI) throw new Error('NOT TESTED: systemd-resolved cannot be had');
      process.stderr.write('\n*** NOT TESTED: systemd-resolved cannot be had\n\n');
      return t.skip('systemd-resolved cannot be had');
    }
    const { host, device } = await setting(t, { ssh, responder, resolved });
    await withKey(t, host);
    const address = `${device.address('eth0')}%enp0s6`;

    const select = await host.run(['select'], '1\n');
    assert.equal(select.status, 0, select.stderr + device.output);
    assert.equal(
      select.stdout,
      `Discovering devices. This will take up to 30 seconds.\n1: ${name}: ${address}\n\n\nSelect a device from the list: `,
    );
    assert.equal((await host.run(['which'])).stdout, `${name} (${address})\n`);

    const provisioned = await host.run(['provision-pelion', 'my-cert', 'my-upd', '-c', '-p', 'upd.c']);
    assert.equal(provisioned.status, 0, provisioned.stderr);
    assert.match(provisioned.stderr, new RegExp(`^First contact with ${name} \\(${address}\\)`));
    assert.match(provisioned.stdout, /^Provisioning process completed without error\.$/m);
    assert.equal(device.inside('ls -A /scratch'), '');
    const status = await host.run(['get-pelion-status']);
    assert.match(status.stdout, /Device is configured correctly\. You can connect to Pelion Cloud!/);

    await host.run(['put', 'upd.c', '/scratch']);
    assert.equal((await host.run(['get', '/scratch/upd.c', 'back.c'])).status, 0);
    assert.equal(await readFile(join(host.home, 'back.c'), 'utf8'), await readFile(join(host.home, 'upd.c'), 'utf8'));
    assert.equal((await host.run(['shell', 'exit 7'])).status, 7);

    await device.off();
    device.newHostKey();
    await device.boot(t);
    const refused = await host.run(['shell', 'true']);
    assert.equal(refused.status, 255);
    assert.match(refused.stderr, /shows another host key than at first contact/);
    assert.equal((await host.run(['forget'])).status, 0);
    assert.equal((await host.run(['shell', 'true'])).status, 0);
  });
}

test('this program is killed while the certificates are on the device: they are removed there', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const host = new Host(t, await temporaryFolder(t));
  await withKey(t, host);
  for (const [index, ssh] of (['openssh', 'dropbear'] as const).entries()) {
    const device = await FarSide.make(t, { name: `mbed-linux-os-${index}`, ssh });
    host.link(`usb${index}`, device, 'eth0');
    // A provisioning program that goes on until the end of the world.
    await writeFile(
      join(device.root, 'opt/arm/pelion-provisioning-util'),
      '#!/bin/sh\n[ "$1" = --provision ] && exec sleep 600\nexit 0\n',
    );
    await device.boot(t);
    const at = `${device.address('eth0')}%usb${index}`;
    const child = host.spawn(['-a', at, 'provision-pelion', `cert-${index}`, 'upd', '-c', '-p', 'upd.c']);
    const there = () => device.inside('ls /scratch/provisioning-certs 2>/dev/null || true');
    await until(() => there().includes('PRIVATE_KEY.bin'), 'the key never came');
    assert.match(device.inside('ls -ld /scratch/provisioning-certs'), /^drwx------/);
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
    await until(() => there() === '', `${ssh}: the key is still there`);
    assert.equal(device.inside('ls -A /scratch'), '');
  }
});

async function until(holds: () => boolean, otherwise: string): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); await sleep(100)) assert.ok(Date.now() < end, otherwise);
}
