// The Debian package: built, unpacked and run, and installed for real over a copy of this machine that is thrown away.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { noLayers, onBootedMachine, onLayeredMachine } from '../../../test/peers/layered-machine.ts';
import { missing } from '../../../test/peers/missing.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const root = join(import.meta.dirname, '../../..');
const skip = missing(['dpkg-deb'], 'dpkg');
const isolated = skip || noLayers();

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

let deb = '';
const done: (() => void)[] = [];

before(() => {
  if (skip) return;
  const out = temporaryFolder({ after: (work) => void done.push(work as () => void) });
  process.on('exit', () => done.forEach((work) => void work()));
  const script = join(root, 'packaging/service/build-deb.ts');
  deb = run(process.execPath, [script, '--out', out, '--compression', 'none']).trim();
});

test('the package holds the program, its unit and its settings file, and the licences of others', { skip }, () => {
  const listed = run('dpkg-deb', ['--contents', deb]);
  for (const line of [
    /^-rwxr-xr-x root\/root .* \.\/usr\/bin\/mooring$/m,
    /^-rwxr-xr-x root\/root .* \.\/usr\/lib\/mooring\/node$/m,
    /^-rw-r--r-- root\/root .* \.\/usr\/lib\/systemd\/system\/mooring\.service$/m,
    /^-rw-r--r-- root\/root .* \.\/etc\/mooring\/mooring\.toml$/m,
  ]) {
    assert.match(listed, line);
  }
  assert.doesNotMatch(listed, /node_modules|\.ts$/m);
  assert.match(run('dpkg-deb', ['--info', deb, 'conffiles']), /^\/etc\/mooring\/mooring\.toml$/m);
  const texts = spawnSync('sh', [
    '-c',
    `dpkg-deb --fsys-tarfile ${deb} | tar -xO ./usr/share/doc/mooring-server/copyright`,
  ]);
  for (const name of ['fastify', 'kysely', 'argparse', 'Node.js'])
    assert.match(String(texts.stdout), new RegExp(`^${name}`, 'm'));
});

