// What Arm's Python mbl-cli sent and wrote in its whole flow, recorded against Mooring, is sent again to the service and the
// virtual device of today, and its stores are read by our mbl-cli.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'ssh2';
import { Chain } from './chain.ts';

interface Recording {
  http: { method: string; path: string; headers: Record<string, string>; body: string; status: number }[];
  ssh: { connection: number; command: string; sent: string; received: string }[];
  store: Record<string, { text?: string; base64?: string }>;
}

const recording = JSON.parse(
  await readFile(join(import.meta.dirname, 'fixtures/python-mbl-cli.json'), 'utf8'),
) as Recording;

let chain: Chain;
let key: string;
before(async () => {
  chain = await Chain.start();
  key = await chain.apiKey('python');
});
after(() => chain.stop());

function send(method: string, path: string, headers: Record<string, string>, body: string) {
  return new Promise<{ status: number; reason: string; body: string }>((resolve, reject) => {
    const sent = request(new URL(path, chain.url), { method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, reason: answer.statusMessage ?? '', body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('its requests get the answers that it got, with the fields that it reads', async () => {
  let id = '';
  for (const { method, path, headers, body, status } of recording.http) {
    const answer = await send(
      method,
      path.replace('{id}', id),
      {
        ...headers,
        authorization: `Bearer ${key}`,
        ...(body ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
      },
      body,
    );
    assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
    const content = answer.body ? JSON.parse(answer.body) : undefined;
    if (status === 201) id = content.id;
    // It compares the reason phrase with this very word.
    if (status === 409) assert.equal(answer.reason, 'Conflict');
    if (path === '/v3/trusted-certificates/{id}' && method === 'GET') {
      assert.deepEqual([content.id, content.device_execution_mode, content.name], [id, 1, 'py cert']);
    }
    if (path === '/v3/developer-certificates/{id}') assert.match(content.security_file_content, /MBED_CLOUD_DEV_/);
    if (path === '/v3/trusted-certificates')
      assert.deepEqual(
        content.data.map((one: { id: string }) => one.id),
        [id],
      );
  }
});

function connect(): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on('ready', () => resolve(client)).on('error', reject);
    client.connect({
      host: '127.0.0.1',
      port: Number(chain.device.ready.port),
      username: 'root',
      authHandler: ['none'],
    });
  });
}

function execute(client: Client, command: string, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      const received: Buffer[] = [];
      channel.on('data', (data: Buffer) => received.push(data));
      channel.stderr.resume();
      channel.on('close', () => resolve(Buffer.concat(received)));
      if (input.length > 0) channel.write(input);
      // It leaves the channel open until the device closes it, but for transfers, which end with the input.
      if (command.startsWith('scp')) channel.end();
    });
  });
}

test('its SSH commands and transfers get what they got', async () => {
  let open = -1;
  let client: Client | undefined;
  for (const { connection, command, sent, received } of recording.ssh) {
    if (connection !== open) {
      client?.end();
      client = await connect();
      open = connection;
    }
    const answer = await execute(client as Client, command, Buffer.from(sent, 'base64'));
    const expected = Buffer.from(received, 'base64')
      .toString()
      .replace(/mbed-linux-os-\d+/, String(chain.device.ready.hostname));
    // Of a command that failed it reads nothing; a transfer's answer is acknowledgements only.
    if (expected === '') continue;
    // The number of acknowledgements depends on how the transfer was cut into packets.
    const visible = (text: string) => text.replaceAll('\0', '');
    assert.equal(visible(answer.toString()), visible(expected), command);
  }
  client?.end();
});

test('our mbl-cli goes on with its stores', async () => {
  const stores = join(chain.home, '.mbl-store');
  for (const [name, { text, base64 }] of Object.entries(recording.store)) {
    const file = join(stores, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(
      file,
      text === undefined
        ? Buffer.from(base64 ?? '', 'base64')
        : text.replaceAll('{stores}', stores).replaceAll('{key}', key),
    );
  }
  await writeFile(
    join(chain.home, '.mbl-stores.json'),
    JSON.stringify({ user: join(stores, 'user'), team: join(stores, 'team') }),
  );
  const env = { MBED_CLOUD_SDK_HOST: chain.url };
  const listed = await chain.ok('mbl-cli', ['list-certificates'], { env });
  assert.match(listed.stdout, /in local storage:\nupd\npy cert\n/);
  const { stdout } = await chain.ok('mbl-cli', ['-a', chain.deviceAddress, 'provision-pelion', 'py cert', 'upd'], {
    env,
  });
  assert.match(stdout, /Provisioning process completed without error\./);
});
