import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ObjectTree, resource } from '@mooring/lwm2m';
import { Applications } from '../../src/cloud-client/applications.ts';

interface Line {
  id?: number;
  result?: Record<string, unknown>;
  error?: { code: string; message: string };
  event?: string;
  path?: string;
  value?: unknown;
  payload?: string;
}

class Application {
  readonly socket: Socket;
  readonly lines: Line[] = [];
  #rest = '';
  #next = 0;

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (this.#rest + chunk).split('\n');
      this.#rest = parts.pop() ?? '';
      this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
    });
  }

  async line(found: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const line = this.lines.find(found);
      if (line) return line;
      await once(this.socket, 'data');
    }
  }

  async ask(method: string, params: unknown): Promise<Line> {
    const id = ++this.#next;
    this.socket.write(`${JSON.stringify({ id, method, params })}\n`);
    return this.line((line) => line.id === id);
  }
}

async function applications(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'app-'));
  const path = join(folder, 'run', 'resources.sock');
  const tree = new ObjectTree();
  const all = new Applications(tree, path);
  await all.listen();
  t.after(() => {
    all.close();
    rmSync(folder, { recursive: true });
  });
  const open = () => {
    const application = new Application(path);
    t.after(() => application.socket.destroy());
    return application;
  };
  return { tree, path, open };
}

const thermometer = {
  object: 3303,
  instance: 0,
  resources: [
    { id: 5700, type: 'float', operations: 'R', observable: true, value: 21.5 },
    { id: 5605, type: 'none', operations: 'E' },
    { id: 5750, type: 'string', operations: 'RW', value: 'cellar' },
  ],
};

test('an application defines an object, sets it, is told of writes and executes, and its objects go with it', async (t) => {
  const { tree, path, open } = await applications(t);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  const application = open();
  assert.deepEqual((await application.ask('define', thermometer)).result, {});
  const source = tree.source([3303, 0]);
  assert.equal(source?.read(5700), 21.5);
  await application.ask('set', { path: '/3303/0/5700', value: 22 });
  assert.equal(source?.read(5700), 22);

  source?.write?.([resource(5750, 'attic')], 'update', []);
  const written = await application.line((line) => line.event === 'written');
  assert.deepEqual([written.path, written.value], ['/3303/0/5750', 'attic']);
  assert.deepEqual((await application.ask('get', { path: '/3303/0/5750' })).result, { value: 'attic' });
  source?.execute?.(5605, Buffer.from('0'));
  const executed = await application.line((line) => line.event === 'executed');
  assert.deepEqual([executed.path, executed.payload], ['/3303/0/5605', 'MA==']);

  const second = open();
  assert.deepEqual((await second.ask('define', { ...thermometer, instance: 1 })).result, {});
  application.socket.end();
  await once(application.socket, 'close');
  // The server's side learns of it a moment later.
  while (tree.source([3303, 0])) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(tree.source([3303, 1]), 'of another application');
});

const refused: [what: string, method: string, params: unknown, message: RegExp][] = [
  ['an object of the client', 'define', { ...thermometer, object: 3 }, /client's own/],
  ['no resources', 'define', { ...thermometer, resources: [] }, /resources/],
  ['a type that is none', 'define', { ...thermometer, resources: [{ id: 1, type: 'bool' }] }, /type bool/],
  [
    'a value of another type',
    'define',
    { ...thermometer, resources: [{ id: 1, type: 'integer', value: 'x' }] },
    /integer/,
  ],
  ['operations that are none', 'define', { ...thermometer, resources: [{ id: 1, operations: 'X' }] }, /operations/],
  ['a number that is none', 'define', { ...thermometer, instance: 70_000 }, /instance/],
  ['a resource that is not its own', 'set', { path: '/3/0/0', value: 'x' }, /not|no resource/],
  ['a path that is none', 'set', { path: '../etc', value: 'x' }, /no resource/],
  ['an instance that is not its own', 'remove', { object: 1, instance: 0 }, /not defined/],
  ['a method that is none', 'list', {}, /no method/],
];

for (const [what, method, params, message] of refused) {
  test(`refused: ${what}`, async (t) => {
    const { tree, open } = await applications(t);
    const answer = await open().ask(method, params);
    assert.equal(answer.error?.code, 'client.resource.invalid');
    assert.match(answer.error?.message ?? '', message);
    assert.equal(tree.source([3303, 0]), undefined);
  });
}

test('what is no JSON is refused, and the connection goes on', async (t) => {
  const { open } = await applications(t);
  const application = open();
  application.socket.write('{\n[]\n"x"\n');
  await application.line((line) => line.error !== undefined);
  assert.deepEqual((await application.ask('define', thermometer)).result, {});
});

test('a line without end ends the connection', async (t) => {
  const { open } = await applications(t);
  const { socket } = open();
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write('x'.repeat(300 * 1024));
  await closed;
});
