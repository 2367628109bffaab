import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  blockOption,
  codes,
  codeText,
  type DatagramMessage,
  decodeMessage,
  encodeMessage,
  findBlock,
  findUint,
  methods,
  noBytes,
  type Option,
  optionNumbers,
  textOption,
} from '@mooring/coap';
import type { SecureChannel } from '@mooring/transport';
import { coapSource } from '../../../device/src/updates/download/coap.ts';
import { downloadImage } from '../../../device/src/updates/download/download.ts';
import { deleteFirmwareImage, type FirmwareImage } from '../../src/updates/images/image.ts';
import { carried, type Devices, deviceServers, hastyBy } from '../devices/devices-fixture.ts';
import { uploaded, watchBlobs } from './image-fixture.ts';
import { UpdatableDevice } from './updatable-device.ts';

const block512 = 5;

/** A device whose messages are seen as they are in the records, and that sends some of its own. */
class WatchedDevice extends UpdatableDevice {
  readonly sent: DatagramMessage[] = [];
  readonly received: DatagramMessage[] = [];
  /** Of the requests that are not the client's. */
  readonly #waiting = new Map<string, (answer: DatagramMessage) => void>();
  #channel: SecureChannel | undefined;
  #next = 0;

  override async connect(to: 'bootstrap' | 'server', signal: AbortSignal): Promise<SecureChannel> {
    const channel = await super.connect(to, signal);
    this.#channel = channel;
    const { kind, peer, alpn } = channel;
    return {
      kind,
      peer,
      alpn,
      get lastHeard() {
        return channel.lastHeard;
      },
      get pending() {
        return channel.pending;
      },
      send: (data) => {
        this.sent.push(decodeMessage(data));
        return channel.send(data);
      },
      listen: (listener) =>
        channel.listen({
          message: (data) => {
            if (!this.#take(decodeMessage(new Uint8Array(data)), channel)) listener.message(data);
          },
          drained: () => listener.drained?.(),
          ended: (end) => listener.ended(end),
        }),
      pause: () => channel.pause(),
      resume: () => channel.resume(),
      close: () => channel.close(),
      destroy: (error) => channel.destroy(error),
    };
  }

  /** One request with a token of its own. */
  ask(options: readonly Option[]): Promise<DatagramMessage> {
    const number = this.#next++;
    const token = Uint8Array.of(0xee, 0xee, number >> 8, number);
    const id = 0x8000 + number;
    return new Promise((resolve) => {
      this.#waiting.set(Buffer.from(token).toString('hex'), resolve);
      this.#channel?.send(encodeMessage({ type: 'CON', code: methods.GET, id, token, options, payload: noBytes }));
    });
  }

  #take(message: DatagramMessage, channel: SecureChannel): boolean {
    this.received.push(message);
    const key = Buffer.from(message.token).toString('hex');
    const resolve = this.#waiting.get(key);
    if (!resolve) return false;
    if (message.type === 'CON') {
      const { id } = message;
      channel.send(
        encodeMessage({ type: 'ACK', code: codes.empty, id, token: noBytes, options: [], payload: noBytes }),
      );
    }
    this.#waiting.delete(key);
    resolve(message);
    return true;
  }
}

interface Fetching {
  devices: Devices;
  device: WatchedDevice;
  image: FirmwareImage;
  uri: string;
  blobs: { open: number };
}

async function fetching(t: TestContext, content: Uint8Array): Promise<Fetching> {
  const devices = await deviceServers(t, { downloadUrl: 'coaps://updates.example' });
  const { image, uri } = await uploaded(devices.domain, devices.actor, content);
  const blobs = watchBlobs(devices.domain);
  const device = new WatchedDevice(await carried(devices));
  t.after(() => device.client.stop());
  await device.registered();
  return { devices, device, image, uri, blobs };
}

const asked = (uri: string, number: number, sizeExponent = block512, path = 'fw'): Option[] => [
  textOption(optionNumbers.uriPath, path),
  blockOption(optionNumbers.block2, { number, more: false, sizeExponent }),
  textOption(optionNumbers.proxyUri, uri),
];

const blockOf = ({ options }: DatagramMessage) => findBlock(options, optionNumbers.block2);
const size2 = ({ options }: DatagramMessage) => findUint(options, optionNumbers.size2);

test('block after block, each with a new token: the size in the first, the last one short', async (t) => {
  const content = randomBytes(2100);
  const { device, uri } = await fetching(t, content);
  for (let number = 0; number < 5; number++) {
    const answer = await device.ask(asked(uri, number));
    assert.equal(codeText(answer.code), '2.05');
    assert.deepEqual(blockOf(answer), { number, more: number < 4, sizeExponent: block512 });
    assert.equal(size2(answer), number === 0 ? 2100 : undefined);
    assert.deepEqual(Buffer.from(answer.payload), content.subarray(number * 512, number * 512 + 512));
  }
});

test('an image of whole blocks ends with a whole one, and after it there is nothing', async (t) => {
  const content = randomBytes(1024);
  const { device, uri } = await fetching(t, content);
  const last = await device.ask(asked(uri, 1));
  assert.deepEqual([blockOf(last)?.more, last.payload.length], [false, 512]);
  assert.equal(codeText((await device.ask(asked(uri, 2))).code), '4.00');
});

