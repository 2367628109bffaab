import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { saveSelectedDevice } from '../src/devices/device-file.ts';
import { hostSettings } from '../src/ssh/host-settings.ts';
import { settingsFor } from '../src/ssh/host-settings-text.ts';
import { targetOf } from '../src/ssh/target.ts';
import { world } from './world.ts';

const nothing = {
  hostName: undefined,
  port: undefined,
  user: undefined,
  identityFiles: [],
  identitiesOnly: false,
  proxy: undefined,
};

const cases: [name: string, text: string, settings: object][] = [
  ['an empty file', '', {}],
  ['no block for the host', 'Host other\n  IdentityFile ~/.ssh/other\n', {}],
  [
    'a block for the host',
    'Host mbl-device\n  HostName 192.0.2.7\n  Port 2222\n  User admin\n  IdentityFile ~/.ssh/mbl\n  IdentitiesOnly yes\n',
    {
      hostName: '192.0.2.7',
      port: 2222,
      user: 'admin',
      identityFiles: ['/home/me/.ssh/mbl'],
      identitiesOnly: true,
    },
  ],
  [
    'any case, = and quotes',
    'host MBL-* mbl-device\nidentityfile="/k y"\nport=23\n',
    { port: 23, identityFiles: ['/k y'] },
  ],
  [
    'a block for all hosts gives keys, but no user: devices are reached as root',
    'Host *\n  User alice\n  Port 2200\n  IdentityFile ~/.ssh/all\n',
    { identityFiles: ['/home/me/.ssh/all'] },
  ],
  [
    'keys of both blocks, the host’s first',
    'Host mbl-device\n  IdentityFile /a\nHost *\n  IdentityFile /b\n',
    { identityFiles: ['/a', '/b'] },
  ],
  ['IdentityFile none', 'Host mbl-device\n  IdentityFile none\n', {}],
  ['a port that is none', 'Host mbl-device\n  Port ssh\n', {}],
  [
    'a way through other machines, in every form',
    'Host mbl-device\n  ProxyJump gate,me@[2001:db8::1]:2222,ssh://you@lab.example:22/\n  ProxyCommand nc\n',
    {
      proxy: {
        gates: [
          { host: 'gate', port: undefined, user: undefined },
          { host: '2001:db8::1', port: 2222, user: 'me' },
          { host: 'lab.example', port: 22, user: 'you' },
        ],
      },
    },
  ],
  [
    'the way that comes first in the file counts',
    'Host mbl-device\n  ProxyCommand nc -X 5 %h %p\nHost mbl-*\n  ProxyJump gate\n',
    { proxy: { command: 'nc -X 5 %h %p' } },
  ],
  ['a way that is the straight one', 'Host mbl-device\n  ProxyJump none\nHost mbl-*\n  ProxyCommand nc\n', {}],
  ['a way for all hosts does not lead to a device', 'Host *\n  ProxyJump gate\n', {}],
  ['no command of the file is run', 'Match exec "touch /tmp/mooring-was-run"\n  User eve\n', {}],
];

test('what ~/.ssh/config says about mbl-device', async (t) => {
  for (const [name, text, settings] of cases) {
    await t.test(name, () =>
      assert.deepEqual(settingsFor(text, 'mbl-device', '/home/me'), { ...nothing, ...settings }),
    );
  }
});

test('a file that cannot be understood is named, whatever is in it', async (t) => {
  const { home, run } = await world(t);
  await mkdir(join(home, '.ssh'));
  for (const text of ['Host', 'Host "mbl-device\n  Port 22\n', 'Host mbl-device\n  ProxyJump a b,\n']) {
    await writeFile(join(home, '.ssh/config'), text);
    const { status, stderr } = await run(['-a', '127.0.0.1:1', 'shell', 'ls']);
    assert.equal(status, 255);
    assert.match(stderr, /\.ssh\/config, or a file that it includes, has a line that could not be understood\./);
  }
  const word = fc.constantFrom(
    'Host',
    'Match',
    'mbl-device',
    '*',
    '"',
    '=',
    '\n',
    '#',
    'IdentityFile',
    '%h',
    '!',
    'ProxyJump',
    'all',
  );
  const file = fc.array(fc.oneof(word, fc.string()), { maxLength: 20 }).map((words) => words.join(' '));
  await fc.assert(
    fc.asyncProperty(file, async (text) => {
      await writeFile(join(home, '.ssh/config'), text.replaceAll(/include/gi, ''));
      await hostSettings(home, 'mbl-device').catch((error) => assert.equal(error.code, 'ssh.config.unreadable'));
    }),
  );
});

test('Include is followed; neither the file nor what it names has to be there', async (t) => {
  const { home } = await world(t);
  assert.equal((await hostSettings(home, 'mbl-device')).user, undefined);
  await mkdir(join(home, '.ssh/config.d'), { recursive: true });
  await writeFile(join(home, '.ssh/config'), 'Include config.d/*\nInclude /nowhere/at/all\nInclude config\n');
  await writeFile(join(home, '.ssh/config.d/board'), 'Host board\n  User pi\n');
  assert.equal((await hostSettings(home, 'board')).user, 'pi');
});

test('which device is meant: -a, the host of -c, the selected one', async (t) => {
  const { home } = await world(t);
  await assert.rejects(targetOf({ home }), { message: 'Please select a device or provide an ip address.' });
  await mkdir(join(home, '.ssh'));
  await writeFile(
    join(home, '.ssh/config'),
    'Host board\n  HostName 192.0.2.9\n  Port 2222\nHost mbl-device\n  Port 2200\n  User admin\n',
  );
  const selected = { name: 'os-1', address: '192.0.2.1', username: 'root', password: 'pw' };
  await saveSelectedDevice(home, selected);
  const at = async (options: { address?: string; alias?: string }) => {
    const { name, host, port, user, password } = await targetOf({ home, ...options });
    return [name, host, port, user, password];
  };
  assert.deepEqual(await at({}), ['os-1', '192.0.2.1', 2200, 'admin', 'pw']);
  assert.deepEqual(await at({ address: '' }), ['os-1', '192.0.2.1', 2200, 'admin', 'pw']);
  assert.deepEqual(await at({ address: '192.0.2.5' }), ['192.0.2.5:2200', '192.0.2.5', 2200, 'admin', '']);
  assert.deepEqual(await at({ address: '192.0.2.5:22' }), ['192.0.2.5', '192.0.2.5', 22, 'admin', '']);
  assert.deepEqual(await at({ alias: 'board' }), ['board', '192.0.2.9', 2222, 'root', '']);
  assert.deepEqual(await at({ alias: 'unknown' }), ['os-1', '192.0.2.1', 22, 'root', 'pw']);
  await saveSelectedDevice(home, { ...selected, port: 2345, username: 'me' });
  assert.deepEqual(await at({}), ['os-1', '192.0.2.1', 2345, 'me', 'pw']);
  await assert.rejects(targetOf({ home, address: 'fe80::1' }), { code: 'ssh.address.zone.missing' });
});
