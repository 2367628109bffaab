import { randomInt } from 'node:crypto';
import { peopleErrors } from './errors.ts';

/** Where the account says nothing: by length alone, as NIST SP 800-63B §5.1.1.2 would have it. */
export const defaultMinimumLength = 12;

export const maximumLength = 512;

/**
 * @param words that must not be the password, such as the e-mail address
 * @param field by which the request names it
 * @throws MooringError `password.weak`
 */
export function checkNewPassword(
  password: string,
  { minimum, words, field }: { minimum: number; words: readonly (string | null)[]; field: string },
): void {
  const problem = problemOf(password, minimum, words);
  if (problem === undefined) return;
  throw peopleErrors('password.weak', {
    message: `The password ${problem}.`,
    next: 'Choose another: a few words in a row are long and easy to keep in mind.',
    data: { fields: [{ name: field, message: `The password ${problem}.` }] },
  });
}

function problemOf(password: string, minimum: number, words: readonly (string | null)[]): string | undefined {
  const characters = [...password.normalize('NFKC')];
  if (characters.length < minimum) return `has ${characters.length} characters, and has to have at least ${minimum}`;
  if (characters.length > maximumLength) return `has more than ${maximumLength} characters`;
  if (new Set(characters).size < 4) return 'has fewer than four different characters';
  const plain = password.toLowerCase();
  for (const word of words) {
    const lower = word?.toLowerCase();
    if (lower && (plain === lower || plain === lower.split('@')[0])) return 'is the e-mail address or the name itself';
  }
  return undefined;
}

const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 20 characters, 100 bits, that can be read over the telephone. */
export const generatedPassword = (): string =>
  Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')).join(
    '-',
  );