test('a download that begins in its middle, in smaller blocks, and by the other name', async (t) => {
  const content = randomBytes(2100);
  const { device, uri } = await fetching(t, content);
  const middle = await device.ask(asked(uri, 3));
  assert.deepEqual(Buffer.from(middle.payload), content.subarray(1536, 2048));
  const small = await device.ask(asked(uri, 10, 2));
  assert.deepEqual(blockOf(small), { number: 10, more: true, sizeExponent: 2 });
  assert.deepEqual(Buffer.from(small.payload), content.subarray(640, 704));
  const other = await device.ask(asked(uri, 1, block512, 'download'));
  assert.deepEqual(Buffer.from(other.payload), content.subarray(512, 1024));
});

test('whose link it is not is refused: the service fetches from nowhere else', async (t) => {
  const { device, devices, uri, image } = await fetching(t, randomBytes(600));
  const unknown = uri.replace(image.link, 'A'.repeat(27));
  for (const [address, code] of [
    ['http://elsewhere.example/firmware.bin', '5.05'],
    ['http://127.0.0.1:22/', '5.05'],
    ['file:///etc/passwd', '5.05'],
    ['fw.bin', '5.05'],
    [unknown, '4.04'],
    [uri.replace('/f/', '/m/'), '4.04'],
  ] as const) {
    assert.equal(codeText((await device.ask(asked(address, 0))).code), code, address);
  }
  const bare = await device.ask([textOption(optionNumbers.uriPath, 'fw')]);
  assert.equal(codeText(bare.code), '4.00', 'no address');
  assert.equal(codeText((await device.ask(asked(uri, 0))).code), '2.05', 'and the connection lives');
  assert.deepEqual(
    devices.log.filter((line) => /fault/.test(line)),
    [],
  );
});

test('a link that has ended, one whose image is deleted, and one whose blob is lost', async (t) => {
  const content = randomBytes(600);
  const { device, devices, uri, image } = await fetching(t, content);
  const { domain, actor } = devices;
  const expire = (expires_at: number | null) =>
    domain.storage.db.updateTable('firmware_images').set({ expires_at }).where('id', '=', image.id).execute();
  const code = async (address: string) => codeText((await device.ask(asked(address, 0))).code);
  await expire(1);
  assert.equal(await code(uri), '4.04');
  await expire(null);
  assert.equal(await code(uri), '2.05');
  const lost = await uploaded(domain, actor, randomBytes(700));
  await domain.blobs.remove(lost.image.blob);
  assert.equal(await code(lost.uri), '4.04');
  const deleted = await uploaded(domain, actor, randomBytes(700));
  await deleteFirmwareImage(domain, actor, deleted.image.id);
  assert.equal(await code(deleted.uri), '4.04');
});

async function downloadBy({ device, uri }: Fetching, t: TestContext, content: Uint8Array, wanted = content) {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-coap-download-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const digest = createHash('sha256').update(wanted).digest('hex');
  const source = coapSource((request, offset) => device.client.download(request, { offset }));
  const world = { folder, timers: hastyBy(20), signal: new AbortController().signal };
  return (progress?: (bytes: number) => void) =>
    downloadImage(
      { uri, size: wanted.length, digest },
      { ...world, source: () => source, ...(progress && { progress }) },
    );
}

const requestsFor = ({ sent }: WatchedDevice): DatagramMessage[] =>
  sent.filter(
    ({ code, options }) => code === methods.GET && options.some(({ number }) => number === optionNumbers.proxyUri),
  );

test("our client fetches its image over the service's connection, as Pelion's do", async (t) => {
  const content = randomBytes(20_100);
  const one = await fetching(t, content);
  const download = await downloadBy(one, t, content);
  assert.deepEqual(await readFile(await download()), content);
  const requests = requestsFor(one.device);
  const blocks = requests.map((message) => blockOf(message)?.number);
  assert.deepEqual(blocks, [...blocks.keys()]);
  assert.equal(new Set(requests.map(({ token }) => Buffer.from(token).toString('hex'))).size, requests.length);
  await until('the blob to be closed', () => one.blobs.open === 0);
});

test('a connection that breaks at a block: the download goes on there over the next one', async (t) => {
  const content = randomBytes(20_100);
  const one = await fetching(t, content);
  const download = await downloadBy(one, t, content);
  let broken: number | undefined;
  const path = await download((bytes) => {
    if (broken !== undefined || bytes < 8000) return;
    broken = bytes;
    one.device.client.breakConnection();
  });
  assert.deepEqual(await readFile(path), content);
  const numbers = requestsFor(one.device).map((message) => blockOf(message)?.number);
  assert.ok(broken !== undefined);
  // The block on its way when it broke may be asked for once more, and no other.
  assert.deepEqual([...new Set(numbers)], [...Array(40).keys()]);
  assert.ok(numbers.length <= 41, numbers.join());
  await until('the blobs to be closed', () => one.blobs.open === 0);
});

test('an image that is not what its manifest says, or not there, is not asked for again and again', async (t) => {
  const content = randomBytes(3000);
  const one = await fetching(t, content);
  const longer = await downloadBy(one, t, content, randomBytes(3001));
  await assert.rejects(longer(), { code: 'update.image.wrong' });
  await deleteFirmwareImage(one.devices.domain, one.devices.actor, one.image.id);
  const gone = await downloadBy(one, t, content);
  await assert.rejects(gone(), { code: 'update.image.wrong' });
  assert.equal(requestsFor(one.device).length, 2);
});

async function until(what: string, is: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!is()) {
    if (performance.now() > deadline) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
