import { constants } from 'node:fs';
import { isSystemError, reasonOf } from '../root/errno.ts';
import type { RootFile } from '../root/root-file.ts';
import { type Expander, expandOne, expandWords } from './expand.ts';
import { CommandFailure, type DeviceCommand } from './job.ts';
import { findCommand } from './lookup.ts';
import { parseScript } from './parse.ts';
import { BrokenPipe, Collected, emptySource, nowhere, Pipe, type Sink, type Source } from './pipe.ts';
import { ExitShell, type Shell } from './shell.ts';
import {
  type Command,
  type Compound,
  type Pipeline,
  type Redirection,
  type Script,
  type SimpleCommand,
  SyntaxFault,
} from './syntax.ts';

export interface Streams {
  stdin: Source;
  stdout: Sink;
  stderr: Sink;
}

/** What all commands of one channel share. */
export interface Session {
  /** Aborted by Ctrl-C and when the connection goes. */
  signal: AbortSignal;
  /** Told of every piece of file content that comes in, for the fault that cuts the connection. */
  uploaded(bytes: number): void;
}

/** Ended by Ctrl-C or by the connection's end. */
class Interrupted extends Error {}

export const interruptedStatus = 130;
const maximumDepth = 20;

/** Runs a command line to its exit status; what goes wrong in it is a line on its stderr. */
export async function runCommandLine(text: string, shell: Shell, streams: Streams, session: Session): Promise<number> {
  try {
    return await evaluate(text, shell, streams, session);
  } catch (error) {
    if (error instanceof ExitShell) return (shell.status = error.status);
    throw error;
  }
}

/** The same, but `exit` goes through to the shell around it. */
export async function evaluate(text: string, shell: Shell, streams: Streams, session: Session): Promise<number> {
  let script: Script;
  try {
    script = parseScript(text);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    await streams.stderr.write(`sh: syntax error: ${error.message}\n`).catch(() => undefined);
    return (shell.status = 2);
  }
  return runScript(script, shell, streams, session);
}

async function runScript(script: Script, shell: Shell, streams: Streams, session: Session): Promise<number> {
  if (shell.depth > maximumDepth) {
    await streams.stderr.write('sh: shells nested too deeply\n').catch(() => undefined);
    return (shell.status = 2);
  }
  for (const { after, pipeline } of script) {
    if (session.signal.aborted) return (shell.status = interruptedStatus);
    if ((after === '&&' && shell.status !== 0) || (after === '||' && shell.status === 0)) continue;
    const status = await runPipeline(pipeline, shell, streams, session);
    shell.status = pipeline.negated ? Number(status === 0) : status;
  }
  return shell.status;
}

async function runPipeline(pipeline: Pipeline, shell: Shell, streams: Streams, session: Session): Promise<number> {
  const { commands } = pipeline;
  const [only] = commands;
  if (only && commands.length === 1) return runCommand(only, shell, streams, session);

  let stdin = streams.stdin;
  const running: Promise<number>[] = [];
  for (const [index, command] of commands.entries()) {
    const input = stdin;
    const pipe = index === commands.length - 1 ? undefined : new Pipe();
    const own = { stdin: input, stdout: pipe ?? streams.stdout, stderr: streams.stderr };
    const finish = async () => {
      try {
        return await runCommand(command, shell.fork(), own, session);
      } catch (error) {
        if (error instanceof ExitShell) return error.status;
        throw error;
      } finally {
        pipe?.end();
        if (index > 0) (input as Pipe).breakOff();
      }
    };
    running.push(finish());
    stdin = pipe ?? stdin;
  }
  return (await Promise.all(running)).at(-1) ?? 0;
}

async function runCommand(command: Command, shell: Shell, streams: Streams, session: Session): Promise<number> {
  const files: RootFile[] = [];
  const own = { ...streams };
  let name = 'sh';
  try {
    const expander = expanderOf(shell, streams, session);
    if (command.kind !== 'simple') {
      await redirect(command.redirections, own, files, expander, session);
      return await runCompound(command, shell, own, session, expander);
    }
    const words = await expandWords(command.words, expander);
    const assigned: [string, string][] = [];
    for (const { name: variable, value } of command.assignments) {
      assigned.push([variable, await expandOne(value, expander)]);
    }
    await redirect(command.redirections, own, files, expander, session);
    if (words.length === 0) {
      for (const [variable, value] of assigned) shell.variables.set(variable, value);
      // The status of `x=$(false)` is that of the substitution (POSIX 2.9.1).
      return command.assignments.length > 0 && hasSubstitution(command) ? shell.status : 0;
    }
    const found = await findCommand(words[0] as string, shell);
    name = words[0] as string;
    return await withVariables(shell, assigned, () => start(found, words, shell, own, session));
  } catch (error) {
    return await failure(error, name, own.stderr);
  } finally {
    for (const file of files) await file.close().catch(() => undefined);
  }
}

async function runCompound(
  command: Compound,
  shell: Shell,
  streams: Streams,
  session: Session,
  expander: Expander,
): Promise<number> {
  switch (command.kind) {
    case 'group':
      return runScript(command.body, shell, streams, session);
    case 'subshell':
      try {
        return await runScript(command.body, shell.fork(), streams, session);
      } catch (error) {
        if (error instanceof ExitShell) return error.status;
        throw error;
      }
    case 'for': {
      let status = 0;
      for (const word of await expandWords(command.words, expander)) {
        if (session.signal.aborted) return interruptedStatus;
        shell.variables.set(command.name, word);
        status = await runScript(command.body, shell, streams, session);
      }
      return status;
    }
    case 'if':
      for (const { condition, body } of command.branches) {
        if ((await runScript(condition, shell, streams, session)) === 0)
          return runScript(body, shell, streams, session);
      }
      // No branch taken is no failure, whatever the condition said; what is there to be taken may ask for it in $?.
      return command.otherwise.length === 0 ? 0 : runScript(command.otherwise, shell, streams, session);
  }
}

