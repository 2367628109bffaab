import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { ObjectTree, type Path } from '@mooring/lwm2m';
import { createDelta } from '@mooring/manifest';
import { backgroundTimers, type RandomAccess, type Timers } from '@mooring/platform';
import type { ClientLog } from '../../src/cloud-client/log.ts';
import { ServiceUpdates } from '../../src/updates/orders/service-updates.ts';
import type { UpdateTarget } from '../../src/updates/orders/target.ts';
import { classId, hex, Owner, sha256, vendorId } from './owner.ts';
import { newPayload, oldDisk, SimulatedBoard, softwareOf } from './simulated-board.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

const timers: Timers = { now: backgroundTimers.now, after: (ms, run) => backgroundTimers.after(ms / 1000, run) };

let server: Server;
const images = new Map<string, Uint8Array>();
/** Bytes after which the server breaks the connection. */
let breaksAfter = Number.POSITIVE_INFINITY;
let answered: () => void = () => undefined;

before(async () => {
  server = createServer((request, response) => {
    answered();
    const image = images.get(request.url ?? '');
    if (!image) return void response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      'Content-Length': image.length - start,
      ...(start > 0 ? { 'Content-Range': `bytes ${start}-${image.length - 1}/${image.length}` } : {}),
    });
    const end = start + breaksAfter;
    if (end >= image.length) response.end(image.subarray(start));
    else response.write(image.subarray(start, end), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const publish = (path: string, image: Uint8Array): string => {
  images.set(path, image);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
};

const bytesOf = async (source: RandomAccess | undefined): Promise<Buffer> =>
  Buffer.from((await source?.read(0, source.size)) ?? []);

/** A device over its restarts: one disk, one folder of downloads. */
class Device {
  readonly owner: Owner;
  readonly folder: string;
  board: SimulatedBoard;
  certificate: Uint8Array;
  updates: ServiceUpdates | undefined;
  tree = new ObjectTree();
  /** States and results that the server heard, over all restarts. */
  readonly told: string[] = [];
  readonly log: string[] = [];
  restarts: string[] = [];
  confirmWithin = 900_000;
  #waiting: { wanted: () => boolean; resolve: () => void }[] = [];

  constructor(owner: Owner, folder: string, disk: SimulatedDisk = oldDisk()) {
    this.owner = owner;
    this.certificate = owner.certificate;
    this.folder = folder;
    this.board = new SimulatedBoard(disk);
  }

  async start(registers = true): Promise<void> {
    this.tree = new ObjectTree();
    const say = (text: string) => void this.log.push(text);
    const log: ClientLog = { error: say, warn: say, info: say, debug: say, reopen: () => {}, close: () => {} };
    const installer = await this.board.open();
    const target: UpdateTarget = {
      folder: this.folder,
      confirmWithin: this.confirmWithin,
      recover: () => installer.recover(),
      installation: async () => ({ running: await installer.running(), last: installer.state.last }),
      install: (request) => installer.install(request),
      confirm: () => installer.confirm(),
      giveUp: (failure) => installer.giveUp(failure),
      reported: () => installer.reported(),
      startApplications: async () => [],
      restart: async (what) => {
        this.restarts.push(what);
        this.#look();
      },
    };
    this.tree.listen({
      valueChanged: (path: Path) => {
        if (path[0] !== 10252 || (path[2] !== 2 && path[2] !== 3)) return;
        this.told.push(`${path[2] === 2 ? 'state' : 'result'} ${this.value(...path)}`);
        this.#look();
      },
      structureChanged: () => undefined,
    });
    this.updates = new ServiceUpdates({
      target,
      tree: this.tree,
      timers,
      log,
      credentials: async () => ({
        certificate: this.certificate,
        vendorId,
        classId,
        deviceId: undefined,
        time: { at: new Date('2027-01-01T00:00:00Z'), source: 'a test', atLeast: true },
      }),
      replaceCertificate: async (certificate) => {
        this.certificate = certificate;
      },
      heard: async () => true,
      download: () => undefined,
      fault: (error) => {
        throw error;
      },
    });
    if ((await this.updates.start()) && registers) this.updates.registered();
  }

  /** The power is cut and comes back. */
  async reboot(registers = true): Promise<void> {
    await this.updates?.stop();
    this.board = new SimulatedBoard(this.board.disk.afterPowerCut(() => true));
    await this.start(registers);
  }

  value(...path: number[]): unknown {
    const node = this.tree.read(path);
    return node && 'value' in node ? node.value : undefined;
  }

  order(manifest: Uint8Array): void {
    const outcome = this.tree.source([10252, 0])?.execute?.(1, manifest);
    assert.equal(outcome, undefined);
  }

  until(wanted: () => boolean): Promise<void> {
    if (wanted()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  /** Until an update has ended: a result, then idle. */
  ended(): Promise<void> {
    return this.until(() => this.told.at(-1) === 'state 1' && this.told.some((one) => /^result [^-]/.test(one)));
  }

  #look(): void {
    for (const { wanted, resolve } of this.#waiting) if (wanted()) resolve();
    this.#waiting = this.#waiting.filter(({ wanted }) => !wanted());
  }
}

async function device(t: TestContext, owner = new Owner()): Promise<Device> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-orders-'));
  const made = new Device(owner, folder);
  t.after(async () => {
    await made.updates?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await made.start();
  return made;
}

test('applications by a v1 manifest: states in their order, success, and what runs', async (t) => {
  const one = await device(t);
  const image = await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]);
  one.order(await one.owner.v1(image, publish('/apps', image), 1_746_057_600n));
  await one.ended();
  assert.deepEqual(one.told, [
    'result -1',
    'state 2',
    'state 3',
    'state 4',
    'state 5',
    'state 6',
    'state 7',
    'result 100',
    'state 1',
  ]);
  assert.equal(softwareOf(one.board).apps[0], 'new one');
  assert.deepEqual([one.value(10252, 0, 5), one.value(10252, 0, 6)], [hex(sha256(image)), '1746057600']);
});

test('a root by a v3 manifest: restart, trial, and success once it is registered', async (t) => {
  const one = await device(t);
  breaksAfter = 500;
  t.after(() => {
    breaksAfter = Number.POSITIVE_INFINITY;
  });
  const image = await bytesOf((await newPayload({ root: true, apps: ['two'] })).payloads[0]);
  one.order(await one.owner.v3(image, publish('/root', image), '1.2.3'));
  await one.until(() => one.restarts.length > 0);
  assert.deepEqual(one.restarts, ['device']);
  assert.deepEqual(one.told, ['result -1', 'state 2', 'state 3', 'state 4', 'state 6', 'state 7', 'state 8']);
  await one.reboot(false);
  assert.equal(one.value(14, 0, 2), '1.2.3', 'the new one runs, on trial');
  one.updates?.registered();
  await one.ended();
  assert.deepEqual(one.told.slice(-2), ['result 18', 'state 1']);
  await one.reboot();
  assert.deepEqual(one.told.slice(-2), ['result 18', 'state 1'], 'it is told once');
  assert.equal(one.board.root, 'n');
});

test('a root that does not reach the service in time: the old one is back, and the failure is told', async (t) => {
  const one = await device(t);
  const image = await bytesOf((await newPayload({ root: true })).payloads[0]);
  one.order(await one.owner.v3(image, publish('/deaf', image), '1.2.3'));
  await one.until(() => one.restarts.length > 0);
  one.confirmWithin = 1;
  await one.reboot(false);
  await one.until(() => one.restarts.length > 1);
  await one.reboot();
  await one.ended();
  assert.deepEqual(one.told.slice(-2), ['result 40', 'state 1']);
  assert.deepEqual([one.board.root, one.value(14, 0, 2)], ['o', '0.0.0']);
});

test('a power cut while it downloads: the order is kept, and the download goes on', async (t) => {
  const one = await device(t);
  const image = await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]);
  breaksAfter = 300;
  t.after(() => {
    breaksAfter = Number.POSITIVE_INFINITY;
    answered = () => undefined;
  });
  let count = 0;
  const third = new Promise<void>((resolve) => {
    answered = () => void (++count === 3 && resolve());
  });
  one.order(await one.owner.v1(image, publish('/cut', image), 1_746_057_600n));
  await third;
  await one.reboot();
  breaksAfter = Number.POSITIVE_INFINITY;
  await one.ended();
  assert.equal(one.told.at(-2), 'result 100');
  assert.equal(softwareOf(one.board).apps[0], 'new one');
});

test('a tampered image and a stranger are refused, and nothing changes', async (t) => {
  const one = await device(t);
  const before = softwareOf(one.board);
  const image = await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]);
  const tampered = Buffer.from(image);
  tampered.writeUInt8(tampered.readUInt8(900) ^ 1, 900);
  one.order(await one.owner.v1(image, publish('/tampered', tampered), 1_746_057_600n));
  await one.ended();
  assert.equal(one.told.at(-2), 'result 309');
  one.told.length = 0;
  one.order(await new Owner().v1(image, publish('/stranger', image), 1_746_057_600n));
  await one.ended();
  assert.deepEqual(one.told, ['result -1', 'state 2', 'result 208', 'state 1']);
  assert.deepEqual(softwareOf(one.board), before);
  assert.deepEqual(
    (await readdir(one.folder)).filter((name) => name.endsWith('.bin')),
    [],
  );
});

