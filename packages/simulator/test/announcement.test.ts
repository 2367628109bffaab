import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import makeSocket, { type MulticastDNS } from 'multicast-dns';
import type { Answer, Question } from '../src/device/mdns/dns.ts';
import { linksFor } from '../src/device/mdns/links.ts';
import { conflictsWith, forLegacy, goodbye, losesTo, recordsOf, replyTo } from '../src/device/mdns/records.ts';
import { device } from './client.ts';

const records = recordsOf({ hostname: 'mbed-linux-os-1', port: 2222, addresses: ['127.0.0.1', 'fe80::1'] });
const question = (name: string, type: string) => ({ name, type }) as Question;
const typesOf = (answers: readonly Answer[] | undefined) => answers?.map(({ type }) => type);

test('who browses gets everything to connect in one answer', () => {
  const reply = replyTo([question('_SSH._tcp.local', 'PTR')], [], records);
  assert.deepEqual(typesOf(reply?.answers), ['PTR']);
  assert.deepEqual(typesOf(reply?.additionals), ['SRV', 'TXT', 'A', 'AAAA']);
});

test('what is asked is answered, and nothing else', () => {
  const cases: [string, string, string[] | undefined][] = [
    ['mbed-linux-os-1.local', 'A', ['A']],
    ['mbed-linux-os-1.local', 'ANY', ['A', 'AAAA']],
    ['mbed-linux-os-1._ssh._tcp.local', 'TXT', ['TXT']],
    ['mbed-linux-os-1._ssh._tcp.local', 'ANY', ['SRV', 'TXT']],
    ['_services._dns-sd._udp.local', 'PTR', ['PTR']],
    ['_http._tcp.local', 'PTR', undefined],
    ['mbed-linux-os-2.local', 'A', undefined],
    ['_ssh._tcp.local', 'SRV', undefined],
  ];
  for (const [name, type, expected] of cases) {
    assert.deepEqual(typesOf(replyTo([question(name, type)], [], records)?.answers), expected, `${name} ${type}`);
  }
});

test('what the asker knows is not said again, unless it is half gone', () => {
  const pointer = records[0] as Answer & { type: 'PTR'; data: string };
  const ask = [question('_ssh._tcp.local', 'PTR')];
  assert.equal(replyTo(ask, [pointer], records), undefined);
  assert.ok(replyTo(ask, [{ ...pointer, ttl: 2000 }], records));
  assert.ok(replyTo(ask, [{ ...pointer, data: 'other._ssh._tcp.local' }], records));
});

test('a goodbye has no life left, a plain client gets little of it', () => {
  assert.ok(goodbye(records).every((record) => record.ttl === 0));
  assert.ok(forLegacy(records).every((record) => (record.ttl ?? 0) <= 10 && record.flush === false));
});

test('conflicts: the same name with other data', () => {
  const other = recordsOf({ hostname: 'MBED-linux-os-1', port: 2223, addresses: ['127.0.0.1', 'fe80::1'] });
  const same = recordsOf({ hostname: 'mbed-linux-os-1', port: 2222, addresses: ['127.0.0.1', 'fe80::1'] });
  assert.equal(conflictsWith(other, records), true);
  assert.equal(conflictsWith(same, records), false);
  assert.equal(conflictsWith(goodbye(other), records), false);
  assert.equal(losesTo(other, records), true);
  assert.equal(losesTo(records, other), false);
  assert.equal(losesTo(same, records), false);
});

test('where a device announces itself', () => {
  const v4 = (address: string) => ({ address, family: 'IPv4', internal: address.startsWith('127.') });
  const v6 = (address: string) => ({ address, family: 'IPv6', internal: address === '::1' });
  const interfaces = { lo: [v4('127.0.0.1'), v6('::1')], eth0: [v4('192.0.2.2'), v6('fe80::2')] } as never;
  const cases: { address: string; wanted?: string[]; on: string[] }[] = [
    { address: '127.0.0.1', on: ['127.0.0.1: 127.0.0.1'] },
    { address: '127.0.0.33', on: ['127.0.0.1: 127.0.0.33'] },
    { address: '192.0.2.2', on: ['192.0.2.2: 192.0.2.2'] },
    { address: 'fe80::2', on: ['::%eth0: fe80::2'] },
    { address: '::', on: ['127.0.0.1: 127.0.0.1', '192.0.2.2: 192.0.2.2', '::%eth0: fe80::2'] },
    { address: '::', wanted: ['eth0'], on: ['192.0.2.2: 192.0.2.2', '::%eth0: fe80::2'] },
    { address: '0.0.0.0', wanted: ['192.0.2.2'], on: ['192.0.2.2: 192.0.2.2'] },
    { address: '198.51.100.1', on: [] },
  ];
  for (const { address, wanted, on } of cases) {
    const links = linksFor(address, wanted, interfaces);
    assert.deepEqual(
      links.map((link) => `${link.interface}: ${link.addresses.join(' ')}`),
      on,
      `${address} ${wanted}`,
    );
  }
});

