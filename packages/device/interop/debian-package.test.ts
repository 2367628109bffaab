// The Debian package mooring-device: built, looked at, and installed over a copy of this machine that is thrown away,
// where it runs on the machine's own Node (Debian: apt install nodejs avahi-daemon logrotate iproute2).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { architectures, buildDevicePackage } from '../../../packaging/device/device-package.ts';
import { programs } from '../../../packaging/device/programs.ts';
import { noLayers, onBootedMachine, onLayeredMachine, type Told } from '../../../test/peers/layered-machine.ts';
import { missing } from '../../../test/peers/missing.ts';
import { credentialSet, writeSet } from '../test/provisioning/credential-set.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const skip = missing(['dpkg-deb'], 'dpkg');
const skipInstall =
  skip || noLayers() || missing(['avahi-daemon', 'logrotate', 'systemctl'], 'avahi-daemon logrotate systemd');

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const debs = new Map<string, string>();
const out = mkdtempSync(join(tmpdir(), 'mooring-device-'));
after(() => rmSync(out, { recursive: true }));
before(async () => {
  if (skip) return;
  for (const architecture of architectures) {
    debs.set(architecture, await buildDevicePackage({ architecture, out, compression: 'gzip' }));
  }
});

for (const architecture of architectures) {
  test(`the package for ${architecture}: programs, settings and announcement, small, and nothing of a checkout`, {
    skip,
  }, () => {
    const deb = debs.get(architecture) ?? '';
    const listed = run('dpkg-deb', ['--contents', deb]);
    for (const { name } of programs) {
      assert.match(listed, new RegExp(`^-rwxr-xr-x root/root .* \\./opt/arm/${name}$`, 'm'));
      assert.match(listed, new RegExp(`^-rw-r--r-- root/root .* \\./usr/lib/mooring-device/${name}\\.js$`, 'm'));
    }
    assert.doesNotMatch(listed, /node_modules|\.ts$|\/node$/m);
    const daemons = programs.filter(({ daemon }) => daemon).length;
    assert.equal(listed.match(/lib\/systemd\/system\/.*\.service$/gm)?.length ?? 0, daemons, 'a unit for each daemon');
    const field = (name: string) => run('dpkg-deb', ['--field', deb, name]).trim();
    assert.equal(field('Architecture'), architecture);
    assert.match(field('Depends'), /nodejs \(>= 20\)/);
    assert.ok(Number(field('Installed-Size')) < 20 * 1024, 'at most 20 MB beside nodejs');
    assert.match(run('dpkg-deb', ['--info', deb, 'conffiles']), /^\/etc\/default\/mooring-device$/m);
  });
}

test('two builds of one commit are the same', { skip }, async (t) => {
  const again = await buildDevicePackage({ architecture: 'armhf', out: temporaryFolder(t), compression: 'gzip' });
  run('cmp', [debs.get('armhf') ?? '', again]);
});

const native = process.arch === 'x64' ? 'amd64' : process.arch;

function installed(t: TestContext, script: string, deb: string, on = onLayeredMachine): Told | undefined {
  const certificates = writeSet(join(temporaryFolder(t), 'certs'), credentialSet('board-7'));
  const told = on(t, `set -eu\nexport DEBIAN_FRONTEND=noninteractive\n${script}`, {
    'mooring-device.deb': deb,
    'new-certs': certificates,
  });
  if (told) assert.equal(told.status, 0, `${told.stdout}\n${told.stderr}`);
  return told;
}

const use = `
dpkg -i /mooring-device.deb >/dev/null
node --version
unset MOORING_STORE_DIR
util=/opt/arm/pelion-provisioning-util
mkdir -p /scratch; mv /new-certs /scratch/provisioning-certs
$util --help | grep -q make-key
$util --get-pelion-status || echo "before: $?"
$util --provision
stat -c 'store: %a %U' /config/user/mooring /config/user/mooring/store /config/user/mooring.key
$util --get-pelion-status
echo 'MOORING_STORE_DIR="/somewhere/else; with $(a space)"' | sed 's/\\$/\\\\$/' >> /etc/default/mooring-device
$util --provision >/dev/null; ls / | grep somewhere; ls /somewhere
MOORING_STORE_DIR=/mine $util --provision >/dev/null; ls -d /mine
$util --provision --store /option >/dev/null; ls -d /option
dpkg -i /mooring-device.deb >/dev/null 2>&1
grep -c somewhere /etc/default/mooring-device
dpkg --purge mooring-device 2>&1 | grep left
ls /config/user/mooring
for path in /opt/arm /usr/lib/mooring-device /etc/default/mooring-device /etc/avahi/services/mooring-device.service; do
  test ! -e $path
done
`;

