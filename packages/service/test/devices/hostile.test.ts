import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  blockOption,
  type Code,
  codes,
  type DatagramMessage,
  decodeMessage,
  encodeMessage,
  methods,
  optionNumbers,
  textOption,
  uintOption,
} from '@mooring/coap';
import { connectTls, type SecureChannel } from '@mooring/transport';
import { carried, type Devices, deviceServers, hastyBy, TestDevice } from './devices-fixture.ts';

/** A connection on which bytes are sent as they are, with the credentials of a device that was here once. */
class Peer {
  readonly channel: SecureChannel;
  readonly heard: DatagramMessage[] = [];
  readonly ended: Promise<unknown>;
  isOver = false;
  #changed = () => {};

  constructor(channel: SecureChannel) {
    this.channel = channel;
    this.ended = new Promise<void>((resolve) =>
      channel.listen({
        message: (bytes) => {
          this.heard.push(decodeMessage(bytes));
          this.#changed();
        },
        ended: () => {
          this.isOver = true;
          this.#changed();
          resolve();
        },
      }),
    );
  }

  send(message: Pick<DatagramMessage, 'id' | 'options' | 'payload'>): void {
    this.channel.send(
      encodeMessage({ type: 'CON', code: methods.POST, token: Uint8Array.of(message.id & 0xff), ...message }),
    );
  }

  async next(): Promise<DatagramMessage | undefined> {
    while (this.heard.length === 0 && !this.isOver) await new Promise<void>((resolve) => (this.#changed = resolve));
    return this.heard.shift();
  }
}

const to = (path: string) => textOption(optionNumbers.uriPath, path);

async function peer(devices: Devices, server: 'bootstrap' | 'lwm2m'): Promise<Peer> {
  const device = new TestDevice(await carried(devices));
  await device.registered();
  device.client.stop();
  const account = device.account ?? assert.fail();
  const { key, certificate, authority } =
    server === 'lwm2m' ? account : { ...device.carried, authority: device.carried.bootstrapAuthority };
  const port = devices.ports[server];
  const credentials = { key, certificate };
  return new Peer(await connectTls({ host: '127.0.0.1', port, credentials, authorities: [authority] }));
}

async function logged({ log }: Devices, line: RegExp): Promise<void> {
  while (!log.some((each) => line.test(each))) await sleep(10);
}

test('one that answers nothing and one that sends a body without end are in nobody’s way', {
  timeout: 60_000,
}, async (t) => {
  const devices = await deviceServers(t, {}, hastyBy(40));
  const mute = await peer(devices, 'lwm2m');
  const endless = await peer(devices, 'lwm2m');
  t.after(() => [mute, endless].map(({ channel }) => channel.destroy()));

  mute.send({
    id: 1,
    options: [
      to('rd'),
      uintOption(optionNumbers.contentFormat, 40),
      textOption(optionNumbers.uriQuery, `ep=${devices.certificate.id}`),
      textOption(optionNumbers.uriQuery, 'lt=3600'),
    ],
    payload: Buffer.from('</3/0/0>,</3200/0/5501>;obs'),
  });
  const created = await mute.next();
  assert.equal(created?.code, codes.created);
  mute.channel.pause();
  const muteId = textOf(created, optionNumbers.locationPath).at(-1) ?? assert.fail();
  const ask = (deviceId: string, asyncId: string) =>
    devices.connect.requests.submit(devices.key, deviceId, {
      asyncId,
      method: 'GET',
      uri: '/3/0/0',
      payload: new Uint8Array(),
    });
  for (let index = 0; index < 2; index++) await ask(muteId, `mute ${index}`);

  const answers = new Set<Code>();
  let isEnough = false;
  const sending = (async () => {
    for (let number = 0; !isEnough; number++) {
      endless.send({
        id: 100 + (number % 60_000),
        options: [to('rd'), blockOption(optionNumbers.block1, { number, more: true, sizeExponent: 5 })],
        payload: new Uint8Array(512),
      });
      const answer = await endless.next();
      if (!answer) return;
      answers.add(answer.code);
    }
  })();

  const good = new TestDevice(await carried(devices));
  t.after(() => good.client.stop());
  await good.registered();
  await ask(good.internalEndpoint ?? assert.fail(), 'good');
  const statuses = new Map<string, unknown>();
  while (statuses.size < 3) {
    const polled = await devices.connect.channels.poll(devices.key, AbortSignal.timeout(30_000));
    assert.ok(polled, 'nothing came');
    polled.delivered();
    for (const { id, status } of (polled.message['async-responses'] ?? []) as { id: string; status: number }[]) {
      statuses.set(id, status);
    }
  }
  isEnough = true;
  await sending;
  assert.equal(statuses.get('good'), 200);
  assert.deepEqual(
    [...statuses].filter(([id]) => id !== 'good').map(([, status]) => Number(status) >= 400),
    [true, true],
  );
  assert.ok(answers.has(codes.requestEntityTooLarge), [...answers].join());
  const { rows } = await devices.domain.storage.db
    .selectFrom('registrations')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(rows), 2);
});

test('who does not register has to go', { timeout: 30_000 }, async (t) => {
  const devices = await deviceServers(t, {}, hastyBy(100));
  const { ended } = await peer(devices, 'lwm2m');
  await ended;
  await logged(devices, /^device\.unregistered: 127\.0\.0\.1 connected/);
});

test('who sends nothing but garbage is cut off, and that is logged and counted', { timeout: 30_000 }, async (t) => {
  const devices = await deviceServers(t);
  for (const server of ['bootstrap', 'lwm2m'] as const) {
    const { channel, ended } = await peer(devices, server);
    for (let index = 0; index < 20; index++) channel.send(new Uint8Array(50).fill(0xff));
    await ended;
    await logged(devices, new RegExp(`^device\\.cut: The ${server} server cut 127\\.0\\.0\\.1 off: .*understood`));
  }
  await logged(devices, /^bootstrap\.unasked/);
  const { bootstraps, listeners } = devices.servers.report;
  assert.deepEqual([bootstraps.done, bootstraps.unasked], [2, 1]);
  assert.deepEqual([listeners.bootstrap?.tls?.established, listeners.lwm2m?.tls?.established], [3, 3]);
});

const textOf = ({ options }: DatagramMessage, number: number): string[] =>
  options.filter((option) => option.number === number).map(({ value }) => Buffer.from(value).toString());