test('the same manifest again is a success at once; two that cross each other are taken one after the other', async (t) => {
  const one = await device(t);
  const [first, second] = [
    await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]),
    await bytesOf((await newPayload({ apps: ['one', 'two'] })).payloads[0]),
  ];
  const manifest = await one.owner.v1(first, publish('/1', first), 1_746_057_600n);
  one.order(manifest);
  one.order(await one.owner.v1(second, publish('/2', second), 1_746_057_700n));
  await one.until(() => one.told.filter((each) => each === 'result 100').length === 2 && one.told.at(-1) === 'state 1');
  assert.equal(one.value(10252, 0, 6), '1746057700');
  one.told.length = 0;
  one.order(await one.owner.v1(second, publish('/2', second), 1_746_057_700n));
  await one.ended();
  assert.deepEqual(one.told, ['result -1', 'state 2', 'result 100', 'state 1']);
  one.told.length = 0;
  one.order(manifest);
  await one.ended();
  assert.equal(one.told.at(-2), 'result 221', 'an older one is not');
});

test('a delta goes by the image that was kept; without that image it is refused', async (t) => {
  const one = await device(t);
  const [old, next] = [
    await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]),
    await bytesOf((await newPayload({ apps: ['one', 'two'] })).payloads[0]),
  ];
  one.order(await one.owner.v3(old, publish('/old', old), '1.0.0'));
  await one.ended();
  const { delta } = createDelta(old, next);
  const metadata = { installedSize: next.length, installedDigest: sha256(next), precursorDigest: sha256(old) };
  const manifest = (version: string) =>
    one.owner.v3(delta, publish('/delta', delta), version, { payloadFormat: 5, payloadMetadata: metadata });
  one.told.length = 0;
  one.order(await manifest('1.1.0'));
  await one.ended();
  assert.equal(one.told.at(-2), 'result 18');
  assert.equal(one.value(10252, 0, 5), hex(sha256(next)));
  assert.equal(softwareOf(one.board).apps[1], 'new two');
  one.told.length = 0;
  one.order(await manifest('1.2.0'));
  await one.ended();
  assert.equal(one.told.at(-2), 'result 32');
});

