import { ArgumentParser, RawDescriptionHelpFormatter, type SubparsersAction } from 'argparse';
import type { Command, Option, Positional, Program } from './command.ts';
import { descriptionOf, epilogOf, epilogOfProgram, fold, jsonOption, versionOption } from './help.ts';
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

/** Builds the argparse parser of a program; commands of several words become nested parsers. */
export function parserOf(program: Program): { parser: ArgumentParser; commands: Map<string, Command> } {
  const parser = new Parser({
    prog: program.name,
    formatter_class: RawDescriptionHelpFormatter,
    color: false,
    description: descriptionOf(program),
    epilog: epilogOfProgram(program),
  });
  const { flags, help } = versionOption(program);
  parser.add_argument(...flags, {
    help,
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
        ...(last ? { description: fold(command.description ?? command.summary), epilog: epilogOf(command) } : {}),
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
