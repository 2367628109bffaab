import type { Timers } from '@mooring/platform';
import { type FakeTime, fakeTime } from '@mooring/platform/testing';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { createApiKey, firstStart, newId, operator } from '../../src/accounts/index.ts';
import {
  Connect,
  type DeviceAnswer,
  type DeviceLinks,
  type DeviceOperation,
  defaultConnectLimits,
  LinkFailure,
  type LinkFailureReason,
  type RegisteredDevice,
} from '../../src/connect/index.ts';
import { createHttpServer } from '../../src/http/index.ts';
import { openVault } from '../../src/keys/vault.ts';
import type { RegisteredResource } from '../../src/registry/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { type Domain, domainOf } from '../../src/storage/context.ts';
import { openStorage } from '../../src/storage/index.ts';

/** Devices that answer as a test says, and remember what they were asked. */
export class ScriptedLinks implements DeviceLinks {
  readonly asked: (DeviceOperation & { deviceId: string })[] = [];
  readonly observed: string[] = [];
  readonly cancelled: string[] = [];
  readonly connected = new Set<string>();
  answer: (operation: DeviceOperation) => DeviceAnswer | LinkFailureReason | Promise<DeviceAnswer> = () => ({
    code: 0x45,
    contentFormat: 0,
    maxAge: 0,
    payload: Buffer.from('7'),
  });

  isReachable = (deviceId: string): boolean => this.connected.has(deviceId);

  async send(deviceId: string, operation: DeviceOperation): Promise<DeviceAnswer> {
    this.asked.push({ deviceId, ...operation });
    return this.#answered(operation);
  }

  async observe(deviceId: string, path: string): Promise<DeviceAnswer> {
    this.observed.push(`${deviceId}${path}`);
    return this.#answered({ method: 'GET', path, query: [], payload: new Uint8Array() });
  }

  async cancelObservation(deviceId: string, path: string): Promise<void> {
    this.cancelled.push(`${deviceId}${path}`);
  }

  async #answered(operation: DeviceOperation): Promise<DeviceAnswer> {
    const answer = await this.answer(operation);
    if (typeof answer === 'string') throw new LinkFailure(answer);
    return answer;
  }
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  body: any;
}

export interface Fixture {
  domain: Domain;
  time: FakeTime;
  app: FastifyInstance;
  connect: Connect;
  links: ScriptedLinks;
  accountId: string;
  key: string;
  otherKey: string;
  /** Callbacks that were made; what they answer is `callbackStatus`. */
  callbacks: { url: string; headers: Readonly<Record<string, string>>; body: string; at: number }[];
  callbackStatus: number | undefined;
  /** Puts a device with a registration into the directory. */
  device(
    resources?: readonly RegisteredResource[],
    more?: { queueMode?: boolean; endpointType?: string },
  ): Promise<RegisteredDevice>;
  request(
    method: InjectOptions['method'],
    url: string,
    options?: { key?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
}

export const light: readonly RegisteredResource[] = [
  { path: '/3/0/0', rt: 'Manufacturer' },
  { path: '/3200/0/5501', obs: true },
  { path: '/3201/0/5853', obs: true },
  { path: '/10252/0/2', rt: 'State', aobs: 478 },
];

type Test = { after(done: () => Promise<void>): void };

/** A service with the connect interface, devices that a test scripts, and time that a test lets pass. */
export async function connectService(test: Test, { timers }: { timers?: Timers } = {}): Promise<Fixture> {
  const time = fakeTime('2026-11-28T10:00:00Z');
  const domain = domainOf({
    storage: await openStorage({ folder: ':memory:', clock: time.clock }),
    vault: openVault(new Uint8Array(32).fill(7)),
    clock: time.clock,
    settings: { publicHost: 'service.example', bootstrapPort: 5684, lwm2mPort: 5685, limits: defaultLimits },
  });
  const { accountId } = await firstStart(domain);
  const key = (await createApiKey(domain, operator(accountId), { name: 'one' })).key;
  const otherKey = (await createApiKey(domain, operator(accountId), { name: 'two' })).key;
  const links = new ScriptedLinks();
  const fixture = { callbacks: [], callbackStatus: 204 } as unknown as Fixture;
  const connect = new Connect(domain, {
    timers: timers ?? time.timers,
    limits: { ...defaultConnectLimits, queueBytes: 20_000 },
    send: async ({ url, headers }, body) => {
      fixture.callbacks.push({ url, headers, body, at: time.clock.now().getTime() });
      return fixture.callbackStatus;
    },
  });
  await connect.start(links);
  const app = createHttpServer(domain, { connect });
  test.after(async () => {
    connect.stop();
    await app.close();
    await domain.storage.close();
  });

  let devices = 0;
  return Object.assign(fixture, {
    domain,
    time,
    app,
    connect,
    links,
    accountId,
    key,
    otherKey,
    async device(
      resources: readonly RegisteredResource[] = light,
      { queueMode = false, endpointType = 'default' }: { queueMode?: boolean; endpointType?: string } = {},
    ) {
      const deviceId = newId(time.clock);
      const now = time.clock.now().getTime();
      const endpointName = `lamp-${++devices}`;
      await domain.storage.db
        .insertInto('devices')
        .values({
          id: deviceId,
          account_id: accountId,
          endpoint_name: endpointName,
          name: endpointName,
          state: 'registered',
          lifecycle_status: 'enabled',
          device_execution_mode: 1,
          mechanism: 'connector',
          auto_update: 1,
          operator_suspended: 0,
          created_at: now,
          updated_at: now,
        } as never)
        .execute();
      await domain.storage.db
        .insertInto('registrations')
        .values({
          device_id: deviceId,
          account_id: accountId,
          location: `rd/${accountId}/${deviceId}`,
          endpoint_name: endpointName,
          endpoint_type: endpointType,
          lifetime: 3600,
          expires_at: now + 3_600_000,
          version: '1.0',
          binding: 'U',
          queue_mode: queueMode ? 1 : 0,
          address: null,
          resources_json: JSON.stringify(resources),
          registered_at: now,
          updated_at: now,
        })
        .execute();
      return { deviceId, accountId, endpointName, endpointType, queueMode, resources };
    },
    async request(
      method: InjectOptions['method'],
      url: string,
      options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
    ) {
      const { body } = options;
      const answer = await app.inject({
        method: method ?? 'GET',
        url,
        headers: {
          authorization: `Bearer ${options.key ?? key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = answer.payload;
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text,
        body: /^[[{]/.test(text) ? JSON.parse(text) : undefined,
      };
    },
  });
}

/** What the channel of a key has to tell now; undefined for nothing. */
export async function pulled(fixture: Fixture, key = fixture.key): Promise<Record<string, unknown[]> | undefined> {
  const answer = fixture.request('GET', '/v2/notification/pull', { key });
  // A poll that finds nothing waits; the others are answered before time passes.
  for (let turn = 0; turn < 50; turn++) await fixture.time.settle();
  await fixture.time.advance(defaultConnectLimits.pollWait);
  const { status, body } = await answer;
  return status === 200 ? body : undefined;
}

/** The entries of one of a message's lists. */
export const listed = <Entry>(message: Record<string, unknown[]> | undefined, part: string): Entry[] =>
  (message?.[part] ?? []) as Entry[];
