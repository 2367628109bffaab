import type { ServerChannel, Session as SshSession } from 'ssh2';
import { ByteReader } from '../shell/byte-reader.ts';
import { evaluate, runCommandLine, type Streams } from '../shell/run.ts';
import { ExitShell, Shell } from '../shell/shell.ts';
import { inputOf, sinkOf } from './channel-streams.ts';
import type { SessionContext } from './session-context.ts';
import { Terminal } from './terminal.ts';

/** Answers what a client asks for on a session channel: a command, a shell, SFTP. */
export function serveSession(session: SshSession, context: SessionContext): void {
  const { device } = context;
  let terminal = false;
  session.on('pty', (accept) => {
    terminal = true;
    accept?.();
  });
  session.on('window-change', (accept) => accept?.());
  session.on('env', (accept) => accept?.());
  session.on('exec', (accept, _reject, { command }) => {
    context.track(
      serve(accept(), context, terminal, (streams, ended) =>
        runCommandLine(command, new Shell(device), streams, ended),
      ),
    );
  });
  session.on('shell', (accept) => {
    const channel = accept();
    context.track(
      terminal
        ? serveTerminal(channel, context)
        : serve(channel, context, false, (streams, ended) => readCommands(new Shell(device), streams, ended)),
    );
  });
  session.on('sftp', (accept, reject) => {
    if (device.faults.noSftp) {
      reject?.();
      return;
    }
    const sftp = accept();
    void import('./sftp.ts').then(({ serveFiles }) => serveFiles(sftp, context));
  });
}

type Work = (streams: Streams, session: { signal: AbortSignal; uploaded(bytes: number): void }) => Promise<number>;

function endOf(channel: ServerChannel, context: SessionContext): AbortSignal {
  const closed = new AbortController();
  channel.on('close', () => closed.abort());
  return AbortSignal.any([closed.signal, context.signal]);
}

async function serve(channel: ServerChannel, context: SessionContext, tty: boolean, work: Work): Promise<void> {
  const signal = endOf(channel, context);
  const { uploaded } = context;
  channel.on('error', () => undefined);
  const input = inputOf(channel);
  const stdout = sinkOf(channel, signal);
  let status: number;
  if (tty) {
    const terminal = new Terminal(stdout);
    void terminal.follow(input).catch(() => undefined);
    status = await terminal.run(signal, (stdin, interrupted) =>
      work({ stdin, stdout: terminal.output, stderr: terminal.output }, { signal: interrupted, uploaded }),
    );
  } else {
    status = await work({ stdin: input, stdout, stderr: sinkOf(channel.stderr, signal) }, { signal, uploaded });
  }
  finish(channel, status);
}

function finish(channel: ServerChannel, status: number): void {
  channel.exit(status);
  channel.end();
}

/** A shell without terminal reads commands as they come, with neither prompt nor echo. */
async function readCommands(shell: Shell, streams: Streams, session: Parameters<Work>[1]): Promise<number> {
  const lines = new ByteReader(streams.stdin);
  for (let line = await lines.line(); line !== null; line = await lines.line()) {
    try {
      await evaluate(line.toString('utf8'), shell, { ...streams, stdin: lines }, session);
    } catch (error) {
      if (error instanceof ExitShell) return error.status;
      throw error;
    }
  }
  return shell.status;
}

async function serveTerminal(channel: ServerChannel, context: SessionContext): Promise<void> {
  const signal = endOf(channel, context);
  channel.on('error', () => undefined);
  const terminal = new Terminal(sinkOf(channel, signal));
  void terminal.follow(inputOf(channel)).catch(() => undefined);
  const shell = new Shell(context.device);
  let status = 0;
  try {
    for (;;) {
      const folder = shell.folder === shell.parameter('HOME') ? '~' : shell.folder;
      const line = await terminal.readLine(`root@${context.device.hostname}:${folder}# `);
      if (line === null || signal.aborted) break;
      terminal.remember(line);
      status = await terminal.run(signal, (stdin, interrupted) =>
        evaluate(
          line,
          shell,
          { stdin, stdout: terminal.output, stderr: terminal.output },
          { signal: interrupted, uploaded: context.uploaded },
        ),
      );
    }
  } catch (error) {
    if (error instanceof ExitShell) status = error.status;
    // Otherwise the client has gone, and nobody is left to tell.
  }
  finish(channel, status);
}
