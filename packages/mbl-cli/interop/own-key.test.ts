// Keys that devices make themselves, with the real service; and a device that has only MBL's own provisioning program.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { updateResources } from '../test/update-resources.ts';
import { FarSide } from './far-side.ts';
import { cannot, Host, service, temporaryFolder } from './namespaces.ts';

const skip = cannot(['ip', 'unshare', 'nsenter', 'sshd', 'dropbear', 'dropbearkey', 'avahi-daemon']);

/** As much of MBL's own program as a host sees of it: it needs the private key, and knows nothing of making one. */
const mblProgram = `#!/bin/sh
case "$1" in
--provision)
  [ -e /scratch/provisioning-certs/MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin ] || { echo "File with path /scratch/provisioning-certs/MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bincould not be opened" >&2; exit 1; }
  echo "Provisioning process completed without error." ;;
--get-pelion-status) echo "Device is configured correctly. You can connect to Pelion Cloud!" ;;
*) echo "usage: pelion-provisioning-util [-h] [--provision | --get-pelion-status]" ;;
esac
`;

test('one with Mooring, one with MBL’s program: the key that never leaves, the refusal, and what is allowed', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const host = new Host(t, await temporaryFolder(t));
  const ours = await FarSide.make(t, { name: 'mbed-linux-os-1' });
  const theirs = await FarSide.make(t, { name: 'mbed-linux-os-2', ssh: 'dropbear' });
  await writeFile(join(theirs.root, 'opt/arm/pelion-provisioning-util'), mblProgram, { mode: 0o755 });
  for (const [index, device] of [ours, theirs].entries()) {
    host.link(`usb${index}`, device, 'eth0');
    await device.boot(t);
  }
  const { url, key } = await service(t, host);
  await host.run(['save-api-key', key, '--service', url]);
  await writeFile(join(host.home, 'upd.c'), updateResources(new Date()));
  const command = [
    'provision-pelion',
    'dev',
    'upd',
    '-c',
    '-p',
    'upd.c',
    '--match',
    'mbed-linux-os-*',
    '--per-device-key',
  ];

  const refused = await host.run(command);
  assert.equal(refused.status, 255, refused.stderr);
  assert.match(
    refused.stdout,
    /mbed-linux-os-1 .*: provisioned in .*; its key is its own, its endpoint name mbed-linux-os-1$/m,
  );
  assert.match(
    refused.stdout,
    /mbed-linux-os-2 .*: FAILED .*cannot make a key of its own: it is MBL's\. \[provision\.key\.unsupported\]$/m,
  );
  assert.equal(theirs.inside('ls -A /scratch'), '');

  const allowed = await host.run([...command, '--allow-shared-key']);
  assert.equal(allowed.status, 0, allowed.stdout + allowed.stderr);
  assert.match(allowed.stdout, /mbed-linux-os-1 .*: nothing to do/);
  assert.match(allowed.stdout, /mbed-linux-os-2 .*: provisioned in .*; it has the key of 'dev', as others do/);

  await host.run(['select', '--name', 'mbed-linux-os-1']);
  const doctor = await host.run(['doctor', 'dev', 'upd']);
  assert.match(doctor.stdout, /^ok +ids .*on the device mbed-linux-os-1, with a key of its own/m);
  const again = await host.run(['provision-pelion', 'dev', 'upd', '--per-device-key']);
  assert.equal(again.status, 0, again.stderr);
});
