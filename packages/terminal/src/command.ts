import type { Clock } from '@mooring/platform';
import type { Io, Output } from './io.ts';
import type { Prompter } from './prompt.ts';

/** What the parser found, by `name`. Absent options are undefined, flags are booleans, lists are arrays. */
export type Values = Readonly<Record<string, unknown>>;

export interface Positional {
  name: string;
  /** As shown in usage; the name in lower case if absent. */
  metavar?: string;
  help: string;
  /** `?` one or none, `*` any number, `+` one or more; exactly one if absent. */
  count?: '?' | '*' | '+';
}

export interface Option {
  /** Short form first, as in `-p`, `--parse-update-cert`. */
  flags: readonly [string, ...string[]];
  name: string;
  help: string;
  /** Absent for a flag without value. */
  metavar?: string;
  /** `list` can be given again and again, each time with one value; `lists` with one value or more. */
  kind?: 'text' | 'integer' | 'list' | 'lists';
  choices?: readonly string[];
  default?: string | number;
  required?: boolean;
  /** Options with the same key exclude each other. */
  excludes?: string;
  /** Not in usage and reference: old spellings that still work. */
  hidden?: boolean;
}

export interface Example {
  /** Command line as typed. */
  run: string;
  /** What it does, as a phrase. */
  does: string;
}

/** One command is one object in one file; help, usage and the reference page are made from it. */
export interface Command {
  /** `select`, or several words: `api-key create`. */
  name: string;
  /** One line, for lists. */
  summary: string;
  /** Paragraphs, for the command's own help and page. */
  description?: string;
  positionals?: readonly Positional[];
  options?: readonly Option[];
  /** Keys of `excludes` of which one option must be given. */
  oneOf?: readonly string[];
  examples?: readonly Example[];
  /** Exit statuses besides 0, 2 and the program's own one for failures. */
  exitCodes?: Readonly<Record<string, string>>;
  /**
   * Heavy modules are imported inside, so that `--help` and every other command start fast.
   * What is returned is the result for `--json`.
   */
  run(context: CommandContext, values: Values): Promise<unknown>;
}

export interface Program {
  name: string;
  version: string;
  /** One sentence on what the program is for. */
  summary: string;
  groups: readonly { title: string; commands: readonly Command[] }[];
  /** Options before the command. `--json`, `-h` and `--version` are there always. */
  options?: readonly Option[];
  versionFlags?: readonly [string, ...string[]];
  /** The version is shown when the whole command line was understood, and a mistake in it is told instead. */
  versionLast?: true;
  /** Exit status of an expected failure. */
  failureExit: number;
  /** How a usage error looks: with the usage block as argparse has it, or the one line. */
  usageErrors: 'argparse' | 'line';
  /** Text on stderr for Ctrl-C, and its exit status. */
  interrupted?: { text: string; exitCode: number };
  /** How an expected failure is written for a person, where a script may read the old form. */
  formatFailure?(error: Error & { next?: string | undefined }): string;
}

export interface CommandContext {
  readonly io: Io;
  readonly output: Output;
  readonly prompt: Prompter;
  readonly clock: Clock;
  /** `--json` was given: stdout carries the result alone. */
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** Aborted by Ctrl-C and SIGTERM, so that long work can end tidily. */
  readonly signal: AbortSignal;
  /** For a command that goes on running: writes its `--json` result now, on one line, instead of at its end. */
  report(result: unknown): void;
  /** Sets the exit status of a command that does not fail but has something to tell by it. */
  exit(code: number): void;
}