/** A browser on the loopback interface; `port` 0 asks as a plain DNS client. */
function browser(t: { after(work: () => void): void }, port = 5353): MulticastDNS {
  const socket = makeSocket({ interface: '127.0.0.1', bind: '0.0.0.0', port });
  t.after(() => socket.destroy());
  return socket;
}

async function answersAbout(socket: MulticastDNS, name: string, ask: () => void): Promise<Answer[]> {
  return new Promise((resolve) => {
    socket.on('response', ({ answers = [], additionals = [] }) => {
      const all = [...answers, ...additionals];
      if (all.some((answer) => answer.name.startsWith(`${name}.`))) resolve(all);
    });
    ask();
  });
}

const get = (answers: readonly Answer[], type: string): unknown =>
  (answers.find((answer) => answer.type === type) as { data?: unknown } | undefined)?.data;

for (const port of [5353, 0]) {
  test(`a device on the loopback interface is found by ${port === 0 ? 'a plain DNS query' : 'a browser'}`, async (t) => {
    const found = await device(t, { mdns: true });
    const socket = browser(t, port);
    const answers = await answersAbout(socket, found.hostname, () => {
      const to = { port: 5353, address: '224.0.0.251' };
      socket.query({ questions: [question('_ssh._tcp.local', 'PTR')] }, to);
    });
    const { port: announced, target } = get(answers, 'SRV') as { port: number; target: string };
    assert.deepEqual([announced, target], [found.port, `${found.hostname}.local`]);
    assert.deepEqual([get(answers, 'TXT')].flat().map(String), ['mblos']);
    assert.equal(get(answers, 'A'), '127.0.0.1');
  });
}

test('two devices at once, each under its own name and port; a goodbye when one ends', async (t) => {
  const [one, two] = await Promise.all([device(t, { mdns: true }), device(t, { mdns: true })]);
  assert.notEqual(one.hostname, two.hostname);
  const socket = browser(t);
  const ports = new Map<string, number>();
  const gone = new Promise<void>((resolve) => {
    socket.on('response', ({ answers = [], additionals = [] }) => {
      for (const answer of [...answers, ...additionals]) {
        if (answer.type !== 'SRV') continue;
        ports.set(answer.name.split('.')[0] as string, answer.data.port);
        if (answer.ttl === 0 && answer.name.startsWith(`${two.hostname}.`)) resolve();
      }
    });
  });
  while (!ports.has(one.hostname) || !ports.has(two.hostname)) {
    socket.query({ questions: [question('_ssh._tcp.local', 'PTR')] });
    await pause(50);
  }
  assert.equal(ports.get(one.hostname), one.port);
  assert.equal(ports.get(two.hostname), two.port);
  await two.close();
  await gone;
});

test('a name that another device has is refused; one that was drawn is drawn again', async (t) => {
  const one = await device(t, { mdns: true });
  await assert.rejects(device(t, { mdns: true, hostname: one.hostname }), { code: 'device.name.taken' });
  const names = [one.hostname, one.hostname, 'mooring-second-choice'];
  const another = await device(t, { mdns: true, drawName: () => names.shift() as string });
  assert.equal(another.hostname, 'mooring-second-choice');
  // Both want it at the same time: one of them gets it.
  const rivals = await Promise.allSettled([
    device(t, { mdns: true, hostname: 'mooring-rival' }),
    device(t, { mdns: true, hostname: 'mooring-rival' }),
  ]);
  assert.deepEqual(rivals.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});
