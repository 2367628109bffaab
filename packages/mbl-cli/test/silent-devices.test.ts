import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { search } from '../src/discovery/browse.ts';
import { fromArp, fromArpTable, fromIpNeigh, fromNdp, neighbours } from '../src/discovery/neighbours.ts';
import { silentDevices } from '../src/discovery/silent-devices.ts';
import { shellDevice } from './shell-device.ts';
import { world } from './world.ts';

const idle = new AbortController().signal;

const tables: [name: string, read: (text: string) => string[], text: string, addresses: string[]][] = [
  [
    'ip -j neigh show',
    fromIpNeigh,
    JSON.stringify([
      { dst: 'fe80::7', dev: 'eth0', lladdr: '02:00:00:00:00:07', state: ['STALE'] },
      { dst: '192.0.2.7', dev: 'eth0', lladdr: '02:00:00:00:00:07', state: ['REACHABLE'] },
      { dst: '192.0.2.8', dev: 'eth0', state: ['FAILED'] },
    ]),
    ['fe80::7%eth0', '192.0.2.7'],
  ],
  [
    '/proc/net/arp',
    fromArpTable,
    'IP address       HW type     Flags       HW address            Mask     Device\n192.0.2.7        0x1         0x2         02:00:00:00:00:07     *        eth0\n192.0.2.8        0x1         0x0         00:00:00:00:00:00     *        eth0\n',
    ['192.0.2.7'],
  ],
  [
    'arp -an',
    fromArp,
    '? (192.0.2.7) at 2:0:0:0:0:7 on en0 ifscope [ethernet]\n? (192.0.2.8) at (incomplete) on en0 ifscope [ethernet]\n',
    ['192.0.2.7'],
  ],
  [
    'ndp -an',
    fromNdp,
    'Neighbor                        Linklayer Address  Netif Expire    St Flgs Prbs\nfe80::7%en0                     2:0:0:0:0:7        en0 23h59m58s S\nfe80::8%en0                     (incomplete)       en0 permanent\n',
    ['fe80::7%en0'],
  ],
];

test('the neighbours, as each system tells them', async (t) => {
  for (const [name, read, text, addresses] of tables) {
    await t.test(name, () => assert.deepEqual(read(text), addresses));
  }
  fc.assert(
    fc.property(fc.constantFrom(...tables), fc.oneof(fc.string(), fc.json()), ([, read], text) => {
      read(text);
    }),
  );
  assert.deepEqual(await neighbours('win32', async () => ''), []);
  assert.deepEqual(await neighbours('darwin', async (program) => (program === 'arp' ? (tables[2]?.[2] ?? '') : '')), [
    '192.0.2.7',
  ]);
});

test('a neighbour is a device if its host key is that of one; others with SSH are told', async (t) => {
  const { run, home, met } = await world(t);
  const made = await shellDevice(t);
  assert.equal((await run(['-a', made.at, 'shell', 'true'])).status, 0);
  const fingerprint = /SHA256:\S+/.exec(met.join(''))?.[0];
  const known = JSON.stringify({ 'os-7': { type: 'x', fingerprint, since: 'then' } });
  await writeFile(join(home, '.mbl-known-devices.json'), known);
  const stranger = await shellDevice(t);
  const list = async () => [made.at, stranger.at, '127.0.0.1:1'];
  assert.deepEqual(await silentDevices(home, idle, list), {
    recognised: [{ name: 'os-7', address: made.at, port: made.port, addresses: [made.at] }],
    others: [stranger.at],
  });
});

test('neighbours are looked at only while nobody announces himself', async () => {
  const open = async () => ({
    reports: [],
    ask: () => undefined,
    refresh: async () => undefined,
    close: async () => undefined,
  });
  const silent = { name: 'os-7', address: '192.0.2.7', port: 22, addresses: ['192.0.2.7'] };
  const { found } = await search({ signal: idle, open, patience: 5, settle: 5, silent: async () => [silent] });
  assert.deepEqual(found, [silent]);
  const none = await search({ signal: idle, open, patience: 5, limit: 30, silent: async () => [] });
  assert.deepEqual(none.found, []);
});
