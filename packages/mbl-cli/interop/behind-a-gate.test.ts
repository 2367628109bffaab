// A device that only another machine can reach, over a link that has nothing but IPv6 link-local addresses: by ProxyJump
// and by a ProxyCommand that is OpenSSH's own client, with Debian's own servers on the gate and on the device.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { updateResources } from '../test/update-resources.ts';
import { FarSide } from './far-side.ts';
import { cannot, Host, must, service, temporaryFolder } from './namespaces.ts';

const skip = cannot(['ip', 'unshare', 'nsenter', 'sshd', 'ssh', 'ssh-keygen', 'dropbear', 'dropbearkey']);

async function setting(t: TestContext) {
  const host = new Host(t, await temporaryFolder(t));
  const gate = await FarSide.make(t, { name: 'gate', responder: 'none', bare: true, password: 'not this one' });
  const device = await FarSide.make(t, { name: 'mbed-linux-os-9999', responder: 'none', ssh: 'dropbear' });
  host.link('lab0', gate, 'eth0');
  gate.link('usb0', device, 'eth0');
  must('ip', ['-n', host.name, 'addr', 'add', '192.0.2.1/24', 'dev', 'lab0']);
  must('ip', ['-n', gate.name, 'addr', 'add', '192.0.2.2/24', 'dev', 'eth0']);
  await mkdir(join(host.home, '.ssh'));
  const key = join(host.home, '.ssh/gate');
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await mkdir(join(gate.root, 'home/root/.ssh'));
  await writeFile(join(gate.root, 'home/root/.ssh/authorized_keys'), await readFile(`${key}.pub`));
  for (const path of ['home/root', 'home/root/.ssh']) await chmod(join(gate.root, path), 0o700);
  await gate.boot(t);
  await device.boot(t);
  return { host, device, gate, key, address: `${device.address('eth0')}%usb0` };
}

const gateBlock = (key: string) => `Host gate\n  HostName 192.0.2.2\n  User root\n  IdentityFile ${key}\n`;

test('the whole flow through a gate, by ProxyJump', { skip, timeout: 110_000 }, async (t) => {
  const { host, device, key, address } = await setting(t);
  const board = `Host board\n  HostName ${address}\n  ProxyJump gate\n`;
  await writeFile(join(host.home, '.ssh/config'), board + gateBlock(key));
  const { url, key: apiKey } = await service(t, host);
  assert.equal((await host.run(['save-api-key', apiKey, '--service', url])).status, 0);
  await writeFile(join(host.home, 'upd.c'), updateResources(new Date()));
  const provisioned = await host.run(['-c', 'board', 'provision-pelion', 'dev', 'upd', '-c', '-p', 'upd.c']);
  assert.equal(provisioned.status, 0, provisioned.stderr);
  assert.match(provisioned.stderr, /^First contact with gate \(192\.0\.2\.2\)[\s\S]*^First contact with board \(fe80/m);
  assert.equal(device.inside('ls -A /scratch'), '');
  const status = await host.run(['-c', 'board', 'get-pelion-status']);
  assert.match(status.stdout, /Device is configured correctly/);
  const doctor = await host.run(['-c', 'board', 'doctor']);
  assert.match(doctor.stdout, /^ok +route +by ProxyJump of ~\/\.ssh\/config, by way of gate$/m);
  assert.match(doctor.stdout, /^ok +store /m);

  await device.off();
  const gone = await host.run(['-c', 'board', 'shell', 'true']);
  assert.equal(gone.status, 255);
  assert.match(gone.stderr, /gate \(192\.0\.2\.2\) could not connect to port 22 on fe80\S+%usb0: [\s\S]*Rung: tcp/);
});

test('a ProxyCommand that is ssh -W', { skip, timeout: 110_000 }, async (t) => {
  const { host, gate, key, address } = await setting(t);
  const unknownHosts = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR';
  const command = `ssh -F /dev/null -o BatchMode=yes ${unknownHosts} -i ${key} -W [%h]:%p root@192.0.2.2`;
  await writeFile(join(host.home, '.ssh/config'), `Host board\n  HostName ${address}\n  ProxyCommand ${command}\n`);
  await writeFile(join(host.home, 'one'), 'x'.repeat(300_000));
  const put = await host.run(['-c', 'board', 'put', 'one', '/scratch']);
  assert.equal(put.status, 0, put.stderr);
  const told = await host.run(['-c', 'board', 'shell', 'wc -c < /scratch/one; exit 7']);
  assert.deepEqual([told.status, told.stdout], [7, 'Running a command on the device...\n300000\n'], told.stderr);

  await gate.off();
  host.unlink('lab0');
  const gone = await host.run(['-c', 'board', 'shell', 'true']);
  assert.equal(gone.status, 255);
  assert.match(gone.stderr, /^The ProxyCommand that leads to board \(fe80\S+\) ended with 255: ssh: connect to host/);
});
