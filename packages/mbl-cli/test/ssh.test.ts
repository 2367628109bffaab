import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMooringError, systemClock } from '@mooring/platform';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { connect } from '../src/ssh/connect.ts';
import { parseKnownDevices } from '../src/ssh/known-devices.ts';
import { quote } from '../src/ssh/quote.ts';
import { run as runOn } from '../src/ssh/remote-command.ts';
import { targetOf } from '../src/ssh/target.ts';
import { newHostKey, shellDevice } from './shell-device.ts';
import { device, world } from './world.ts';

test('shell CMD: both streams where they belong, and the exit status of the command', async (t) => {
  const { run } = await world(t);
  const { at } = await shellDevice(t);
  assert.deepEqual(await run(['-a', at, 'shell', 'echo out; echo err >&2; exit 7']), {
    status: 7,
    stdout: 'Running a command on the device...\nout\n',
    stderr: 'err\nRemote command returned a non-zero exit code.\n',
  });
  assert.deepEqual(await run(['-a', at, 'shell', 'cat; echo end']), {
    status: 0,
    stdout: 'Running a command on the device...\nend\n',
    stderr: '',
  });
});

test('shell -q: nothing of it, but the words of a failure', async (t) => {
  const { run } = await world(t);
  const { at } = await shellDevice(t);
  assert.deepEqual(await run(['-q', '-a', at, 'shell', 'echo out']), { status: 0, stdout: '', stderr: '' });
  const failed = await run(['-q', '-a', at, 'shell', 'echo why >&2; exit 3']);
  assert.deepEqual(failed, { status: 3, stdout: '', stderr: 'why\n\n' });
  assert.match((await run(['-q', '-a', at, 'shell', 'exit 3'])).stderr, /^Remote command returned a non-zero/);
});

test('shell --json: the streams as fields; a command that fails is an error with them', async (t) => {
  const { json } = await world(t);
  const { at } = await shellDevice(t);
  assert.deepEqual(await json(['-a', at, 'shell', 'echo o; echo e >&2']), { code: 0, stdout: 'o\n', stderr: 'e\n' });
  const { error } = (await json(['-a', at, 'shell', 'echo o; exit 3'])) as { error: Record<string, unknown> };
  assert.deepEqual([error.code, error.data], ['ssh.command.failed', { code: 3, stdout: 'o\n', stderr: '' }]);
});

test('bytes that are no text pass through unchanged, and much output too', async (t) => {
  const { run } = await world(t);
  const { at } = await shellDevice(t);
  const { stdout } = await run(['-a', at, 'shell', "head -c 3000000 /dev/zero | tr '\\0' x"]);
  assert.equal(stdout.length, 3_000_000 + 'Running a command on the device...\n'.length);
  const { home } = await world(t);
  const target = await targetOf({ home, address: at });
  const connection = await connect(target, options(home));
  const result = await runOn(connection, "printf '\\377\\000'");
  await connection.close();
  assert.deepEqual([...result.stdout], [0xff, 0]);
});

test('a command that a signal ended', async (t) => {
  const { run } = await world(t);
  const { at } = await shellDevice(t);
  const { status, stderr } = await run(['-a', at, 'shell', 'kill -9 $$']);
  assert.equal(status, 255);
  assert.match(stderr, /was ended by the signal SIGKILL/);
});

test('without a terminal there is no interactive shell', async (t) => {
  const { run } = await world(t);
  const { status, stderr } = await run(['-a', '127.0.0.1:1', 'shell']);
  assert.equal(status, 255);
  assert.match(stderr, /needs a terminal/);
});

const options = (home: string) => ({
  home,
  login: { agent: undefined },
  clock: systemClock,
  signal: new AbortController().signal,
  acceptNewHostKey: false,
  tell: () => undefined,
  note: () => undefined,
});