test('installed, provisioned, set otherwise, installed again, and purged', { skip: skipInstall }, (t) => {
  const told = installed(t, use, debs.get(native) ?? '');
  if (!told) return;
  const { stdout } = told;
  assert.match(stdout, /^v2[0-9]\./m, "the machine's own Node");
  assert.match(stdout, /^before: 1$/m);
  assert.match(stdout, /^Provisioning process completed without error\.$/m);
  assert.match(stdout, /^store: 700 root\nstore: 600 root\nstore: 600 root$/m);
  assert.match(stdout, /^Device is configured correctly\. You can connect to Pelion Cloud!$/m);
  assert.match(stdout, /^somewhere\nelse; with \$\(a space\)\n/m, 'the settings of this board');
  assert.match(stdout, /^\/mine\n\/option\n1$/m, "the caller's word, and options, count for more");
  assert.match(stdout, /credentials of this device was left; remove it by hand\.\nstore$/m);
});

const announce = `
dpkg -i /mooring-device.deb >/dev/null
ip link add board0 type veth peer name host0
ip link set board0 up; ip link set host0 up
printf '[server]\\nhost-name=mbed-linux-os-7\\nenable-dbus=no\\n[rlimits]\\n' > /avahi.conf
mkdir -p /run/avahi-daemon
avahi-daemon --no-drop-root --no-chroot --no-rlimits -f /avahi.conf > /avahi.log 2>&1 &
daemon=$!
n=0; until grep -q established /avahi.log; do n=$((n+1)); [ $n -lt 200 ] || break; sleep 0.1; done
kill $daemon; wait $daemon || true
cat /avahi.log
`;

test('avahi takes the announcement', { skip: skipInstall }, (t) => {
  const told = installed(t, announce, debs.get(native) ?? '');
  if (!told) return;
  const established = /Service "mbed-linux-os-7" \(\/etc\/avahi\/services\/mooring-device\.service\) successfully/;
  assert.match(told.stdout, established);
});

const daemonName = 'mbl-cloud-client';
const rotate = `
dpkg -i /mooring-device.deb >/dev/null 2>&1
systemd-analyze verify /usr/lib/systemd/system/${daemonName}.service
log=/var/log/${daemonName}.log
for n in 1 2 3 4 5 6; do
  head -c 1100000 /dev/zero > $log
  logrotate --state /rotated /etc/logrotate.d/${daemonName}
done
echo small > $log
logrotate --state /rotated /etc/logrotate.d/${daemonName}
ls /var/log | grep ${daemonName}
dpkg --purge mooring-device >/dev/null 2>&1
test ! -e /etc/logrotate.d/${daemonName}
test ! -e /usr/lib/systemd/system/${daemonName}.service
`;

test('a daemon comes with a unit that systemd takes and a log that is rotated: at 1 MB, four are kept', {
  skip: skipInstall,
}, (t) => {
  const told = installed(t, rotate, debs.get(native) ?? '');
  if (!told) return;
  assert.equal(told.stderr.trim(), '', 'systemd has nothing to say');
  const logs = ['', '.1', '.2', '.3', '.4'].map((end) => `${daemonName}.log${end}`);
  assert.deepEqual(told.stdout.trim().split('\n'), logs);
});

const restart = `
dpkg -i /mooring-device.deb >/dev/null 2>&1
mkdir -p /scratch; mv /new-certs /scratch/provisioning-certs
util=/opt/arm/pelion-provisioning-util
$util --provision --json | grep '"state"'
n=0; until systemctl is-active --quiet mbl-cloud-client; do n=$((n+1)); [ $n -lt 200 ]; sleep 0.1; done
first=$(systemctl show --property=MainPID --value mbl-cloud-client)
$util --provision --json | grep '"state"'
n=0; while [ $(systemctl show --property=MainPID --value mbl-cloud-client) = $first ]; do n=$((n+1)); [ $n -lt 300 ]; sleep 0.1; done
systemctl mask --now mbl-cloud-client >/dev/null 2>&1
$util --provision --json | grep '"state"'
sed -i 's/^MOORING_CLIENT_UNIT.*/MOORING_CLIENT_UNIT=/' /etc/default/mooring-device
$util --provision --json | grep '"state"'
`;

test('provisioning restarts the client, unless its owner masked it or wants none restarted', {
  skip: skipInstall,
}, (t) => {
  const told = installed(t, restart, debs.get(native) ?? '', onBootedMachine);
  if (!told) return;
  const states = [...told.stdout.matchAll(/"state": "(\w+)"/g)].map(([, state]) => state);
  assert.deepEqual(states, ['restarted', 'restarted', 'absent', 'absent']);
});
