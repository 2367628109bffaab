import type { Option } from '@mooring/terminal';
import { manifestToolErrors } from './errors.ts';

/** The two manifest-tools that have commands of the same name: 1.4.8 (with 1.5), and 2.6.2. */
export type Generation = 1 | 2;

/** `-l` and `-q` stand before the command; these are the options there that take a word after them. */
const valued = new Set(['-l', '--log-level', '--generation']);
const onlyIn: Readonly<Record<string, Generation>> = { '-l': 1, '--log-level': 1, '-q': 2, '--quiet': 2, '--debug': 2 };
const secondAlone = new Set(['create-v1', 'schema', 'public-key']);

/** The arguments of one command name, as each generation has them. */
export interface Forms {
  options: Readonly<Record<Generation, readonly Option[]>>;
  /** The generation that takes a word which is no option. */
  positional?: Generation;
}

export const generationOption: Option = {
  flags: ['--generation'],
  name: 'generation',
  metavar: '{1,2}',
  choices: ['1', '2'],
  help: 'Which manifest-tool the command line is meant for, 1.4.8 or 2.6.2, where it would fit neither or both.',
};

const generations: readonly Generation[] = [1, 2];

function longOption(word: string, options: readonly Option[]): Option | undefined {
  const name = word.split('=', 1)[0] as string;
  const exact = options.find((option) => option.flags.includes(name));
  if (exact) return exact;
  // Where several begin so, argparse refuses the word; whose it is, it tells all the same.
  return options.find((option) => option.flags.some((flag) => flag.startsWith('--') && flag.startsWith(name)));
}

const shortOption = (letter: string, options: readonly Option[]): Option | undefined =>
  options.find((option) => option.flags.includes(`-${letter}`));

/** What the arguments of a command say about who they were written for: the words that only one of the two takes. */
class Marks {
  readonly of: Readonly<Record<Generation, string[]>> = { 1: [], 2: [] };
  readonly #forms: Forms;

  constructor(forms: Forms) {
    this.#forms = forms;
  }

  read(words: readonly string[]): void {
    for (let index = 0; index < words.length; index++) {
      const word = words[index] as string;
      if (word === '--') {
        if (index + 1 < words.length) this.#positional(words[index + 1] as string);
        return;
      }
      if (word === '-' || !word.startsWith('-')) this.#positional(word);
      else if (word.startsWith('--')) index += this.#long(word, words[index + 1]);
      else index += this.#short(word, words[index + 1]);
    }
  }

  #positional(word: string): void {
    if (this.#forms.positional) this.of[this.#forms.positional].push(word);
  }

  #note(found: Readonly<Record<Generation, Option | undefined>>, shown: string, value: string | undefined): void {
    const [first, second] = [found[1], found[2]];
    if (first && !second) this.of[1].push(shown);
    if (second && !first) this.of[2].push(shown);
    if (!first?.choices || !second || value === undefined) return;
    // Both have the option, and 1.4.8 takes few values for it.
    if (!first.choices.includes(value)) this.of[2].push(`${shown} ${value}`);
    else if (second.name === 'fw_version') this.of[1].push(`${shown} ${value}`);
  }

  /** @returns how many of the words after it belong to it */
  #long(word: string, next: string | undefined): number {
    const found = {
      1: longOption(word, this.#forms.options[1]),
      2: longOption(word, this.#forms.options[2]),
    };
    const takesValue = generations.some((generation) => found[generation]?.metavar !== undefined);
    const attached = word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined;
    this.#note(found, word.split('=', 1)[0] as string, takesValue ? (attached ?? next) : undefined);
    return takesValue && attached === undefined ? 1 : 0;
  }

  #short(word: string, next: string | undefined): number {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] as string;
      const { options } = this.#forms;
      const found = { 1: shortOption(letter, options[1]), 2: shortOption(letter, options[2]) };
      const takesValue = generations.some((generation) => found[generation]?.metavar !== undefined);
      const rest = word.slice(at + 1).replace(/^=/, '');
      const value = rest === '' ? next : rest;
      this.#note(found, `-${letter}`, takesValue ? value : undefined);
      if (takesValue) return rest === '' ? 1 : 0;
    }
    return 0;
  }
}

const asksForHelp = (words: readonly string[]): boolean => words.includes('-h') || words.includes('--help');

function explicit(words: readonly string[]): Generation | undefined {
  const at = words.findIndex((word) => word === '--generation' || word.startsWith('--generation='));
  if (at < 0) return undefined;
  const value = words[at]?.split('=')[1] ?? words[at + 1];
  return value === '2' ? 2 : 1;
}

const conflict = (command: string, message: string): Error =>
  manifestToolErrors('manifest.generation', {
    message: `manifest-tool ${command}: error: ${message}`,
    next: 'Put --generation 1 (manifest-tool 1.4.8) or --generation 2 (manifest-tool 2.6.2) after the command.',
    exitCode: 2,
  });

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');

/**
 * Which manifest-tool a command line was written for. Most commands exist in one of them only. For `create` and
 * `parse` each argument is looked up in both, and the arguments that only one of them takes decide; a command line
 * that has such arguments of both, or a `create` that has none, is refused and not guessed at. `parse` without any
 * reads standard input, which only 1.4.8 does.
 *
 * @param forms the options of `create` and of `parse`
 * @throws MooringError `manifest.generation`
 */
export function generationOf(argv: readonly string[], forms: Readonly<Record<string, Forms>>): Generation {
  const told = explicit(argv);
  if (told) return told;
  let at = 0;
  const before: string[] = [];
  while (at < argv.length && (argv[at] as string).startsWith('-')) {
    const word = argv[at] as string;
    before.push(word);
    at += valued.has(word) ? 2 : 1;
  }
  const command = argv[at] ?? '';
  const rest = argv.slice(at + 1);
  const leading = before.map((word) => ({ word, generation: onlyIn[/^-l./.test(word) ? '-l' : word] }));
  const commandForms = Object.hasOwn(forms, command) ? (forms[command] as Forms) : undefined;
  if (!commandForms) {
    if (secondAlone.has(command)) return 2;
    return command === '' && leading.some(({ generation }) => generation === 2) ? 2 : 1;
  }

  const marks = new Marks(commandForms);
  for (const { word, generation } of leading) if (generation) marks.of[generation].push(word);
  marks.read(rest);
  const [first, second] = [marks.of[1], marks.of[2]];
  if (first.length > 0 && second.length > 0) {
    throw conflict(
      command,
      `${quoted(first)} belongs to manifest-tool 1.4.8 and ${quoted(second)} to manifest-tool 2.6.2.`,
    );
  }
  if (second.length > 0) return 2;
  if (first.length > 0 || command === 'parse' || asksForHelp(rest)) return 1;
  throw conflict(
    command,
    'nothing on the command line tells whether it is meant for manifest-tool 1.4.8, which needs -p, or 2.6.2, which needs -c and -v.',
  );
}
