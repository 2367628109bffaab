import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { startVirtualDevice } from '../src/index.ts';
import { temporaryFolder } from './bench.ts';
import { collect, connect, device, exec, open, openSftp, openShell } from './client.ts';

test('root comes in without a password, runs a command and gets its output and status', async (t) => {
  const client = await connect(t, await device(t));
  assert.deepEqual(await exec(client, 'echo out; nosuch; exit 7'), {
    status: 7,
    stdout: 'out\n',
    stderr: 'sh: nosuch: not found\n',
  });
  assert.equal((await exec(client, 'cat', 'typed')).stdout, 'typed');
});

test('much output and much input arrive whole', async (t) => {
  const client = await connect(t, await device(t));
  const data = Buffer.alloc(5_000_000, 'abcdefg\n');
  const back = await exec(client, 'tee /scratch/big; cat /scratch/big >&2', data);
  assert.ok(Buffer.from(back.stdout).equals(data));
  assert.ok(Buffer.from(back.stderr).equals(data));
});

const logins: { name: string; access: 'open' | 'keys' | { password: string }; login: object; enters: boolean }[] = [
  { name: 'an empty password', access: 'open', login: { password: '', authHandler: ['password'] }, enters: true },
  { name: 'a wrong password', access: 'open', login: { password: 'x', authHandler: ['password'] }, enters: false },
  { name: 'another user', access: 'open', login: { username: 'admin', authHandler: ['none'] }, enters: false },
  { name: 'a password that is set', access: { password: 'x' }, login: { password: 'x' }, enters: true },
  { name: 'no password where one is set', access: { password: 'x' }, login: { authHandler: ['none'] }, enters: false },
  { name: 'no key where one is needed', access: 'keys', login: { authHandler: ['none'] }, enters: false },
];
for (const { name, access, login, enters } of logins) {
  test(`login with ${name}: ${enters ? 'lets in' : 'refused'}`, async (t) => {
    const target = await device(t, { access });
    const coming = connect(t, target, login);
    if (enters) await coming;
    else await assert.rejects(coming, /authentication methods failed/);
  });
}

test('login with a key that the device knows, and with one that it does not', async (t) => {
  const target = await device(t, { access: 'keys' });
  const known = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const other = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  await mkdir(join(target.root, 'home/root/.ssh'));
  await writeFile(join(target.root, 'home/root/.ssh/authorized_keys'), `# comment\n${known.public}\n`);
  await connect(t, target, { privateKey: known.private });
  await assert.rejects(connect(t, target, { privateKey: other.private }), /authentication methods failed/);
});

test('SFTP: files, folders, modes and names', async (t) => {
  const target = await device(t);
  const sftp = await openSftp(await connect(t, target));
  const data = Buffer.alloc(3_000_000, 'xyz');
  await sftp.put('/scratch/big', data);
  assert.ok((await sftp.get('/scratch/big')).equals(data));
  assert.ok((await readFile(join(target.root, 'scratch/big'))).equals(data));
  await sftp.mkdir('/scratch/d');
  await sftp.put('relative', Buffer.from('in the home folder'));
  assert.equal(await sftp.realpath('.'), '/home/root');
  assert.equal(await sftp.realpath('../../scratch/./d/..'), '/scratch');
  await sftp.chmod('/home/root/relative', 0o600);
  assert.equal((await sftp.stat('relative')).mode & 0o777, 0o600);
  await sftp.rename('relative', '/scratch/d/moved');
  await assert.rejects(sftp.rename('/scratch/big', '/scratch/d/moved'), /File exists/);
  assert.deepEqual((await sftp.list('/scratch')).map(({ filename }) => filename).sort(), ['big', 'd']);
  await assert.rejects(sftp.rmdir('/scratch/d'), /Directory not empty/);
  await sftp.unlink('/scratch/d/moved');
  await sftp.rmdir('/scratch/d');
  await assert.rejects(sftp.get('/scratch/nosuch'), /No such file or directory/);
  sftp.end();
});

test('SFTP stays in the folder', async (t) => {
  const around = await temporaryFolder(t);
  await writeFile(join(around, 'secret'), 'untouched');
  const target = await device(t, { root: join(around, 'root') });
  await symlink(join(around, 'secret'), join(target.root, 'tmp/link'));
  const sftp = await openSftp(await connect(t, target));
  const paths = [
    '/../secret',
    '../../../secret',
    join(around, 'secret'),
    '/tmp/link',
    '/tmp/link/',
    '/etc/../../secret',
  ];
  for (const path of paths) {
    await assert.rejects(sftp.get(path), path);
    await sftp.put(path, Buffer.from('evil')).catch(() => undefined);
    await sftp.put(`${path}/x`, Buffer.from('evil')).catch(() => undefined);
    await sftp.unlink(path).catch(() => undefined);
    await sftp.mkdir(path).catch(() => undefined);
    await sftp.rename('/etc/hostname', path).catch(() => undefined);
    await sftp.chmod(path, 0o777).catch(() => undefined);
    await assert.rejects(sftp.symlink(path, '/scratch/new'), /makes no links/);
    assert.deepEqual(await readdir(around), ['root', 'secret'], path);
    assert.equal(await readFile(join(around, 'secret'), 'utf8'), 'untouched');
  }
});

