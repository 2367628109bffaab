/** Beyond this column PyYAML folds. */
const width = 80;
const breaks = '\n\u0085\u2028\u2029';
const blanks = `\0 \t\r${breaks}`;

/** Plain texts that YAML 1.1 takes for something else than a text (PyYAML's resolver). */
const otherTypes: readonly RegExp[] = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:<<|=|~|null|Null|NULL|)$/,
  /^\d{4}-\d\d-\d\d$/,
  /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
];

interface Analysis {
  plain: boolean;
  single: boolean;
}

/** Which of the styles can hold the text, by the rules of PyYAML's emitter (with `allow_unicode` off). */
function analyse(letters: readonly string[]): Analysis {
  const text = letters.join('');
  let indicator = text.startsWith('---') || text.startsWith('...');
  let [special, lineBreaks, breakSpace, spaceBreak] = [false, false, false, false];
  let before = '';
  for (const [index, letter] of letters.entries()) {
    const next = letters[index + 1];
    const followedByBlank = next === undefined || blanks.includes(next);
    if (index === 0) {
      if ('#,[]{}&*!|>\'"%@`'.includes(letter)) indicator = true;
      if ('?:-'.includes(letter) && followedByBlank) indicator = true;
    } else {
      if (letter === ':' && followedByBlank) indicator = true;
      if (letter === '#' && blanks.includes(before)) indicator = true;
    }
    const isBreak = breaks.includes(letter);
    if (isBreak) lineBreaks = true;
    if (letter !== '\n' && !(letter >= ' ' && letter <= '~')) special = true;
    if (letter === ' ' && before !== '' && breaks.includes(before)) breakSpace = true;
    if (isBreak && before === ' ') spaceBreak = true;
    before = letter;
  }
  const edges = [letters[0], letters.at(-1)].some((letter) => letter !== undefined && ` ${breaks}`.includes(letter));
  return {
    plain: !(edges || breakSpace || spaceBreak || special || lineBreaks || indicator),
    single: !(breakSpace || spaceBreak || special),
  };
}

/** Collects what is written and knows the column, at which folding is decided. */
class Line {
  text = '';
  #column: number;
  readonly #indent: number;

  constructor(column: number, indent: number) {
    this.#column = column;
    this.#indent = indent;
  }

  get isPastWidth(): boolean {
    return this.#column > width;
  }

  fits(more: number): boolean {
    return this.#column + more <= width;
  }

  write(data: string): void {
    this.text += data;
    this.#column += [...data].length;
  }

  newLine(character = '\n'): void {
    this.text += character;
    this.#column = 0;
  }

  pad(): void {
    this.write(' '.repeat(this.#indent - this.#column));
  }

  fold(): void {
    this.newLine();
    this.pad();
  }
}

function writePlain(line: Line, letters: readonly string[]): void {
  let start = 0;
  let inSpaces = false;
  for (let end = 0; end <= letters.length; end++) {
    const letter = letters[end];
    if (inSpaces) {
      if (letter !== ' ') {
        if (start + 1 === end && line.isPastWidth) line.fold();
        else line.write(letters.slice(start, end).join(''));
        start = end;
      }
    } else if (letter === undefined || letter === ' ') {
      line.write(letters.slice(start, end).join(''));
      start = end;
    }
    inSpaces = letter === ' ';
  }
}

function writeSingle(line: Line, letters: readonly string[]): void {
  let start = 0;
  let [inSpaces, inBreaks] = [false, false];
  line.write("'");
  for (let end = 0; end <= letters.length; end++) {
    const letter = letters[end];
    if (inSpaces) {
      if (letter !== ' ') {
        const alone = start + 1 === end && start !== 0 && end !== letters.length;
        if (alone && line.isPastWidth) line.fold();
        else line.write(letters.slice(start, end).join(''));
        start = end;
      }
    } else if (inBreaks) {
      if (letter === undefined || !breaks.includes(letter)) {
        // One break would be read as a space.
        if (letters[start] === '\n') line.newLine();
        for (const character of letters.slice(start, end)) line.newLine(character);
        line.pad();
        start = end;
      }
    } else if (letter === undefined || ` ${breaks}'`.includes(letter)) {
      line.write(letters.slice(start, end).join(''));
      start = end;
    }
    if (letter === "'") {
      line.write("''");
      start = end + 1;
    }
    inSpaces = letter === ' ';
    inBreaks = letter !== undefined && breaks.includes(letter);
  }
  line.write("'");
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '0',
  '\u0007': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\u001b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u00a0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

function escaped(letter: string): string {
  const short = escapes[letter];
  if (short !== undefined) return `\\${short}`;
  const code = letter.codePointAt(0) as number;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function writeDouble(line: Line, letters: readonly string[]): void {
  let start = 0;
  line.write('"');
  for (let end = 0; end <= letters.length; end++) {
    const letter = letters[end];
    if (letter === undefined || letter === '"' || letter === '\\' || letter < ' ' || letter > '~') {
      if (start < end) {
        line.write(letters.slice(start, end).join(''));
        start = end;
      }
      if (letter !== undefined) {
        line.write(escaped(letter));
        start = end + 1;
      }
    }
    const inside = end > 0 && end < letters.length - 1;
    if (inside && (letter === ' ' || start >= end) && !line.fits(end - start)) {
      line.write(`${letters.slice(start, end).join('')}\\`);
      if (start < end) start = end;
      line.fold();
      if (letters[start] === ' ') line.write('\\');
    }
  }
  line.write('"');
}

/**
 * A text as PyYAML writes it, in the style and with the line breaks that it chooses.
 *
 * @param column where the text begins
 * @param indent of the lines that follow the first
 */
export function yamlScalar(text: string, column: number, indent: number): string {
  const letters = [...text];
  const { plain, single } = analyse(letters);
  const line = new Line(column, indent);
  if (plain && !otherTypes.some((form) => form.test(text))) writePlain(line, letters);
  else if (single) writeSingle(line, letters);
  else writeDouble(line, letters);
  return line.text;
}
