import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { ClientChannel, ConnectConfig, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import ssh2 from 'ssh2';
import { startVirtualDevice, type VirtualDevice, type VirtualDeviceOptions } from '../src/index.ts';
import { temporaryFolder } from './bench.ts';

/** A device of this test alone, without announcement unless asked for. */
export async function device(test: TestContext, options: Partial<VirtualDeviceOptions> = {}): Promise<VirtualDevice> {
  const root = options.root ?? (await temporaryFolder(test));
  const started = await startVirtualDevice({ mdns: false, ...options, root });
  test.after(() => started.close());
  return started;
}

export async function connect(test: TestContext, to: VirtualDevice, more: ConnectConfig = {}): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  client.connect({ host: to.address, port: to.port, username: 'root', ...more });
  test.after(() => client.end());
  await once(client, 'ready');
  client.setNoDelay(true);
  client.on('error', () => undefined);
  return client;
}

export interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
}

export async function exec(client: ssh2.Client, command: string, input: string | Buffer = ''): Promise<Answer> {
  const channel = await open(client, command);
  channel.end(input);
  return collect(channel);
}

export function open(client: ssh2.Client, command: string, pty = false): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, { pty }, (error, channel) => {
      if (error) return reject(error);
      watchExit(channel);
      resolve(channel);
    });
  });
}

export function openShell(client: ssh2.Client, pty: ssh2.PseudoTtyOptions | false): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.shell(pty, (error, channel) => {
      if (error) return reject(error);
      watchExit(channel);
      resolve(channel);
    });
  });
}

const statuses = new WeakMap<ClientChannel, number | null>();

/** The status may come in the same packet as the channel: too soon for whoever waits for a promise. */
function watchExit(channel: ClientChannel): void {
  channel.on('exit', (code: number | null) => statuses.set(channel, code));
}

export async function collect(channel: ClientChannel): Promise<Answer> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel.on('data', (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  await once(channel, 'close');
  return {
    status: statuses.get(channel) ?? null,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}

/** The calls of SFTP that the tests make, as promises. */
export async function openSftp(client: ssh2.Client) {
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const call = <Result = void>(name: keyof SFTPWrapper) =>
    promisify((sftp[name] as (...values: unknown[]) => void).bind(sftp)) as (...values: unknown[]) => Promise<Result>;
  return {
    put: call('writeFile'),
    get: call<Buffer>('readFile'),
    stat: call<Stats>('stat'),
    chmod: call('chmod'),
    mkdir: call('mkdir'),
    rmdir: call('rmdir'),
    unlink: call('unlink'),
    rename: call('rename'),
    symlink: call('symlink'),
    realpath: call<string>('realpath'),
    list: call<FileEntryWithStats[]>('readdir'),
    end: () => sftp.end(),
  };
}
