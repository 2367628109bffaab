import { isMooringError, type MooringError } from '@mooring/platform';
import type { CommandContext, Program } from './command.ts';
import { type Io, outputOf } from './io.ts';
import { type ParsedArguments, plainArguments } from './plain-arguments.ts';
import { prompterOf } from './prompt.ts';
import { terminalErrors } from './terminal-errors.ts';

/**
 * Runs one command line and returns the exit status; nothing is thrown, and the process is not ended.
 * With `--json` standard output gets one object: the result, or `{"error":{code,message,next,data}}`.
 */
export async function runProgram(program: Program, argv: readonly string[], io: Io): Promise<number> {
  const parsed = plainArguments(program, argv) ?? (await interpreted(program, argv, io));
  if (typeof parsed === 'number') return parsed;
  const { command, values, json } = parsed;
  const output = outputOf(io, json);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const interrupted = new Promise<never>((_, reject) => {
    interruption.signal.addEventListener('abort', () => reject(interruptionOf(program)));
  });
  interrupted.catch(() => undefined);

  let status = 0;
  let reported = false;
  const context: CommandContext = {
    io,
    output,
    prompt: prompterOf(io, output, interruption.signal),
    clock: io.clock,
    json,
    env: io.env,
    cwd: io.cwd,
    home: io.home,
    signal: interruption.signal,
    report: (result) => {
      if (json) io.stdout.write(`${JSON.stringify(result)}\n`);
      reported = true;
    },
    exit: (code) => {
      status = code;
    },
  };
  try {
    const work = command.run(context, values);
    // A command that watches the signal ends by itself, in order; one that does not is left where it stands.
    const result = await Promise.race([work, interrupted.catch((reason) => graceful(work, reason))]);
    if (json && !reported) writeJson(io, result ?? {});
    return status;
  } catch (error) {
    return fail(program, io, interruption.signal.aborted ? endOf(program, error) : error, json);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** Help and version, or what argparse makes of the command line; the exit status where that was help or a mistake. */
async function interpreted(program: Program, argv: readonly string[], io: Io): Promise<ParsedArguments | number> {
  const { versionFlags = ['--version'] } = program;
  if (argv.length === 1 && versionFlags.includes(argv[0] as string)) {
    io.stdout.write(`${program.version}\n`);
    return 0;
  }
  const { helpAsked, helpText } = await import('./help.ts');
  const asked = helpAsked(program, argv);
  if (asked !== undefined) {
    io.stdout.write(helpText(program, asked ?? undefined, Number(io.env.COLUMNS) || io.stdout.columns || 80));
    return 0;
  }
  const { parseArguments, ParserExit } = await import('./parse.ts');
  try {
    return parseArguments(program, argv);
  } catch (error) {
    if (!(error instanceof ParserExit)) throw error;
    if (error.status === 0) {
      io.stdout.write(error.text);
      return 0;
    }
    if (argv.includes('--json')) writeJson(io, failureJson(terminalErrors('usage', { message: error.text })));
    if (program.usageErrors === 'argparse') {
      io.stderr.write(`${error.parser.format_usage()}${error.parser.prog}: error: ${error.text}\n`);
    } else {
      io.stderr.write(
        `error: ${error.text}\n\n${error.parser.format_usage()}'${error.parser.prog} -h' explains more.\n`,
      );
    }
    return error.status;
  }
}

function interruptionOf(program: Program): MooringError {
  return terminalErrors('interrupted', {
    message: program.interrupted?.text ?? 'Interrupted.',
    exitCode: program.interrupted?.exitCode ?? 130,
  });
}

/** After Ctrl-C whatever broke off is only a consequence, unless the command has words of its own for it. */
function endOf(program: Program, error: unknown): MooringError {
  const own = isMooringError(error) && error.code === 'interrupted' && error.exitCode !== undefined;
  return own ? error : interruptionOf(program);
}

/** How long a command may take to end in order after Ctrl-C, in ms. */
const gracePeriod = 5_000;

async function graceful(work: Promise<unknown>, reason: unknown): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(reason), gracePeriod);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function fail(program: Program, io: Io, error: unknown, json: boolean): number {
  if (!isMooringError(error)) {
    const fault = terminalErrors('internal', {
      message: `${program.name} failed in a way that it should not: ${error instanceof Error ? error.message : String(error)}`,
      next: 'Please report this, with the lines below.',
      cause: error,
    });
    if (json) writeJson(io, failureJson(fault));
    io.stderr.write(`${describe(program, fault)}\n${error instanceof Error ? error.stack : ''}\n`);
    return program.failureExit;
  }
  if (json) writeJson(io, failureJson(error));
  io.stderr.write(`${describe(program, error)}\n`);
  return error.exitCode ?? program.failureExit;
}

function describe(program: Program, error: MooringError): string {
  if (program.formatFailure) return program.formatFailure(error);
  return error.next ? `${error.message}\n${error.next}` : error.message;
}

function failureJson(error: MooringError): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.next ? { next: error.next } : {}),
      ...(error.data ? { data: error.data } : {}),
    },
  };
}

function writeJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
