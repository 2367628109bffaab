import type { Command, Option, Positional, Program, Values } from './command.ts';

export interface ParsedArguments {
  command: Command;
  values: Values;
  json: boolean;
}

const wholeNumber = /^\s*[+-]?\d+\s*$/;

const byFlag = (options: readonly Option[]): Map<string, Option> =>
  new Map(options.flatMap((option) => option.flags.map((flag) => [flag, option] as const)));

/** Ends the plain reading: what is left to interpret is argparse's. */
const notPlain = Symbol('not plain');

function converted({ kind, choices }: Option, text: string): unknown {
  if (kind === 'integer' && !wholeNumber.test(text)) throw notPlain;
  if (choices && !choices.includes(text)) throw notPlain;
  return kind === 'integer' ? Number(text) : text;
}

/** Reads options up to the first word that is none, or, with `words`, all of them and collects such words. */
class Reading {
  readonly values: Record<string, unknown> = {};
  readonly given = new Set<Option>();
  readonly words: { text: string; at: number }[] = [];
  json = false;
  readonly #argv: readonly string[];
  at: number;

  constructor(argv: readonly string[], at: number) {
    this.#argv = argv;
    this.at = at;
  }

  read(options: readonly Option[], takesWords: boolean): void {
    const flags = byFlag(options);
    while (this.at < this.#argv.length) {
      const token = this.#argv[this.at] as string;
      if (token === '-' || !token.startsWith('-')) {
        if (!takesWords) return;
        this.words.push({ text: token, at: this.at });
      } else if (token === '--json') this.json = true;
      else this.#option(flags, token);
      this.at++;
    }
  }

  #option(flags: ReadonlyMap<string, Option>, token: string): void {
    const equals = token.startsWith('--') ? token.indexOf('=') : -1;
    const option = flags.get(equals < 0 ? token : token.slice(0, equals));
    if (!option) throw notPlain;
    this.given.add(option);
    if (option.metavar === undefined) {
      if (equals >= 0) throw notPlain;
      this.values[option.name] = true;
      return;
    }
    const text = equals < 0 ? this.#argv[++this.at] : token.slice(equals + 1);
    // A value that looks like an option is judged by rules of its own, and an empty one too.
    if (text === undefined || text === '' || (text.startsWith('-') && text !== '-' && equals < 0)) throw notPlain;
    const value = converted(option, text);
    const before = this.values[option.name];
    const isList = option.kind === 'list' || option.kind === 'lists';
    this.values[option.name] = isList ? [...((before ?? []) as unknown[]), value] : value;
  }

  finish(options: readonly Option[]): void {
    const groups = new Map<string, Option>();
    for (const option of this.given) {
      const { excludes } = option;
      if (excludes === undefined) continue;
      if ((groups.get(excludes) ?? option) !== option) throw notPlain;
      groups.set(excludes, option);
    }
    for (const option of options) {
      if (option.required && !this.given.has(option)) throw notPlain;
      this.values[option.name] ??= option.default;
    }
  }
}

/** The words to the positionals, of which only the last may take another number than one. */
function assign(positionals: readonly Positional[], reading: Reading): void {
  const { words, values } = reading;
  const isTogether = words.every(({ at }, index) => index === 0 || at === (words[index - 1]?.at ?? 0) + 1);
  const texts = words.map(({ text }) => text);
  for (const [index, { name, count }] of positionals.entries()) {
    const isLast = index === positionals.length - 1;
    if (count !== undefined && (!isLast || !isTogether)) throw notPlain;
    if (count === '*' || count === '+') values[name] = texts.splice(0);
    else values[name] = texts.shift();
    const found = values[name];
    if (count === undefined && found === undefined) throw notPlain;
    if (count === '+' && (found as unknown[]).length === 0) throw notPlain;
  }
  if (texts.length > 0) throw notPlain;
}

function read(program: Program, argv: readonly string[]): ParsedArguments {
  const before = new Reading(argv, 0);
  before.read(program.options ?? [], false);
  before.finish(program.options ?? []);
  const commands = program.groups.flatMap((group) => group.commands);
  const command = commands.find(({ name }) => {
    const words = name.split(' ');
    return words.every((word, index) => argv[before.at + index] === word);
  });
  if (!command) throw notPlain;
  const { options = [], positionals = [], oneOf = [] } = command;
  const reading = new Reading(argv, before.at + command.name.split(' ').length);
  reading.read(options, true);
  reading.finish(options);
  for (const group of oneOf) if (![...reading.given].some(({ excludes }) => excludes === group)) throw notPlain;
  assign(positionals, reading);
  return { command, values: { ...before.values, ...reading.values }, json: before.json || reading.json };
}

/**
 * Reads a command line that leaves nothing to interpret: flags spelled out, values beside them, nothing missing. That is
 * nearly every one, and takes no time, where setting up argparse takes as long as half a start of Node.
 *
 * @returns undefined for all else: help, abbreviations, grouped letters, mistakes
 */
export function plainArguments(program: Program, argv: readonly string[]): ParsedArguments | undefined {
  try {
    return read(program, argv);
  } catch (reason) {
    if (reason === notPlain) return undefined;
    throw reason;
  }
}
