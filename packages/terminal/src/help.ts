import type { Command, Option, Positional, Program } from './command.ts';

/** Wraps the lines of a text; paragraphs and what is indented stay as they are. */
export function fold(text: string, width = 80): string {
  return text
    .split('\n')
    .map((line) =>
      line.startsWith(' ') ? line : line.replace(new RegExp(`(.{1,${width}})(?: +|$)`, 'g'), '$1\n').trimEnd(),
    )
    .join('\n');
}

/** What follows the arguments in the help of a command. */
export function epilogOf(command: Command): string {
  const examples = (command.examples ?? []).map((example) => `  ${example.run}\n      ${example.does}`);
  const codes = Object.entries(command.exitCodes ?? {}).map(([code, text]) => `  ${code}  ${text}`);
  return [
    examples.length > 0 ? `examples:\n${examples.join('\n')}` : '',
    codes.length > 0 ? `exit status besides 0 and 2:\n${codes.join('\n')}` : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** What precedes the arguments in the help of a program: what it is for, and its commands. */
export function descriptionOf(program: Program): string {
  const width = Math.max(...program.groups.flatMap((g) => g.commands.map((c) => c.name.length))) + 2;
  const overview = program.groups.map((group) => {
    const lines = group.commands.map((c) => `    ${c.name.padEnd(width)}${c.summary}`);
    return `  ${group.title}\n${lines.join('\n')}`;
  });
  return `${fold(program.summary)}\n\ncommands:\n${overview.join('\n\n')}`;
}

export const epilogOfProgram = ({ name }: Program): string => `'${name} COMMAND -h' explains a command.`;

export const jsonOption: Option = {
  flags: ['--json'],
  name: 'json',
  help: 'Write the result as one JSON object to standard output; everything for people goes to standard error.',
};

const helpOption: Option = { flags: ['-h', '--help'], name: 'help', help: 'show this help message and exit' };

export const versionOption = ({ versionFlags = ['--version'] }: Program): Option => ({
  flags: versionFlags,
  name: 'version',
  help: 'Show the version and end.',
});

/** What a page of help is made of. */
interface Page {
  /** The words that the command line begins with. */
  command: string;
  options: readonly Option[];
  positionals: readonly Positional[];
  /** Groups of options of which one has to be given. */
  oneOf: readonly string[];
  description: string;
  epilog: string;
}

const pageOfProgram = (program: Program): Page => ({
  command: program.name,
  options: [helpOption, versionOption(program), ...(program.options ?? []), jsonOption],
  positionals: [{ name: 'COMMAND ...', metavar: 'COMMAND', help: 'One of the commands above.' }],
  oneOf: [],
  description: descriptionOf(program),
  epilog: epilogOfProgram(program),
});

const pageOfCommand = (program: Program, command: Command): Page => ({
  command: `${program.name} ${command.name}`,
  options: [helpOption, ...(command.options ?? []), jsonOption],
  positionals: command.positionals ?? [],
  oneOf: command.oneOf ?? [],
  description: fold(command.description ?? command.summary),
  epilog: epilogOf(command),
});

function metavars({ metavar, kind }: Option): string {
  if (metavar === undefined) return '';
  return kind === 'lists' ? ` ${metavar} [${metavar} ...]` : ` ${metavar}`;
}

function optionUsage({ options, oneOf }: Page): string[] {
  const shown = options.filter(({ hidden }) => !hidden);
  // The Node of a board has no Map.groupBy.
  const groups = new Map<string | Option, Option[]>();
  for (const option of shown) {
    const key = option.excludes ?? option;
    const members = groups.get(key);
    if (members) members.push(option);
    else groups.set(key, [option]);
  }
  return [...groups].flatMap(([key, members]) => {
    const forms = members.map((option) => option.flags[0] + metavars(option));
    const isRequired = typeof key === 'string' ? oneOf.includes(key) : key.required === true;
    const [open, close] = isRequired ? (members.length > 1 ? ['(', ')'] : ['', '']) : ['[', ']'];
    return forms.map((form, index) => {
      const isLast = index === forms.length - 1;
      return `${index === 0 ? open : ''}${form}${isLast ? close : ' |'}`;
    });
  });
}

function positionalUsage({ name, metavar, count }: Positional): string {
  const shown = name.includes(' ') ? name : (metavar ?? name);
  if (count === '?') return `[${shown}]`;
  if (count === '*') return `[${shown} ...]`;
  return count === '+' ? `${shown} [${shown} ...]` : shown;
}

/** Lines of parts that stay together, of which the first line is preceded by `first`. */
function linesOf(parts: readonly string[], indent: string, width: number, first: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const part of parts) {
    if (!isEmpty && line.length + 1 + part.length > width) {
      lines.push(line);
      line = indent.slice(1);
    }
    line += ` ${part}`;
    isEmpty = false;
  }
  return isEmpty ? lines : [...lines, line];
}

function usageOf(page: Page, width: number): string {
  const [options, positionals] = [optionUsage(page), page.positionals.map(positionalUsage)];
  const start = `usage: ${page.command}`;
  const whole = [start, ...options, ...positionals].join(' ');
  if (whole.length <= width) return whole;
  const indent = ' '.repeat(start.length + 1);
  if (start.length <= 0.75 * width) {
    return [...linesOf(options, indent, width, start), ...linesOf(positionals, indent, width, indent.slice(1))].join(
      '\n',
    );
  }
  const short = ' '.repeat('usage: '.length);
  const own = (parts: readonly string[]) => linesOf(parts, short, width, short.slice(1));
  const together = own([...options, ...positionals]);
  return [start, ...(together.length > 1 ? [...own(options), ...own(positionals)] : together)].join('\n');
}

/** Column in which explanations begin, at most. */
const furthest = 24;

function entries(title: string, rows: readonly [form: string, help: string][], column: number, width: number): string {
  const lines = rows.flatMap(([form, help]) => {
    const text = wrapped(help, Math.max(width - column, 11)).map((line) => ' '.repeat(column) + line);
    const isShort = form.length <= column - 4;
    if (isShort) text[0] = `  ${form}`.padEnd(column) + (text[0] ?? '').slice(column);
    return isShort ? text : [`  ${form}`, ...text];
  });
  return lines.length === 0 ? '' : `${title}:\n${lines.join('\n')}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * The help of a program, or of one of its commands: the same text as argparse makes of it, whose setting up takes longer
 * than many a command.
 *
 * @param columns of the terminal
 */
export function helpText(program: Program, command: Command | undefined, columns: number): string {
  const page = command ? pageOfCommand(program, command) : pageOfProgram(program);
  const width = columns - 2;
  const positionals = page.positionals.map(({ name, metavar, help }): [string, string] => [metavar ?? name, help]);
  const options = page.options
    .filter(({ hidden }) => !hidden)
    .map((option): [string, string] => [option.flags.join(', ') + metavars(option), option.help]);
  const longest = Math.max(...[...positionals, ...options].map(([form]) => form.length + 2));
  const column = Math.min(longest + 2, furthest, Math.max(width - 20, 4));
  const parts = [
    usageOf(page, width),
    page.description,
    entries('positional arguments', positionals, column, width),
    entries('options', options, column, width),
    page.epilog,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** The command whose help is asked for; null for that of the program, undefined if the line is no plain question for help. */
export function helpAsked(program: Program, argv: readonly string[]): Command | null | undefined {
  const [last, ...words] = argv.toReversed();
  if (last !== '-h' && last !== '--help') return undefined;
  if (words.length === 0) return null;
  const name = words.reverse().join(' ');
  return program.groups.flatMap(({ commands }) => commands).find((command) => command.name === name);
}
