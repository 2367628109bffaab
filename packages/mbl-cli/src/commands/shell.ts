import { sshErrors } from '../errors.ts';
import { command, type Session, text } from './session.ts';

export const shell = command({
  name: 'shell',
  summary: 'Run a command on the device, or open a shell there.',
  description: `With CMD, runs that command and passes on what it writes: standard output to standard output, standard error to standard error. Without, opens an interactive shell. The exit status is that of the command or shell. The command's standard input is empty.`,
  positionals: [{ name: 'cmd', count: '?', help: "The command, in quotes if it has spaces: 'ls -la'." }],
  examples: [
    { run: "mbl-cli shell 'ls -la /scratch'", does: 'lists a folder of the device' },
    { run: 'mbl-cli shell', does: 'opens a shell on the device' },
  ],
  exitCodes: { 'any other': 'the exit status of the command on the device' },
  async run(session, values) {
    const line = text(values.cmd);
    return line ? runCommand(session, line) : runShell(session);
  },
});

async function runCommand(session: Session, line: string): Promise<unknown> {
  const { globals, io, json, output, signal } = session;
  const show = !globals.quiet && !json;
  return session.onDevice(async (connection) => {
    if (show) output.line('Running a command on the device...');
    const { run } = await import('../ssh/remote-command.ts');
    const { exit, stdout, stderr } = await run(connection, line, {
      signal,
      ...(show
        ? { onStdout: (chunk) => void io.stdout.write(chunk), onStderr: (chunk) => void io.stderr.write(chunk) }
        : {}),
    });
    const result = { ...exit, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
    if ('signal' in exit) {
      throw sshErrors('ssh.command.signalled', {
        message: `The command on the device was ended by the signal ${exit.signal}.`,
        data: result,
      });
    }
    if (exit.code !== 0) {
      throw sshErrors('ssh.command.failed', {
        message: (globals.quiet && result.stderr) || 'Remote command returned a non-zero exit code.',
        exitCode: exit.code,
        data: result,
      });
    }
    return result;
  });
}

async function runShell(session: Session): Promise<unknown> {
  const { io, globals, output } = session;
  if (!io.stdin.isTTY) {
    throw sshErrors('ssh.no.terminal', {
      message: 'An interactive shell needs a terminal, and standard input is none.',
      next: "Give the command to run instead: mbl-cli shell 'COMMAND'.",
    });
  }
  return session.onDevice(async (connection) => {
    if (!globals.quiet) output.line('Starting an interactive shell...');
    const { interact } = await import('../ssh/interactive-shell.ts');
    const exit = await interact(connection, io, session.env.TERM);
    const code = 'code' in exit ? exit.code : 255;
    session.exit(code);
    return { exitCode: code };
  });
}