test('a device without SFTP refuses the subsystem and still runs commands', async (t) => {
  const client = await connect(t, await device(t, { faults: { noSftp: true } }));
  await assert.rejects(openSftp(client));
  assert.equal((await exec(client, 'echo a')).stdout, 'a\n');
});

test('the connection breaks after so many bytes of an upload, once', async (t) => {
  const target = await device(t, { faults: { dropAfterUploadBytes: 100_000 } });
  const client = await connect(t, target);
  const closed = once(client, 'close');
  const channel = await open(client, 'scp -t /scratch');
  channel.on('error', () => undefined);
  channel.write('C0644 200000 f\n');
  channel.end(Buffer.alloc(200_000));
  await closed;
  const again = await connect(t, target);
  assert.equal((await exec(again, 'scp -t /scratch', 'C0644 3 f\nabc\0')).stdout, '\0\0\0');
  const sftp = await openSftp(again);
  target.faults.dropAfterUploadBytes = 10;
  const dropped = once(again, 'close');
  sftp.put('/scratch/g', Buffer.alloc(100)).catch(() => undefined);
  await dropped;
  const last = await connect(t, target);
  target.faults.dropAfterUploadBytes = 10;
  const gone = once(last, 'close');
  (await open(last, 'cat > /scratch/h')).on('error', () => undefined).end(Buffer.alloc(100));
  await gone;
});

test('a program that is missing is not found', async (t) => {
  const target = await device(t);
  const client = await connect(t, target);
  const line = '/opt/arm/pelion-provisioning-util --provision';
  const missing = { status: 127, stdout: '', stderr: 'sh: /opt/arm/pelion-provisioning-util: not found\n' };
  target.faults.missingPrograms = ['/opt/arm/pelion-provisioning-util'];
  assert.deepEqual(await exec(client, line), missing);
  delete target.faults.missingPrograms;
  await exec(client, 'rm /opt/arm/pelion-provisioning-util');
  assert.deepEqual(await exec(client, line), missing);
});

test('interactive shell: prompt, echo, backspace, history, Ctrl-C and the status of exit', async (t) => {
  const target = await device(t, { hostname: 'mbed-linux-os-77' });
  const client = await connect(t, target);
  const channel = await openShell(client, { term: 'vt100' });
  // All at once, as a paste: what one command does not read is the next one.
  channel.write('echo abx\x7fc\rcd /scratch\r\x1b[A\x1b[A\rsleep 1000\r');
  let seen = '';
  channel.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (seen.includes('sleep 1000\r\n') && !seen.includes('^C')) channel.write('\x03exit 9\r');
  });
  const ended = await collect(channel);
  assert.equal(ended.status, 9);
  assert.match(seen, /^root@mbed-linux-os-77:~# /);
  assert.match(seen, /\r\nabc\r\n/);
  assert.match(seen, /root@mbed-linux-os-77:\/scratch# /);
  assert.equal(seen.match(/\r\nabc\r\n/g)?.length, 2, seen);
});

test('a shell without terminal reads commands and shows no prompt', async (t) => {
  const client = await connect(t, await device(t));
  const channel = await openShell(client, false);
  channel.end('echo a\nexit 4\necho b\n');
  assert.deepEqual(await collect(channel), { status: 4, stdout: 'a\n', stderr: '' });
});

test('a command ends when its channel or connection does', async (t) => {
  const target = await device(t);
  const client = await connect(t, target);
  const channel = await open(client, 'sleep 1000; echo late > /scratch/late');
  channel.close();
  await open(client, 'cat; sleep 1000; echo late > /scratch/late');
  client.end();
  await target.close();
  assert.deepEqual(await readdir(join(target.root, 'scratch')), []);
});

test('host key and host name stay over a restart', async (t) => {
  const root = await temporaryFolder(t);
  const first = await startVirtualDevice({ root, mdns: false });
  await first.close();
  const second = await device(t, { root });
  assert.equal(second.hostKey, first.hostKey);
  assert.equal(second.hostname, first.hostname);
  assert.match(first.hostname, /^mbed-linux-os-(?:0|[1-9]\d{0,3})$/);
  assert.equal((await exec(await connect(t, second), 'cat /etc/hostname')).stdout, `${first.hostname}\n`);
});

test('two devices do not share a folder, and a folder with other things is left alone', async (t) => {
  const first = await device(t);
  await assert.rejects(startVirtualDevice({ root: first.root, mdns: false }), { code: 'device.root.busy' });
  const foreign = await temporaryFolder(t);
  await writeFile(join(foreign, 'thesis.tex'), 'x');
  await assert.rejects(startVirtualDevice({ root: foreign, mdns: false }), { code: 'device.root.foreign' });
  assert.deepEqual(await readdir(foreign), ['thesis.tex']);
  await assert.rejects(device(t, { hostname: 'a b' }), { code: 'device.name.invalid' });
  await assert.rejects(device(t, { port: first.port }), { code: 'device.address.unavailable' });
});
