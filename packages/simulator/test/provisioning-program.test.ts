import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, device, exec } from './client.ts';

const utility = '/opt/arm/pelion-provisioning-util';

test('the real program runs at its place, and speaks of the paths of the device', async (t) => {
  const target = await device(t);
  const client = await connect(t, target);
  const status = await exec(client, `${utility} --get-pelion-status`);
  assert.equal(status.status, 1);
  assert.match(status.stdout, /^Querying device status\.\.\. /);
  assert.match(status.stderr, /^Item does not exist:mbed\.UseBootstrap$/m);
  const provision = await exec(client, `${utility} --provision`);
  assert.equal(provision.status, 1);
  assert.match(provision.stderr, /\/scratch\/provisioning-certs/);
  assert.ok(!`${provision.stdout}${provision.stderr}`.includes(target.root));
  assert.equal((await exec(client, `${utility} --nonsense`)).status, 2);
});

test('no option of the program leads out of the folder', async (t) => {
  const target = await device(t);
  const client = await connect(t, target);
  for (const option of ['--certs-dir', '--certs', '--store', '--key-file', '--key']) {
    for (const words of [`${option} /../../../etc`, `${option}=/etc/../../../etc`]) {
      const ran = await exec(client, `${utility} --provision ${words}`);
      assert.notEqual(ran.status, 0, words);
      assert.equal((await exec(client, 'ls -A /etc/mooring /mooring.key')).stdout, '');
    }
  }
  await symlink('/etc', join(target.root, 'config/user/mooring'));
  await exec(client, 'mkdir /scratch/provisioning-certs');
  await symlink('/etc/passwd', join(target.root, 'scratch/provisioning-certs/MBED_CLOUD_DEV_MANUFACTURER.bin'));
  const refused = await exec(client, `${utility} --provision`);
  assert.equal(refused.status, 126);
  assert.match(refused.stderr, /MBED_CLOUD_DEV_MANUFACTURER\.bin is a symbolic link/);
});

test('a program whose client has gone holds nothing up', async (t) => {
  const target = await device(t);
  const client = await connect(t, target);
  const running = exec(client, `${utility} --get-pelion-status`);
  client.end();
  await running.catch(() => undefined);
  await target.close();
});
