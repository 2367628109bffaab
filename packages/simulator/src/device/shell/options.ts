import { CommandFailure } from './job.ts';

export interface Options {
  has(letter: string): boolean;
  /** Value of an option that takes one; the last wins. */
  value(letter: string): string | undefined;
  operands: string[];
}

/**
 * Options in the manner of getopt: bundled letters, `--` ends them.
 *
 * @param letters as in getopt, a colon after a letter that takes a value
 * @param long names that stand for a letter
 */
export function readOptions(
  words: readonly string[],
  letters: string,
  long: Readonly<Record<string, string>> = {},
): Options {
  const found = new Map<string, string>();
  const operands: string[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') {
      operands.push(...queue);
      break;
    }
    if (word.startsWith('--')) {
      const letter = long[word.slice(2)];
      if (letter === undefined) throw new CommandFailure(`unrecognized option '${word}'`);
      found.set(letter, '');
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at] as string;
        const position = letter === ':' ? -1 : letters.indexOf(letter);
        if (position < 0) throw new CommandFailure(`invalid option -- '${letter}'`);
        if (letters[position + 1] !== ':') {
          found.set(letter, '');
          continue;
        }
        const value = at + 1 < word.length ? word.slice(at + 1) : queue.shift();
        if (value === undefined) throw new CommandFailure(`option requires an argument -- '${letter}'`);
        found.set(letter, value);
        break;
      }
    } else {
      operands.push(word);
    }
  }
  return { has: (letter) => found.has(letter), value: (letter) => found.get(letter), operands };
}
