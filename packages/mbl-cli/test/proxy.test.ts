// Devices behind other machines, as ProxyJump and ProxyCommand of ~/.ssh/config have it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMooringError, systemClock } from '@mooring/platform';
import type { Connection } from 'ssh2';
import ssh2 from 'ssh2';
import { connect as connectToDevice } from '../src/ssh/connect.ts';
import { expandCommand } from '../src/ssh/proxy.ts';
import { targetOf } from '../src/ssh/target.ts';
import { newHostKey, shellDevice } from './shell-device.ts';
import { type World, world } from './world.ts';

/** An SSH server that forwards, under a name that means something to it alone. */
async function gate(t: TestContext, { inside = {}, accepts = true }: { inside?: object; accepts?: boolean } = {}) {
  const ports = inside as Record<string, number>;
  const logins: string[] = [];
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [newHostKey()] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined).on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      logins.push(`${context.username} ${context.method}`);
      if (accepts) context.accept();
      else context.reject(['publickey', 'password']);
    });
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const port = ports[`${destIP}:${destPort}`];
      if (port === undefined) return reject();
      const socket = connect(port, '127.0.0.1');
      const channel = accept();
      socket.on('error', () => channel.close());
      channel.pipe(socket).pipe(channel);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const client of clients) client.end();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, logins, clients };
}

async function config({ home }: World, text: string): Promise<void> {
  await mkdir(join(home, '.ssh'), { recursive: true });
  await writeFile(join(home, '.ssh/config'), text);
}

const host = (name: string, port: number, more = '') =>
  `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  User me\n${more}\n`;

test('ProxyJump: through two gates, each with settings of its own, to a name that the last one knows', async (t) => {
  const made = await world(t);
  const device = await shellDevice(t);
  const inner = await gate(t, { inside: { 'fe80::1%usb0:22': device.port } });
  const outer = await gate(t, { inside: { 'inner.lab:2200': inner.port } });
  await config(
    made,
    `Host board\n  HostName fe80::1%usb0\n  ProxyJump outer,you@inner.lab:2200\n${host('outer', outer.port)}`,
  );
  const { status, stdout, stderr } = await made.run(['-c', 'board', 'shell', 'echo here']);
  assert.deepEqual([status, stdout], [0, 'Running a command on the device...\nhere\n'], stderr);
  assert.deepEqual([outer.logins, inner.logins], [['me none'], ['you none']]);
  const known = JSON.parse(await readFile(join(made.home, '.mbl-known-devices.json'), 'utf8'));
  assert.deepEqual(Object.keys(known).sort(), ['board', 'inner.lab', 'outer']);

  const again = await made.run(['-c', 'board', 'shell', 'exit 7']);
  assert.equal(again.status, 7);
  assert.equal(made.met.length, 1, 'all three are known');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await made.run(['-c', 'board', 'doctor'])).stdout.match(/^ok {14}(route|tcp|login) .*$/gm)?.length, 3);
});

test('a gate that is reached through a gate of its own, and one that leads to itself', async (t) => {
  const made = await world(t);
  const device = await shellDevice(t);
  const inner = await gate(t, { inside: { '127.0.0.1:22': device.port } });
  const outer = await gate(t, { inside: { [`127.0.0.1:${inner.port}`]: inner.port } });
  await config(
    made,
    `Host board\n  HostName 127.0.0.1\n  ProxyJump inner\n${host('inner', inner.port, '  ProxyJump outer')}${host('outer', outer.port)}`,
  );
  assert.equal((await made.run(['-c', 'board', 'shell', 'true'])).status, 0);

  await config(made, `Host board\n  HostName 127.0.0.1\n  ProxyJump inner\n${host('inner', 1, '  ProxyJump inner')}`);
  const circle = await made.json(['-c', 'board', 'shell', 'true']);
  assert.equal((circle.error as { code: string }).code, 'ssh.proxy.failed');
});