async function start(
  command: DeviceCommand,
  words: readonly string[],
  shell: Shell,
  streams: Streams,
  session: Session,
): Promise<number> {
  let stop: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new Interrupted());
    if (session.signal.aborted) stop();
    session.signal.addEventListener('abort', stop, { once: true });
  });
  const job = {
    ...streams,
    name: words[0] as string,
    arguments: words.slice(1),
    shell,
    device: shell.device,
    signal: session.signal,
    session,
  };
  try {
    return await Promise.race([command(job), interrupted]);
  } finally {
    if (stop) session.signal.removeEventListener('abort', stop);
  }
}

async function failure(error: unknown, name: string, stderr: Sink): Promise<number> {
  if (error instanceof ExitShell) throw error;
  if (error instanceof Interrupted) return interruptedStatus;
  if (error instanceof BrokenPipe) return 141;
  let status = 1;
  let text: string;
  if (error instanceof CommandFailure) {
    status = error.status;
    text = `${name}: ${error.message}`;
  } else if (isSystemError(error)) {
    text = `${name}: ${reasonOf(error)}`;
  } else {
    status = 125;
    text = `${name}: the virtual device has a fault: ${error instanceof Error ? error.stack : String(error)}`;
  }
  await stderr.write(`${text}\n`).catch(() => undefined);
  return status;
}

async function withVariables<T>(
  shell: Shell,
  assigned: readonly [string, string][],
  work: () => Promise<T>,
): Promise<T> {
  const before = assigned.map(([name]) => [name, shell.variables.get(name)] as const);
  for (const [name, value] of assigned) shell.variables.set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) shell.variables.delete(name);
      else shell.variables.set(name, value);
    }
  }
}

function expanderOf(shell: Shell, streams: Streams, session: Session): Expander {
  return {
    shell,
    root: shell.device.root,
    substitute: async (script) => {
      const stdout = new Collected();
      const inner = shell.fork();
      try {
        shell.status = await runScript(script, inner, { ...streams, stdout }, session);
      } catch (error) {
        if (!(error instanceof ExitShell)) throw error;
        shell.status = error.status;
      }
      return stdout.text.replaceAll('\0', '');
    },
  };
}

function hasSubstitution(command: SimpleCommand): boolean {
  return command.assignments.some(({ value }) => value.some((part) => part.kind === 'substitution'));
}

async function redirect(
  redirections: readonly Redirection[],
  streams: Streams,
  files: RootFile[],
  expander: Expander,
  session: Session,
): Promise<void> {
  for (const { descriptor, operator, target } of redirections) {
    if (descriptor > 2) throw new CommandFailure(`${descriptor}: bad file descriptor`);
    const name = await expandOne(target, expander);
    if (operator === '>&' || operator === '<&') {
      duplicate(streams, descriptor, name);
    } else if (operator === '<') {
      streams.stdin = await sourceOf(name, files, expander);
    } else {
      const sink = await sinkOf(name, operator, files, expander, session);
      if (descriptor === 2) streams.stderr = sink;
      else if (descriptor === 1) streams.stdout = sink;
    }
  }
}

function duplicate(streams: Streams, descriptor: number, name: string): void {
  if (descriptor === 2 && name === '1') streams.stderr = streams.stdout;
  else if (descriptor === 1 && name === '2') streams.stdout = streams.stderr;
  else if (name === '-') {
    if (descriptor === 0) streams.stdin = emptySource;
    else if (descriptor === 1) streams.stdout = nowhere;
    else streams.stderr = nowhere;
  } else if (String(descriptor) !== name) {
    throw new CommandFailure(`${name}: bad file descriptor`);
  }
}

async function sourceOf(name: string, files: RootFile[], { shell }: Expander): Promise<Source> {
  if (shell.absolute(name) === '/dev/null') return emptySource;
  const file = await opened(name, shell, constants.O_RDONLY, files, 'open');
  return {
    read: async () => {
      const chunk = await file.read(64 * 1024);
      return chunk.length === 0 ? null : chunk;
    },
  };
}

async function sinkOf(
  name: string,
  operator: '>' | '>>',
  files: RootFile[],
  { shell }: Expander,
  session: Session,
): Promise<Sink> {
  if (shell.absolute(name) === '/dev/null') return nowhere;
  const flags = constants.O_WRONLY | constants.O_CREAT | (operator === '>' ? constants.O_TRUNC : constants.O_APPEND);
  const file = await opened(name, shell, flags, files, 'create');
  return {
    write: async (data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      // `cat > FILE` is how files come to a device that has no SFTP.
      session.uploaded(bytes.length);
      await file.append(bytes);
    },
  };
}

async function opened(
  name: string,
  shell: Shell,
  flags: number,
  files: RootFile[],
  verb: 'open' | 'create',
): Promise<RootFile> {
  try {
    const file = await shell.device.root.open(name, shell.folder, flags, 0o666 & ~shell.mask);
    files.push(file);
    return file;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new CommandFailure(`can't ${verb} ${name}: ${reasonOf(error)}`);
  }
}
