import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { browse } from '../src/discovery/browse.ts';
import { deviceLines, devicesOf } from '../src/discovery/devices.ts';
import { findHost } from '../src/discovery/host.ts';
import { zoneOf } from '../src/discovery/interfaces.ts';
import { type Links, openLinks } from '../src/discovery/links.ts';
import { type Received, ServiceRecords } from '../src/discovery/records.ts';

const ttl = 120;

interface Announced {
  name?: string;
  txt?: string[];
  port?: number;
  addresses?: string[];
  sender?: string;
  zone?: string | undefined;
  /** Which records are in the packet. */
  parts?: ('PTR' | 'SRV' | 'TXT' | 'A')[];
  ttl?: number;
}

/** An answer as a device sends it, through the wire format. */
function packet(announced: Announced = {}): Received {
  const { name = 'mbed-linux-os-9999', port = 22, txt = ['mblos'], parts = ['PTR', 'SRV', 'TXT', 'A'] } = announced;
  const { sender = '192.0.2.7', zone = 'eth0', addresses = ['192.0.2.7'] } = announced;
  const time = { ttl: announced.ttl ?? ttl };
  const instance = `${name}._ssh._tcp.local`;
  const answers: Answer[] = [];
  if (parts.includes('PTR')) answers.push({ type: 'PTR', name: '_ssh._tcp.local', data: instance, ...time });
  const additionals: Answer[] = [];
  if (parts.includes('SRV')) {
    additionals.push({ type: 'SRV', name: instance, data: { port, target: `${name}.local` }, ...time });
  }
  if (parts.includes('TXT')) additionals.push({ type: 'TXT', name: instance, data: txt, ...time });
  if (parts.includes('A')) {
    for (const data of addresses) {
      additionals.push({ type: data.includes(':') ? 'AAAA' : 'A', name: `${name}.local`, data, ...time });
    }
  }
  const wire = dnsPacket.encode({ type: 'response', flags: dnsPacket.AUTHORITATIVE_ANSWER, answers, additionals });
  return { packet: dnsPacket.decode(wire) as Received['packet'], sender, zone };
}

function lines(...received: Received[]): string[] {
  const records = new ServiceRecords();
  for (const one of received) records.add(one);
  return deviceLines(devicesOf(records.sightings()));
}

const v6 = { addresses: ['fe80::1'], sender: 'fe80::1%eth0' };