test('an expired certificate installs its own signed successor, and with that what follows', async (t) => {
  const owner = new Owner('2026-06-01T00:00:00Z');
  const one = await device(t, owner);
  const image = await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]);
  const software = await owner.v3(image, publish('/late', image), '1.0.0');
  one.order(software);
  await one.ended();
  assert.equal(one.told.at(-2), 'result 23');
  one.told.length = 0;
  const next = owner.certify('2046-01-01T00:00:00Z');
  const vendorData = new TextEncoder().encode('mooring/1 successor');
  one.order(await owner.v3(next, publish('/successor', next), '0.0.1', { vendorData }));
  await one.ended();
  assert.equal(one.told.at(-2), 'result 18');
  assert.deepEqual(Buffer.from(one.certificate), Buffer.from(next));
  assert.equal(one.value(14, 0, 2), '0.0.0', 'no software was changed');
  one.told.length = 0;
  one.order(software);
  await one.ended();
  assert.equal(one.told.at(-2), 'result 18');
});

test('standard firmware update: downloaded, and installed when the server says so', async (t) => {
  const one = await device(t);
  const image = await bytesOf((await newPayload({ apps: ['one'] })).payloads[0]);
  const manifest = await one.owner.v3(image, publish('/std', image), '1.0.0');
  const source = one.tree.source([5, 0]);
  await source?.write?.([{ kind: 'resource', id: 0, value: manifest }], 'update', []);
  await one.until(() => one.told.at(-1) === 'state 6');
  assert.deepEqual([one.value(5, 0, 3), one.value(5, 0, 5)], [2, 0]);
  assert.equal(await source?.execute?.(2, new Uint8Array()), undefined);
  await one.ended();
  assert.deepEqual([one.value(5, 0, 3), one.value(5, 0, 5), one.value(5, 0, 7)], [0, 1, '1.0.0']);
});
