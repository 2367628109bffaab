import { ArgumentParser, RawDescriptionHelpFormatter, type SubparsersAction } from 'argparse';
import type { Command, Option, Positional, Program } from './command.ts';
import type { ParsedArguments } from './plain-arguments.ts';

/** What argparse would print and end with; thrown instead, since a library does not end the process. */
export class ParserExit extends Error {
  readonly status: number;
  readonly text: string;
  readonly parser: ArgumentParser;

  constructor(status: number, text: string, parser: ArgumentParser) {
    super(text);
    this.status = status;
    this.text = text;
    this.parser = parser;
  }
}

// The old tools are argparse programs; its rules (prefixes, `-dx`, `--opt=value`, any order) come from its port.
class Parser extends ArgumentParser {
  private printed = '';

  // Help and version are printed through this one, before exit() is called.
  _print_message(message: string): void {
    this.printed += message;
  }

  override exit(status = 0, message = ''): never {
    throw new ParserExit(status, this.printed + message, this);
  }

  override error(message: string): never {
    throw new ParserExit(2, message, this);
  }
}

const jsonOption: Option = {
  flags: ['--json'],
  name: 'json',
  help: 'Write the result as one JSON object to standard output; everything for people goes to standard error.',
};

/** Named so that argparse says "invalid int value", as Python's does. */
function int(value: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw new TypeError(value);
  return Number(value);
}

function addOption(parser: Pick<ArgumentParser, 'add_argument'>, option: Option): void {
  const common = {
    dest: option.name,
    help: option.hidden ? '==SUPPRESS==' : option.help.replaceAll('%', '%%'),
    ...(option.required ? { required: true } : {}),
  };
  if (option.metavar === undefined) {
    parser.add_argument(...option.flags, { ...common, action: 'store_true', default: undefined });
    return;
  }
  parser.add_argument(...option.flags, {
    ...common,
    metavar: option.metavar,
    ...(option.kind === 'integer' ? { type: int } : {}),
    ...(option.kind === 'list' ? { action: 'append' } : {}),
    ...(option.kind === 'lists' ? { action: 'extend', nargs: '+' } : {}),
    ...(option.choices ? { choices: option.choices } : {}),
    ...(option.default === undefined ? {} : { default: option.default }),
  });
}

function addPositional(parser: ArgumentParser, positional: Positional): void {
  parser.add_argument(positional.name, {
    help: positional.help.replaceAll('%', '%%'),
    ...(positional.metavar ? { metavar: positional.metavar } : {}),
    ...(positional.count ? { nargs: positional.count } : {}),
  });
}

function fill(parser: ArgumentParser, command: Command): void {
  for (const positional of command.positionals ?? []) addPositional(parser, positional);
  const exclusive = new Map<string, Pick<ArgumentParser, 'add_argument'>>();
  for (const option of command.options ?? []) {
    let target: Pick<ArgumentParser, 'add_argument'> = parser;
    if (option.excludes !== undefined) {
      const group =
        exclusive.get(option.excludes) ??
        parser.add_mutually_exclusive_group({ required: command.oneOf?.includes(option.excludes) ?? false });
      exclusive.set(option.excludes, group);
      target = group;
    }
    addOption(target, option);
  }
  addOption(parser, { ...jsonOption, name: 'json_after' });
}

/** Wraps the lines of a text; paragraphs and what is indented stay as they are. */
function fold(text: string, width = 80): string {
  return text
    .split('\n')
    .map((line) =>
      line.startsWith(' ') ? line : line.replace(new RegExp(`(.{1,${width}})(?: +|$)`, 'g'), '$1\n').trimEnd(),
    )
    .join('\n');
}

function epilog(command: Command): string {
  const examples = (command.examples ?? []).map((example) => `  ${example.run}\n      ${example.does}`);
  const codes = Object.entries(command.exitCodes ?? {}).map(([code, text]) => `  ${code}  ${text}`);
  return [
    examples.length > 0 ? `examples:\n${examples.join('\n')}` : '',
    codes.length > 0 ? `exit status besides 0 and 2:\n${codes.join('\n')}` : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

function overview(program: Program): string {
  const width = Math.max(...program.groups.flatMap((g) => g.commands.map((c) => c.name.length))) + 2;
  return program.groups
    .map((group) => {
      const lines = group.commands.map((c) => `    ${c.name.padEnd(width)}${c.summary}`);
      return `  ${group.title}\n${lines.join('\n')}`;
    })
    .join('\n\n');
}

export const versionFlagsOf = ({ versionFlags }: Program): readonly [string, ...string[]] =>
  versionFlags ?? ['--version'];

/** Builds the argparse parser of a program; commands of several words become nested parsers. */
export function parserOf(program: Program): { parser: ArgumentParser; commands: Map<string, Command> } {
  const parser = new Parser({
    prog: program.name,
    formatter_class: RawDescriptionHelpFormatter,
    color: false,
    description: `${fold(program.summary)}\n\ncommands:\n${overview(program)}`,
    epilog: `'${program.name} COMMAND -h' explains a command.`,
  });
  parser.add_argument(...versionFlagsOf(program), {
    help: 'Show the version and end.',
    ...(program.versionLast
      ? { action: 'store_true', dest: 'command_version' }
      : { action: 'version', version: program.version }),
  });
  for (const option of program.options ?? []) addOption(parser, option);
  addOption(parser, jsonOption);

  const commands = new Map<string, Command>();
  const subs = new Map<string, SubparsersAction>();
  const subOf = (prefix: string, owner: ArgumentParser) => {
    const sub =
      subs.get(prefix) ??
      owner.add_subparsers({
        dest: `command_${prefix.split(' ').length}_${prefix}`,
        metavar: 'COMMAND',
        required: prefix !== '' || !program.versionLast,
        help: 'One of the commands above.',
      });
    subs.set(prefix, sub);
    return sub;
  };
  const parsers = new Map<string, ArgumentParser>([['', parser]]);
  for (const command of program.groups.flatMap((group) => group.commands)) {
    commands.set(command.name, command);
    const words = command.name.split(' ');
    words.forEach((word, index) => {
      const path = words.slice(0, index + 1).join(' ');
      if (parsers.has(path)) return;
      const prefix = words.slice(0, index).join(' ');
      const owner = parsers.get(prefix) as ArgumentParser;
      const last = index === words.length - 1;
      const made = subOf(prefix, owner).add_parser(word, {
        ...(last ? { description: fold(command.description ?? command.summary), epilog: epilog(command) } : {}),
        formatter_class: RawDescriptionHelpFormatter,
        color: false,
      });
      parsers.set(path, made);
      if (last) {
        made.set_defaults({ command_name: command.name });
        fill(made, command);
      }
    });
  }
  return { parser, commands };
}

/** @throws ParserExit for help, version and usage errors */
export function parseArguments(program: Program, argv: readonly string[]): ParsedArguments {
  const { parser, commands } = parserOf(program);
  const found = parser.parse_args([...argv]) as unknown as Record<string, unknown>;
  if (found.command_version) throw new ParserExit(0, `${program.version}\n`, parser);
  if (found.command_name === undefined) parser.error('the following arguments are required: COMMAND');
  const command = commands.get(String(found.command_name)) as Command;
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(found)) {
    if (!name.startsWith('command_') && !name.startsWith('json')) values[name] = value === null ? undefined : value;
  }
  return { command, values, json: Boolean(found.json || found.json_after) };
}