const lists: [name: string, received: Received[], lines: string[]][] = [
  ['a device', [packet()], ['1: mbed-linux-os-9999: 192.0.2.7']],
  ['the key mblos with a value', [packet({ txt: ['mblos=1'] })], ['1: mbed-linux-os-9999: 192.0.2.7']],
  ['the key among others, in capitals', [packet({ txt: ['a=1', 'MBLOS'] })], ['1: mbed-linux-os-9999: 192.0.2.7']],
  ['another SSH server', [packet({ txt: ['mblosx', 'x=mblos'] })], []],
  ['an SSH server that says nothing of itself', [packet({ txt: [] })], []],
  ['a port that is not 22', [packet({ port: 2222 })], ['1: mbed-linux-os-9999: 192.0.2.7:2222']],
  ['a link-local address gets its zone', [packet(v6)], ['1: mbed-linux-os-9999: fe80::1%eth0']],
  ['a link-local address and a port', [packet({ ...v6, port: 2222 })], ['1: mbed-linux-os-9999: [fe80::1%eth0]:2222']],
  ['.local is cut', [packet({ name: 'mbed-linux-os-9999.local' })], ['1: mbed-linux-os-9999: 192.0.2.7']],
  [
    'one that answers in IPv4 and IPv6 is one, by the address of its own link',
    [packet(), packet(v6)],
    ['1: mbed-linux-os-9999: fe80::1%eth0'],
  ],
  [
    'one that is seen through two interfaces with one address is one',
    [packet(), packet({ zone: 'wlan0' })],
    ['1: mbed-linux-os-9999: 192.0.2.7'],
  ],
  [
    'two of one name on one link',
    [packet(), packet({ sender: '192.0.2.8', addresses: ['192.0.2.8'] })],
    ['1: mbed-linux-os-9999: 192.0.2.7', '2: mbed-linux-os-9999: 192.0.2.8'],
  ],
  [
    'two of one name on two links',
    [packet(), packet({ sender: '198.51.100.7', addresses: ['198.51.100.7'], zone: 'eth1' })],
    ['1: mbed-linux-os-9999: 192.0.2.7', '2: mbed-linux-os-9999: 198.51.100.7'],
  ],
  [
    'two of one name and address, on two ports',
    [packet({ port: 2201 }), packet({ port: 2202 })],
    ['1: mbed-linux-os-9999: 192.0.2.7:2201', '2: mbed-linux-os-9999: 192.0.2.7:2202'],
  ],
  [
    'sorted by name as people do, whatever came first',
    [10, 9, 1].map((n) => packet({ name: `os-${n}`, sender: `192.0.2.${n}`, addresses: [`192.0.2.${n}`] })),
    ['1: os-1: 192.0.2.1', '2: os-9: 192.0.2.9', '3: os-10: 192.0.2.10'],
  ],
  [
    'records that come one by one',
    (['PTR', 'TXT', 'SRV', 'A'] as const).map((part) => packet({ parts: [part] })),
    ['1: mbed-linux-os-9999: 192.0.2.7'],
  ],
  ['no address record: the sender', [packet({ addresses: [] })], ['1: mbed-linux-os-9999: 192.0.2.7']],
  ['a repeater answers for it', [packet({ sender: '192.0.2.1' })], ['1: mbed-linux-os-9999: 192.0.2.7']],
  ['one that says goodbye', [packet({ ttl: 0 })], []],
  ['incomplete: no SRV', [packet({ parts: ['PTR', 'TXT', 'A'] })], []],
  ['control characters in a name', [packet({ name: 'a\u001b[2Jb' })], ['1: a?[2Jb: 192.0.2.7']],
];

test('what the answers of devices come to', async (t) => {
  for (const [name, received, expected] of lists)
    await t.test(name, () => assert.deepEqual(lines(...received), expected));
});

test('what is missing is asked for, of devices only', () => {
  const records = new ServiceRecords();
  records.add(packet({ parts: ['PTR'] }));
  const instance = 'mbed-linux-os-9999._ssh._tcp.local';
  assert.deepEqual(records.openQuestions(), [
    { name: instance, type: 'TXT' },
    { name: instance, type: 'SRV' },
  ]);
  records.add(packet({ parts: ['TXT', 'SRV'] }));
  assert.deepEqual(
    records.openQuestions().map(({ type }) => type),
    ['A', 'AAAA'],
  );
  records.add(packet({ parts: ['A'] }));
  assert.deepEqual(records.openQuestions(), []);
  records.add(packet({ name: 'printer', parts: ['PTR', 'TXT'], txt: ['x'] }));
  assert.deepEqual(records.openQuestions(), []);
});

