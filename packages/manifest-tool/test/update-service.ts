import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Timers } from '@mooring/platform';

/** Timers that do not let anybody wait, and whose time goes on all the same. */
export function hastyTimers(): Timers {
  let now = 0;
  return {
    now: () => now,
    after(milliseconds, run) {
      const handle = setImmediate(() => {
        now += milliseconds;
        run();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
}

/** A request in the form of the recordings. */
export interface RecordedRequest {
  method: string;
  path: string;
  content_type: string;
  auth: string;
  len?: number;
  json?: unknown;
  parts?: { headers: string[]; len: number; text: string | null }[];
}

/** `cut` ends the connection, `silent` says nothing. */
type Answer = { status?: number; body?: unknown } | 'cut' | 'silent';

/** A Device Management service that does what a test tells it to, and writes down what it was asked. */
export class UpdateServiceDouble {
  url = '';
  readonly requests: RecordedRequest[] = [];
  /** Bodies of the last image and manifest. */
  readonly files = new Map<string, Buffer>();
  /** Each look at the campaign gives the next one; the last stays. */
  states: { state: string; phase: string; autostop_reason?: string }[] = [
    { state: 'publishing', phase: 'active' },
    { state: 'publishing', phase: 'active' },
    { state: 'publishing', phase: 'active' },
    { state: 'autostopped', phase: 'stopped' },
  ];
  counts: Record<string, number> = { success: 1 };
  devices: Record<string, unknown>[] = [];
  events: Record<string, string[]> = {};
  image: Record<string, unknown> = {};
  /** Answers instead, by `METHOD /path`; a function is asked each time and may decline. */
  instead = new Map<string, Answer | (() => Answer | undefined)>();
  /** Told of each request as it comes. */
  heard: (line: string) => void = () => undefined;
  #campaign: Record<string, unknown> = {};

  static async start(t: TestContext): Promise<UpdateServiceDouble> {
    const service = new UpdateServiceDouble();
    const server = createServer((request, response) => void service.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return service;
  }

  /** `POST /v3/firmware-images/`, in order. */
  get lines(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await request.toArray().catch(() => undefined);
    if (!body) return;
    const recorded = recordOf(request, Buffer.concat(body), this.files);
    this.requests.push(recorded);
    const line = `${recorded.method} ${recorded.path}`;
    this.heard(line);
    const told = this.instead.get(line);
    const answer = (typeof told === 'function' ? told() : told) ?? this.#answer(recorded);
    if (answer === 'cut') request.socket.destroy();
    if (answer === 'cut' || answer === 'silent') return;
    const { status = 200, body: answered } = answer;
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(answered === undefined ? undefined : JSON.stringify(answered));
  }

  #answer({ method, path, json }: RecordedRequest): Exclude<Answer, string> {
    const [kind, id, ...rest] = path.replace('/v3/', '').replace(/\/$/, '').split('/');
    const last = rest.join('/');
    if (method === 'DELETE') return { status: 204 };
    if (kind === 'firmware-images') return this.#images(method, id, last);
    if (kind === 'firmware-manifests') return { status: 201, body: { id: 'mf1', datafile: `${this.url}/mf1.bin` } };
    if (kind !== 'update-campaigns') return refusal(404, 'Not found');
    if (id === undefined) {
      this.#campaign = { id: 'cp1', description: '', state: 'draft', phase: 'draft', ...(json as object) };
      return { status: 201, body: this.#campaign };
    }
    if (method === 'PUT') return { body: { ...this.#campaign, state: 'scheduled', phase: 'starting' } };
    if (last === 'start') return { status: 202 };
    if (last === 'stop') {
      this.states = [{ state: 'userstopped', phase: 'stopped' }];
      return { status: 202 };
    }
    if (last === 'statistics') {
      return { body: { data: Object.entries(this.counts).map(([name, count]) => ({ id: name, count })) } };
    }
    if (last === 'campaign-device-metadata') return { body: { data: this.devices } };
    if (rest[0] === 'statistics') {
      return { body: { data: (this.events[rest[1] as string] ?? []).map((description) => ({ description })) } };
    }
    const state = this.states.length > 1 ? this.states.shift() : this.states[0];
    return { body: { ...this.#campaign, autostop_reason: '', ...state } };
  }

  #images(method: string, id: string | undefined, last: string): Exclude<Answer, string> {
    const image = { id: 'fw1', datafile: `${this.url}/fw1.bin`, ...this.image };
    if (id !== 'upload-jobs') return { status: method === 'POST' ? 201 : 200, body: image };
    if (last.endsWith('/chunks')) return { status: 201, body: { id: 1 } };
    return { status: method === 'POST' ? 201 : 200, body: { id: 'job1', firmware_image_id: 'fw1' } };
  }
}

export const refusal = (code: number, message: string) => ({
  status: code,
  body: { object: 'error', message, code, type: 'x', request_id: 'r', fields: [] },
});

function recordOf(request: IncomingMessage, body: Buffer, files: Map<string, Buffer>): RecordedRequest {
  const { method = '', url = '', headers } = request;
  const type = headers['content-type'] ?? '';
  const boundary = /boundary=(.*)$/.exec(type)?.[1];
  const common = {
    method,
    path: url,
    content_type: type.replace(/boundary=.*/, 'boundary=<b>'),
    auth: headers.authorization ?? '',
  };
  if (boundary !== undefined) {
    const sections = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
    return { ...common, parts: sections.map((section) => partOf(section, url, files)) };
  }
  if (type === 'application/json' && body.length > 0) return { ...common, json: JSON.parse(body.toString()) };
  return { ...common, len: body.length };
}

function partOf(section: string, url: string, files: Map<string, Buffer>) {
  const [head = '', ...rest] = section.split('\r\n\r\n');
  const content = rest.join('\r\n\r\n').slice(0, -2);
  const headers = head.split('\r\n').filter(Boolean);
  const isFile = headers.some((line) => line.includes('filename='));
  if (isFile) files.set(url.includes('manifests') ? 'manifest' : 'image', Buffer.from(content, 'latin1'));
  return {
    headers,
    len: Buffer.from(content, 'latin1').length,
    text: isFile ? null : Buffer.from(content, 'latin1').toString(),
  };
}