test('what is the device’s alone does not go to a gate: password, empty password, leave to take a new key', async (t) => {
  const made = await world(t);
  const refusing = await gate(t, { accepts: false });
  await config(made, `Host board\n  HostName 127.0.0.1\n  ProxyJump gate\n${host('gate', refusing.port)}`);
  await writeFile(join(made.home, 'pw'), 'secret\n');
  const { status, stderr } = await made.run(['-c', 'board', '--password-file', 'pw', 'shell', 'true']);
  assert.equal(status, 255);
  assert.match(
    stderr,
    /^board \(127\.0\.0\.1\) is reached by ProxyJump of ~\/\.ssh\/config, and gate \(127\.0\.0\.1:\d+\) lets me in neither without authentication, nor with the keys found\.\n/,
  );
  assert.match(stderr, /IdentityFile for the host 'gate'[\s\S]*\nRung: tcp/);
  assert.deepEqual(refusing.logins, ['me none']);

  const open = await gate(t);
  await config(made, `Host board\n  HostName 192.0.2.9\n  ProxyJump gate\n${host('gate', open.port)}`);
  const { error: nothingThere } = (await made.json(['-c', 'board', 'shell', 'true'])) as { error: { message: string } };
  assert.match(nothingThere.message, /gate \(127\.0\.0\.1:\d+\) could not connect to port 22 on 192\.0\.2\.9: /);

  const another = await gate(t);
  await config(made, `Host board\n  HostName 192.0.2.9\n  ProxyJump gate\n${host('gate', another.port)}`);
  const changed = await made.run(['-c', 'board', '--accept-new-host-key', 'shell', 'true']);
  assert.match(changed.stderr, /and gate \(\S+\) shows another host key [\s\S]*'mbl-cli forget gate'/);
});

test('a connection through a gate ends with all that it took', async (t) => {
  const made = await world(t);
  const device = await shellDevice(t);
  const through = await gate(t, { inside: { '192.0.2.9:22': device.port } });
  await config(made, `Host board\n  HostName 192.0.2.9\n  ProxyJump gate\n${host('gate', through.port)}`);
  const connection = await connectToDevice(await targetOf({ home: made.home, alias: 'board' }), {
    home: made.home,
    login: { agent: undefined },
    clock: systemClock,
    signal: new AbortController().signal,
    acceptNewHostKey: false,
    tell: () => undefined,
    note: () => undefined,
  });
  const [client] = [...through.clients] as [Connection];
  const gone = once(client, 'close');
  await connection.close();
  await gone;
});

test('ProxyCommand: its input and output are the connection; what it says when it fails is told', async (t) => {
  const made = await world(t);
  const device = await shellDevice(t);
  await writeFile(
    join(made.home, 'pipe.cjs'),
    `const [host, port, user] = process.argv.slice(2);
if (host !== 'nowhere.lab' || user !== 'root') throw new Error(host + user);
const socket = require('node:net').connect(port, '127.0.0.1');
process.stdin.pipe(socket).pipe(process.stdout);`,
  );
  const pipe = `"${process.execPath}" "${join(made.home, 'pipe.cjs')}"`;
  await config(made, `Host board\n  HostName nowhere.lab\n  Port ${device.port}\n  ProxyCommand ${pipe} %h %p %r\n`);
  const { status, stdout, stderr } = await made.run(['-c', 'board', 'shell', 'head -c 3000000 /dev/zero | wc -c']);
  assert.deepEqual([status, stdout], [0, 'Running a command on the device...\n3000000\n'], stderr);

  for (const [command, how] of [
    ['sh -c "echo no way in >&2; exit 3"', 'ended with 3: no way in.'],
    ['true', 'ended with 0.'],
    ['kill -9 $$', 'was ended by SIGKILL.'],
    ['/nowhere/at/all', 'ended with 127: '],
  ] as const) {
    await config(made, `Host board\n  HostName nowhere.lab\n  ProxyCommand ${command}\n`);
    const { error } = (await made.json(['-c', 'board', 'shell', 'true'])) as {
      error: { code: string; message: string };
    };
    assert.equal(error.code, 'ssh.proxy.failed', JSON.stringify(error));
    assert.ok(error.message.startsWith(`The ProxyCommand that leads to board (nowhere.lab) ${how}`), error.message);
  }
});

test('the tokens of a ProxyCommand', () => {
  const device = { host: 'fe80::1%eth0', port: 22, user: 'root', name: 'board' };
  assert.equal(expandCommand('nc %h %p # %r %n %% %x %', device), 'nc fe80::1%eth0 22 # root board % %x %');
});

test('a host key at a gate is not remembered by doctor', async (t) => {
  const made = await world(t);
  const device = await shellDevice(t);
  const through = await gate(t, { inside: { '192.0.2.9:22': device.port } });
  await config(made, `Host board\n  HostName 192.0.2.9\n  ProxyJump gate\n${host('gate', through.port)}`);
  const { stdout } = await made.run(['-c', 'board', 'doctor']);
  assert.match(stdout, /^ok {14}login /m);
  await assert.rejects(readFile(join(made.home, '.mbl-known-devices.json')), (error) => !isMooringError(error));
});