test('nothing that comes from the network makes it fail', () => {
  const wire = dnsPacket.encode({ type: 'response', ...(packet().packet as object) });
  const damage = fc.array(fc.tuple(fc.nat(wire.length - 1), fc.nat(255)), { maxLength: 12 });
  fc.assert(
    fc.property(damage, fc.nat(wire.length), (changes, length) => {
      const bytes = Buffer.from(wire.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      let decoded: Received['packet'];
      try {
        decoded = dnsPacket.decode(bytes) as Received['packet'];
      } catch {
        return; // The mDNS library drops it.
      }
      const records = new ServiceRecords();
      records.add({ packet: decoded, sender: 'fe80::1%eth0', zone: 'eth0' });
      for (const line of deviceLines(devicesOf(records.sightings()))) assert.doesNotMatch(line, /[\n\r\u001b]/);
      records.openQuestions();
    }),
    { numRuns: 2_000 },
  );
});

test('the interface of an address: named in it, or the one of its network', () => {
  const address = { netmask: '', mac: '', internal: false, scopeid: 0 };
  const interfaces = {
    lo: [{ ...address, address: '127.0.0.1', family: 'IPv4', cidr: '127.0.0.1/8' }],
    eth0: [{ ...address, address: '192.0.2.2', family: 'IPv4', cidr: '192.0.2.2/24' }],
    eth1: [{ ...address, address: '2001:db8::1', family: 'IPv6', cidr: '2001:db8::1/64' }],
  } as Parameters<typeof zoneOf>[1];
  assert.deepEqual(
    ['fe80::1%wlan0', '192.0.2.99', '127.0.0.33', '2001:db8::7', '198.51.100.1'].map((a) => zoneOf(a, interfaces)),
    ['wlan0', 'eth0', 'lo', 'eth1', undefined],
  );
});

/** A network in which `answer` answers each question. */
function network(answer: (ask: { name: string; type: string }[], say: (received: Received) => void) => void) {
  const asked: string[] = [];
  const open = async (onPacket: (received: Received) => void): Promise<Links> => ({
    ask(questions) {
      asked.push(...questions.map(({ name, type }) => `${type} ${name}`));
      answer(questions as { name: string; type: string }[], onPacket);
    },
    reports: [],
    refresh: async () => undefined,
    close: async () => undefined,
  });
  return { asked, open };
}

const idle = new AbortController().signal;

test('the search ends soon after the first find, and waits for those who answer a little later', async () => {
  const { open } = network((_, say) => {
    say(packet());
    setTimeout(() => say(packet({ name: 'late', sender: '192.0.2.8', addresses: ['192.0.2.8'] })), 5);
  });
  const found = await browse({ signal: idle, open, settle: 200, limit: 60_000 });
  assert.deepEqual(
    found.map(({ name }) => name),
    ['late', 'mbed-linux-os-9999'],
  );
});

test('a search for one device goes on while only others answer', async () => {
  const { open } = network((_, say) => {
    say(packet({ name: 'other' }));
    setTimeout(() => say(packet({ sender: '192.0.2.8', addresses: ['192.0.2.8'] })), 60);
  });
  const isWanted = ({ name }: { name: string }) => name === 'mbed-linux-os-9999';
  const found = await browse({ signal: idle, open, settle: 10, limit: 60_000, isWanted });
  assert.ok(found.some(isWanted));
});

test('answers in parts are completed by questions; nothing at all ends with the limit, or with Ctrl-C', async () => {
  const { open, asked } = network((questions, say) => {
    for (const { type } of questions) say(packet({ parts: [type === 'AAAA' ? 'A' : (type as 'A')] }));
  });
  const found = await browse({ signal: idle, open, settle: 10, limit: 60_000 });
  assert.deepEqual(deviceLines(found), ['1: mbed-linux-os-9999: 192.0.2.7']);
  assert.equal(asked[0], 'PTR _ssh._tcp.local');

  const silent = network(() => undefined);
  assert.deepEqual(await browse({ signal: idle, open: silent.open, limit: 20 }), []);
  assert.deepEqual(await browse({ signal: AbortSignal.abort(), open: silent.open }), []);
  await assert.rejects(browse({ signal: idle, open: async () => undefined }), { code: 'discovery.no.network' });
});

test('a .local name is asked for on the links', async () => {
  const { open } = network((_, say) => say(packet(v6)));
  assert.equal(await findHost('MBED-linux-os-9999.local', idle, { open }), 'fe80::1%eth0');
  assert.equal(await findHost('other.local', idle, { open, limit: 20 }), undefined);
});

test('a device that announces itself on the loopback interface alone is found by real packets', async (t) => {
  const { default: makeSocket } = await import('multicast-dns');
  const name = `virtual-${process.pid}`;
  const socket = makeSocket({ type: 'udp4', interface: '127.0.0.1', bind: '0.0.0.0' });
  t.after(() => socket.destroy());
  socket.on('query', ({ questions }) => {
    if (!questions?.some((question) => question.name === '_ssh._tcp.local')) return;
    const { packet: answer } = packet({ name, port: 40_022, addresses: ['127.0.0.1'] });
    socket.respond({ answers: [...(answer.answers ?? []), ...(answer.additionals ?? [])] });
  });
  const found = await browse({
    signal: idle,
    enough: (devices) => devices.some((device) => device.name === name),
    open: (onPacket) => openLinks(onPacket),
  });
  const own = found.find((device) => device.name === name);
  assert.deepEqual([own?.address, own?.port], ['127.0.0.1', 40_022]);
});
