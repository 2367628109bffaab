import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { AuthContext, AuthenticationType, Connection, Session } from 'ssh2';
import ssh2 from 'ssh2';

export interface ShellDeviceOptions {
  /** Where commands start. */
  cwd?: string;
  /** Who may log in; everyone if absent. Undefined: it answers by itself. */
  accepts?(context: AuthContext): boolean | undefined;
  /** What is said to be possible after a refusal. */
  methods?: AuthenticationType[];
  hostKey?: string;
}

/** ssh2's own generator makes one Ed25519 key in some hundred that it cannot read again. */
export const newHostKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }) as string;

/**
 * An SSH server that runs commands with this machine's own shell and has no SFTP, as Dropbear alone: the commands that
 * are sent have to be good for a real shell.
 */
export async function shellDevice(t: TestContext, options: ShellDeviceOptions = {}) {
  const { accepts = () => true, hostKey = newHostKey(), methods = ['publickey', 'password'] } = options;
  const tried: string[] = [];
  const commands: string[] = [];
  const children = new Set<ChildProcess>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      tried.push(context.method);
      const accepted = accepts(context);
      if (accepted === true) context.accept();
      else if (accepted === false) context.reject(methods);
    });
    client.on('session', (accept) => {
      const session: Session = accept();
      session.on('sftp', (_, reject) => reject?.());
      session.on('exec', (acceptExec, _, { command }) => {
        commands.push(command);
        const channel = acceptExec();
        const child = spawn('/bin/sh', ['-c', command], { cwd: options.cwd ?? '/' });
        children.add(child);
        channel.stdin.pipe(child.stdin);
        child.stdin.on('error', () => undefined);
        child.stdout.pipe(channel.stdout, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        channel.on('close', () => child.kill());
        child.on('close', (code, signal) => {
          children.delete(child);
          if (signal) channel.exit(signal.replace(/^SIG/, ''), false, '');
          else channel.exit(code ?? 0);
          channel.end();
        });
      });
    });
  });
  const clients = new Set<Connection>();
  server.on('connection', (client) => {
    // Its types do not know it; without, each small answer waits for an acknowledgement.
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    clients.add(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const client of clients) (client as Connection & { _sock?: { destroy(): void } })._sock?.destroy();
    for (const child of children) child.kill();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  return { port, at: `127.0.0.1:${port}`, tried, commands, close };
}