test('the host key is remembered at first contact, and a changed one is refused until it is accepted', async (t) => {
  const { run, home } = await world(t);
  const first = await shellDevice(t);
  assert.equal((await run(['-a', first.at, 'shell', 'true'])).status, 0);
  const path = join(home, '.mbl-known-devices.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const known = JSON.parse(await readFile(path, 'utf8'));
  assert.deepEqual([known[first.at].type, known[first.at].since], ['ecdsa-sha2-nistp256', '2026-03-01T12:00:00.000Z']);

  // Another device shows up under the name of the first.
  const second = await shellDevice(t);
  await writeFile(path, JSON.stringify({ [second.at]: known[first.at] }));
  const refused = await run(['-a', second.at, 'shell', 'true']);
  assert.equal(refused.status, 255);
  assert.match(refused.stderr, /shows another host key than at first contact \(2026-03-01T12:00:00\.000Z\): SHA256:/);
  assert.match(refused.stderr, /--accept-new-host-key/);
  assert.deepEqual([second.tried, second.commands], [[], []]);

  assert.equal((await run(['--accept-new-host-key', '-a', second.at, 'shell', 'true'])).status, 0);
  assert.equal((await run(['-a', second.at, 'shell', 'true'])).status, 0);
});

test('the key of a selected device is remembered by its name, wherever it is', async (t) => {
  const { run, home } = await world(t);
  const hostKey = newHostKey();
  for (const made of [await shellDevice(t, { hostKey }), await shellDevice(t, { hostKey })]) {
    await run(['select', '--address', made.at]);
    const file = join(home, '.mbl-dev.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), hostname: 'os-1' }));
    assert.equal((await run(['shell', 'true'])).status, 0);
  }
  assert.deepEqual(Object.keys(JSON.parse(await readFile(join(home, '.mbl-known-devices.json'), 'utf8'))), ['os-1']);
});

test('a damaged file of known devices is named and left alone', async (t) => {
  const { run, home } = await world(t);
  const { at } = await shellDevice(t);
  const path = join(home, '.mbl-known-devices.json');
  for (const content of ['{', '[]', '{"a": 1}', '{"a": {"type": "x"}}']) {
    await writeFile(path, content);
    assert.match((await run(['-a', at, 'shell', 'true'])).stderr, /\.mbl-known-devices\.json /);
    assert.equal(await readFile(path, 'utf8'), content);
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseKnownDevices(text, 'file');
      } catch (error) {
        assert.ok(isMooringError(error));
      }
    }),
  );
});

test('logging in: none, then keys of ~/.ssh, the stored password, an empty one', async (t) => {
  const { run, home } = await world(t);
  const key = ssh2.utils.generateKeyPairSync('ed25519');
  const parsed = ssh2.utils.parseKey(key.private);
  assert.ok(!(parsed instanceof Error));
  await mkdir(join(home, '.ssh'));

  const byKey = await shellDevice(t, {
    accepts: (context) => context.method === 'publickey' && context.key.data.equals(parsed.getPublicSSH()),
  });
  const refused = await run(['-a', byKey.at, 'shell', 'true']);
  assert.equal(refused.status, 255);
  assert.match(
    refused.stderr,
    /lets root in neither without authentication, nor with the keys found, nor with an empty/,
  );
  assert.deepEqual(byKey.tried, ['none', 'password']);
  await writeFile(join(home, '.ssh/id_ed25519'), key.private, { mode: 0o600 });
  assert.equal((await run(['-a', byKey.at, 'shell', 'true'])).status, 0);

  const empty = await shellDevice(t, {
    accepts: (context) => context.method === 'password' && context.password === '',
  });
  assert.equal((await run(['-a', empty.at, 'shell', 'true'])).status, 0);
  assert.deepEqual(empty.tried, ['none', 'publickey', 'password']);

  const stored = await shellDevice(t, {
    accepts: (context) => context.method === 'password' && context.password === 'pw',
  });
  const file = { hostname: 'x', address: '127.0.0.1', username: 'root', password: 'pw', port: stored.port };
  await writeFile(join(home, '.mbl-dev.json'), JSON.stringify(file));
  assert.equal((await run(['shell', 'true'])).status, 0);
});