test('what was unpacked runs, without a checkout', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  run('dpkg-deb', ['--extract', deb, folder]);
  const mooring = join(folder, 'usr/bin/mooring');
  const env = { HOME: folder, PATH: '/usr/bin:/bin', MOORING_DATA: join(folder, 'data') };
  const packageVersion = JSON.parse(readFileSync(join(root, 'packages/service/package.json'), 'utf8')).version;
  assert.match(run(mooring, ['--version'], env), new RegExp(packageVersion));
  const child = spawn(mooring, ['serve', '--http', '127.0.0.1:0', '--devices', 'off', '--json'], { env, cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString('utf8')) as { url: string };
  const key = run(mooring, ['api-key', 'create', 'one'], env).trim();
  const made = await fetch(`${url}/v3/developer-certificates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"name":"dev"}',
  });
  assert.equal(made.status, 201);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.match(await (await fetch(`${url}/v3/openapi.json`)).text(), /"openapi":"3\.1/);
  // In a thread of its own, which is a file of its own in the bundle.
  run(mooring, ['backup', join(folder, 'b.tar.gz')], env);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  run(
    mooring,
    [
      'restore',
      join(folder, 'b.tar.gz'),
      '--data',
      join(folder, 'other'),
      '--master-key',
      join(folder, 'data.master-key'),
    ],
    env,
  );
});

test('the settings file in the package is one that the program takes', { skip }, (t) => {
  const folder = temporaryFolder(t);
  run('dpkg-deb', ['--extract', deb, folder]);
  const shipped = readFileSync(join(folder, 'etc/mooring/mooring.toml'), 'utf8');
  // Also what is commented out, one alternative after the other.
  const everything = shipped.replaceAll(/^#(?=[a-z-]+ = )/gm, '');
  for (const [name, without] of [
    ['own', /^(tls-cert|tls-key|http = "127).*$/gm],
    ['files', /^(tls-own|http = "127).*$/gm],
  ] as const) {
    const file = join(folder, `${name}.toml`);
    writeFileSync(file, everything.replaceAll(without, ''));
    const { stderr } = spawnSync(join(folder, 'usr/bin/mooring'), ['account', 'show', '--config', file], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', MOORING_DATA: join(folder, 'none') },
    });
    assert.match(stderr, /There is no data folder/, 'the settings are in order');
  }
});

const install = `
set -eu
export DEBIAN_FRONTEND=noninteractive
dpkg -i /mooring-server.deb >/dev/null
getent passwd mooring
stat -c '%a %U' /var/lib/mooring
grep -q '^data' /etc/mooring/mooring.toml
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify /usr/lib/systemd/system/mooring.service
  systemd-analyze security --offline=true --no-pager mooring.service | tail -1
fi
cd /
echo '#mine' >> /etc/mooring/mooring.toml
mooring account show 2>&1 | head -1
runuser -u mooring -- env MOORING_CONFIG=/etc/mooring/mooring.toml mooring serve --http 127.0.0.1:0 --json > /tmp/ready &
service=$!
n=0; while [ ! -s /tmp/ready ]; do n=$((n+1)); [ $n -lt 200 ]; sleep 0.1; done
kill $service 2>/dev/null || true
kill "$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' /tmp/ready)"
wait $service || true
mooring api-key create from-root >/dev/null 2>&1
echo "not the service's: $(find /var/lib/mooring ! -user mooring | wc -l)"
dpkg -i /mooring-server.deb >/dev/null 2>&1
tail -1 /etc/mooring/mooring.toml
mooring api-key list | wc -l
dpkg --purge mooring-server 2>&1 | grep left
ls /var/lib/mooring
test ! -e /etc/mooring/mooring.toml
test ! -e /usr/bin/mooring
`;

test('installed, used as root and as the service, installed again, and purged', { skip: isolated }, (t) => {
  const told = onLayeredMachine(t, install, { 'mooring-server.deb': deb });
  if (!told) return;
  const { status, stdout, stderr } = told;
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^mooring:x:\d+:\d+::\/var\/lib\/mooring:\/usr\/sbin\/nologin$/m);
  assert.match(stdout, /^700 mooring$/m);
  assert.match(stdout, /^There is no data folder of Mooring at \/var\/lib\/mooring\/data/m);
  assert.match(stdout, /^not the service's: 0$/m, 'a command of root leaves nothing that the service cannot open');
  assert.match(stdout, /^#mine$/m, 'the settings of the operator stay');
  assert.match(stdout, /^1$/m);
  assert.match(stdout, /was left; remove it by hand/);
  assert.match(stdout, /^data\ndata\.master-key$/m);
  const exposure = /Overall exposure level for mooring\.service: ([\d.]+)/.exec(stdout)?.[1];
  if (exposure !== undefined) assert.ok(Number(exposure) <= 2.5, `systemd-analyze security says ${exposure}`);
});

const serve = `
set -eu
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/credstore.encrypted
head -c 32 /dev/urandom | base64 > /master
systemd-creds encrypt --name=mooring-master-key /master /etc/credstore.encrypted/mooring-master-key >/dev/null 2>&1
dpkg -i /mooring-server.deb >/dev/null 2>&1
up() { n=0; until curl -fs http://127.0.0.1:8080/readyz >/dev/null; do n=$((n+1)); [ $n -lt 300 ]; sleep 0.1; done; }
pid() { systemctl show --property=MainPID --value mooring; }
up
systemctl is-active mooring; systemctl is-enabled mooring
systemctl show --property=LimitNOFILE mooring
ps -o user= -p $(pid)
stat -c '%a %U %n' /var/lib/mooring /var/lib/mooring/data
ls /var/lib/mooring
key=$(mooring api-key create from-root)
accounts() { curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $key" http://127.0.0.1:8080/v3/accounts/me; }
accounts
first=$(pid); kill -9 $first; n=0; while [ $(pid) = $first ] || [ $(pid) = 0 ]; do n=$((n+1)); [ $n -lt 100 ]; sleep 0.1; done
up; echo 'started again'
accounts
curl -fs http://127.0.0.1:8080/healthz >/dev/null && echo healthy
systemctl stop mooring
systemctl show --property=Result,ExecMainStatus mooring
said() { journalctl --sync; journalctl -u mooring --no-pager -o cat; }
echo "the key in the journal: $(said | grep -c "$key" || true)"
echo "without time: $(said | grep -c 'no time from this service' || true)"
rm /etc/credstore.encrypted/mooring-master-key
systemctl start mooring || true
n=0; until said | grep -q 'No new one was made'; do n=$((n+1)); [ $n -lt 100 ] || break; sleep 0.1; done
n=0; until systemctl is-failed --quiet mooring; do n=$((n+1)); [ $n -lt 50 ] || break; sleep 0.1; done
systemctl show --property=ActiveState,ExecMainStatus,NRestarts mooring
said | grep -q 'The data folder needs master key' && echo 'told of the missing key'
ls /var/lib/mooring
`;

test('started by systemd with the unit of the package: its master key from the credential store, killed, stopped, and without that key', {
  skip: isolated || missing(['systemd-creds', 'curl'], 'systemd curl'),
}, (t) => {
  const told = onBootedMachine(t, serve, { 'mooring-server.deb': deb });
  if (!told) return;
  const { status, stdout, stderr } = told;
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.deepEqual(stdout.trim().split('\n'), [
    'active',
    'enabled',
    'LimitNOFILE=65536',
    'mooring',
    '700 mooring /var/lib/mooring',
    '700 mooring /var/lib/mooring/data',
    // No key file beside it.
    'data',
    '200',
    'started again',
    '200',
    'healthy',
    'Result=success',
    'ExecMainStatus=0',
    'the key in the journal: 0',
    'without time: 0',
    // Nothing that another start would change.
    'NRestarts=0',
    'ExecMainStatus=78',
    'ActiveState=failed',
    'told of the missing key',
    'data',
  ]);
});
