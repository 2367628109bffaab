import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createApiKey } from '../src/accounts/index.ts';
import { createHttpServer } from '../src/http/index.ts';
import type { Devices } from '../test/devices/devices-fixture.ts';

type Told = Record<string, unknown>;

/** An application of devices: it has an API key, and nothing but REST. */
export interface Application {
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: Told }>;
  /** Asks a device, and waits for what it answers: status, and payload as text. */
  ask(deviceId: string, method: string, uri: string, payload?: string): Promise<[status: unknown, payload: string]>;
  /** The next of this kind that comes by long polling. */
  told(part: 'async-responses' | 'notifications' | 'registrations' | 'de-registrations'): Promise<Told[]>;
}

const textOf = (payload: unknown): string => Buffer.from(String(payload ?? ''), 'base64').toString();

export async function application(t: { after(done: () => unknown): void }, devices: Devices): Promise<Application> {
  const app = createHttpServer(devices.domain, { connect: devices.connect });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const at = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const { key } = await createApiKey(devices.domain, devices.actor, { name: 'application' });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const request: Application['request'] = async (method, path, body) => {
    const response = await fetch(at + path, {
      ...{ method, headers, signal: AbortSignal.timeout(60_000) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Told) : {} };
  };
  const told: Application['told'] = async (part) => {
    for (;;) {
      const { status, body } = await request('GET', '/v2/notification/pull');
      assert.ok(status === 200 || status === 204, String(status));
      if (body[part]) return body[part] as Told[];
    }
  };
  let asked = 0;
  return {
    request,
    told,
    async ask(deviceId, method, uri, payload) {
      const id = `ask-${asked++}`;
      const body = {
        ...{ method, uri },
        ...(payload === undefined
          ? {}
          : { 'content-type': 'text/plain', 'payload-b64': Buffer.from(payload).toString('base64') }),
      };
      const { status, body: said } = await request('POST', `/v2/device-requests/${deviceId}?async-id=${id}`, body);
      assert.equal(status, 202, JSON.stringify(said));
      const answer = (await told('async-responses')).find((each) => each.id === id);
      return [answer?.status, textOf(answer?.payload)];
    },
  };
}
