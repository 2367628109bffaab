// Both Debian packages on one machine that its own systemd has booted: the service makes the credentials, the board is
// provisioned with them, and its client registers; as the units of the packages have it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../../../packaging/bundle.ts';
import { type Architecture, buildDevicePackage } from '../../../packaging/device/device-package.ts';
import { noLayers, onBootedMachine } from '../../../test/peers/layered-machine.ts';
import { missing } from '../../../test/peers/missing.ts';

const skip = noLayers() || missing(['dpkg-deb', 'curl', 'systemctl'], 'dpkg curl systemd');
const out = mkdtempSync(join(tmpdir(), 'mooring-installed-'));
const files: Record<string, string> = {};

before(async () => {
  if (skip) return;
  const architecture = (process.arch === 'x64' ? 'amd64' : process.arch) as Architecture;
  files['device.deb'] = await buildDevicePackage({ architecture, out, compression: 'gzip' });
  const script = join(import.meta.dirname, '../../../packaging/service/build-deb.ts');
  const server = spawnSync(process.execPath, [script, '--out', out, '--compression', 'none'], { encoding: 'utf8' });
  assert.equal(server.status, 0, server.stderr);
  files['server.deb'] = server.stdout.trim();
  const obtain = await bundle({
    entryPoints: { obtain: 'packages/device/interop/obtain-credentials.ts' },
    target: 'node20',
  });
  files.obtain = join(out, 'obtain');
  mkdirSync(files.obtain);
  for (const [name, content] of obtain.files) writeFileSync(join(files.obtain, name), content);
});
after(() => rmSync(out, { recursive: true }));

const script = `
set -eu
export DEBIAN_FRONTEND=noninteractive
within() { n=0; until eval "$2"; do n=$((n+1)); [ $n -lt $(($1 * 10)) ] || { echo "never: $2" >&2; exit 9; }; sleep 0.1; done; }
show() { systemctl show --property=$1 --value mbl-cloud-client; }
dpkg -i /server.deb >/dev/null 2>&1
dpkg -i /device.deb >/dev/null 2>&1
within 20 '[ "$(show ExecMainStatus)" = 78 ]'
sleep 1; echo "not provisioned: $(show ActiveState), restarts $(show NRestarts)"
within 40 'curl -fs http://127.0.0.1:8080/readyz >/dev/null'
key=$(mooring api-key create board)
node /obtain/obtain.js http://127.0.0.1:8080 "$key" board /scratch/provisioning-certs
/opt/arm/pelion-provisioning-util --provision
within 60 'grep -q "Client registered" /var/log/mbl-cloud-client.log'
echo "provisioned: $(show ActiveState) $(show SubState)"
within 10 'grep -q "Device Id:" /var/log/mbl-cloud-client.log'; grep -c 'Endpoint Name:' /var/log/mbl-cloud-client.log
registered() { curl -fs -H "Authorization: Bearer $key" http://127.0.0.1:8080/v3/devices | grep -o '"state":"[a-z]*"'; }
within 20 '[ "$(registered)" = "\\"state\\":\\"registered\\"" ]'; registered
logrotate --force --state /rotated /etc/logrotate.d/mbl-cloud-client
within 10 'test -e /var/log/mbl-cloud-client.log'
systemctl stop mbl-cloud-client; echo "stopped: $(show Result)"
mkdir -p /etc/systemd/system/mbl-cloud-client.service.d
printf '[Service]\nWatchdogSec=4s\nRestartSec=1s\nTimeoutAbortSec=1s\n' > /etc/systemd/system/mbl-cloud-client.service.d/quick.conf
systemctl daemon-reload; systemctl start mbl-cloud-client
sleep 6; echo "with a watchdog: restarts $(show NRestarts)"
kill -STOP $(show MainPID)
within 30 '[ "$(show NRestarts)" = 1 ] && [ "$(show SubState)" = running ]'; echo 'hung, and started again'
`;

test('unprovisioned, provisioned, registered, its log rotated, hung and started again', { skip }, (t) => {
  const told = onBootedMachine(t, script, files, 115_000);
  if (!told) return;
  assert.equal(told.status, 0, `${told.stdout}\n${told.stderr}`);
  assert.deepEqual(told.stdout.trim().split('\n'), [
    'not provisioned: failed, restarts 0',
    'Provisioning device.',
    'Provisioning process completed without error.',
    'provisioned: active running',
    '1',
    '"state":"registered"',
    'stopped: success',
    'with a watchdog: restarts 0',
    'hung, and started again',
  ]);
});