test('a key with a passphrase, or a missing one, is told when nothing else helped', async (t) => {
  const { run, home } = await world(t);
  const { at } = await shellDevice(t, { accepts: () => false });
  await mkdir(join(home, '.ssh'));
  const locked = ssh2.utils.generateKeyPairSync('ed25519', { passphrase: 'secret', cipher: 'aes256-cbc', rounds: 16 });
  await writeFile(join(home, '.ssh/locked'), locked.private);
  await writeFile(
    join(home, '.ssh/config'),
    'Host mbl-device\n  IdentityFile ~/.ssh/locked\n  IdentityFile ~/.ssh/gone\n',
  );
  const { stderr } = await run(['-a', at, 'shell', 'true']);
  assert.match(stderr, /\.ssh\/locked has a passphrase: add it to an SSH agent with 'ssh-add /);
  assert.match(stderr, /\.ssh\/gone, named in ~\/\.ssh\/config, does not exist/);
});

test('an agent that does not answer does not stand in the way', async (t) => {
  const { run } = await world(t);
  const { at } = await shellDevice(t, { accepts: (context) => context.method === 'password' });
  assert.equal((await run(['-a', at, 'shell', 'true'], { env: { SSH_AUTH_SOCK: '/nonexistent/agent' } })).status, 0);
});

test('what is not an SSH server, or never answers, or is not there', async (t) => {
  const { run, home } = await world(t);
  const talker = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const silent = createServer(() => undefined);
  for (const server of [talker, silent]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
  }
  const portOf = (server: typeof talker) => (server.address() as AddressInfo).port;
  const { status, stderr } = await run(['-a', `127.0.0.1:${portOf(talker)}`, 'shell', 'true']);
  assert.equal(status, 255);
  assert.match(stderr, /could not agree on an SSH connection/);

  const target = await targetOf({ home, address: `127.0.0.1:${portOf(silent)}` });
  await assert.rejects(connect(target, { ...options(home), loginTimeout: 30 }), { code: 'ssh.timeout' });
  // TEST-NET-1: nobody answers there, or there is no way.
  const nowhere = await targetOf({ home, address: '192.0.2.254' });
  await assert.rejects(connect(nowhere, { ...options(home), connectTimeout: 20 }), (error: Error) => {
    assert.ok(isMooringError(error));
    return error.code === 'ssh.timeout' || error.code === 'ssh.unreachable';
  });
  assert.match(
    (await run(['-a', '127.0.0.1:1', 'shell', 'x'])).stderr,
    /port 1 on 127\.0\.0\.1: nothing listens there/,
  );
  assert.match(
    (await run(['-a', 'fe80::1%none0', 'shell', 'x'])).stderr,
    /interface named in the address is not there/,
  );
});

test('Ctrl-C while a command runs gives it up', async (t) => {
  const { home } = await world(t);
  const { at, commands } = await shellDevice(t);
  const interruption = new AbortController();
  const connection = await connect(await targetOf({ home, address: at }), options(home));
  t.after(() => connection.close());
  const running = runOn(connection, 'echo started; exec sleep 60', {
    signal: interruption.signal,
    onStdout: () => interruption.abort(),
  });
  await assert.rejects(running, { message: 'User quit.', exitCode: 255 });
  await assert.rejects(runOn(connection, 'true', { signal: interruption.signal }), { code: 'interrupted' });
  await assert.rejects(connect(connection.target, { ...options(home), signal: interruption.signal }), {
    code: 'interrupted',
  });
  assert.equal(commands.length > 0, true);
});

test('a connection that breaks under a command says so', async (t) => {
  const { run } = await world(t);
  const made = await shellDevice(t);
  const running = run(['-a', made.at, 'shell', 'exec sleep 60']);
  while (made.commands.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  void made.close();
  const { status, stderr } = await running;
  assert.equal(status, 255);
  assert.match(stderr, /The connection to 127\.0\.0\.1:\d+ broke\./);
});

test('words for a remote shell are quoted where that is needed', () => {
  for (const [word, quoted] of [
    ['/scratch/x.bin', '/scratch/x.bin'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", `'it'"'"'s'`],
    ['$HOME', "'$HOME'"],
    ['ü', "'ü'"],
  ] as const) {
    assert.equal(quote(word), quoted);
  }
});

test('get-pelion-status: the words of the device, and the old sentence for any failure', async (t) => {
  const { run, json } = await world(t);
  const { at } = await device(t);
  const { status, stderr } = await run(['-a', at, 'get-pelion-status']);
  assert.equal(status, 255);
  assert.match(
    stderr,
    /^Your device is not correctly configured for Pelion Device Management\. You must provision your device using the provision-pelion command\.\nThe device says: .*Item does not exist:mbed\.UseBootstrap/,
  );
  const { error } = (await json(['-a', at, 'get-pelion-status'])) as { error: { code: string } };
  assert.equal(error.code, 'provision.status.failed');
});

test('a password is taken from a file, or asked for on a terminal, three times at most', async (t) => {
  const { run, runOnTerminal, home } = await world(t);
  const made = await shellDevice(t, {
    accepts: (context) => context.method === 'password' && context.password === 'open sesame',
  });
  await writeFile(join(home, 'pw'), 'open sesame\nsecond line\n');
  assert.equal((await run(['-a', made.at, '--password-file', 'pw', 'shell', 'true'])).status, 0);
  const piped = await run(['-a', made.at, '--password-file', '-', 'shell', 'true'], { stdin: 'open sesame\n' });
  assert.equal(piped.status, 0);
  const typed = await runOnTerminal(['-a', made.at, 'shell', 'echo in'], async (terminal) => {
    await terminal.shows('Password of root on ');
    terminal.type('open\r');
    await terminal.shows('That was not right. Password of root');
    terminal.type('open sesame\r');
  });
  assert.equal(typed.status, 0);
  assert.match(typed.stdout, /\nin\n$/);
  assert.doesNotMatch(typed.stdout, /sesame/);
  const wrong = await runOnTerminal(['-a', made.at, 'shell', 'true'], async (terminal) => {
    await terminal.shows('Password of root on ');
    terminal.type('1\r2\r3\r');
  });
  assert.equal(wrong.status, 255);
  assert.match(wrong.stderr, /nor with the typed or an empty password/);
  const missing = await run(['-a', made.at, '--password-file', 'none', 'shell', 'true']);
  assert.match(missing.stderr, /none does not exist/);
});

test('a device that asks for the password as a question gets it', async (t) => {
  const { run, home } = await world(t);
  await writeFile(join(home, 'pw'), 'open sesame\n');
  const made = await shellDevice(t, {
    methods: ['keyboard-interactive'],
    accepts: (context) => {
      if (context.method !== 'keyboard-interactive') return false;
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) =>
        answers?.[0] === 'open sesame' ? context.accept() : context.reject(['keyboard-interactive']),
      );
      return undefined;
    },
  });
  assert.equal((await run(['-a', made.at, '--password-file', 'pw', 'shell', 'true'])).status, 0);
  assert.equal((await run(['-a', made.at, 'shell', 'true'])).status, 255);
});
