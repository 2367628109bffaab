import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { AuthContext, Connection, Session } from 'ssh2';
import ssh2 from 'ssh2';

export interface ShellDeviceOptions {
  /** Where commands start. */
  cwd?: string;
  /** Who may log in; everyone if absent. */
  accepts?(context: AuthContext): boolean;
  hostKey?: string;
}

export const newHostKey = () => ssh2.utils.generateKeyPairSync('ed25519').private;

/**
 * An SSH server that runs commands with this machine's own shell and has no SFTP, as Dropbear alone: the commands that
 * are sent have to be good for a real shell.
 */
export async function shellDevice(t: TestContext, options: ShellDeviceOptions = {}) {
  const { accepts = () => true, hostKey = newHostKey() } = options;
  const tried: string[] = [];
  const commands: string[] = [];
  const children = new Set<ChildProcess>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      tried.push(context.method);
      if (accepts(context)) context.accept();
      else context.reject(['publickey', 'password']);
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
    for (const client of clients) client.end();
    for (const child of children) child.kill();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  return { port, at: `127.0.0.1:${port}`, tried, commands, close };
}
