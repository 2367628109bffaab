import { type CPlace, cProblem, getAnew } from './c-problem.ts';
import { type Definition, readDefinition, statements } from './c-statements.ts';
import { isSign, tokenize } from './c-tokens.ts';
import { type CElements, readElements, readNumber } from './c-values.ts';
import { credentialErrors } from './errors.ts';

/** A constant that a C file defines. */
export interface CVariable {
  name: string;
  kind: 'text' | 'bytes' | 'number';
  /** text: UTF-8 without terminator; number: 4 bytes little endian */
  value: Uint8Array;
  /** Line of the name, from 1. */
  line: number;
}

/** In characters: a hundred times the usual. */
const largestSource = 1_000_000;

/** @throws MooringError `credentials.source.*` */
function checkIsText(text: string, file: string): void {
  if (text.replace('\ufeff', '').trim() === '') {
    throw credentialErrors('credentials.source.empty', {
      message: `${file} is empty.`,
      next: getAnew,
      data: { file },
    });
  }
  if (/[\0\ufffd]/.test(text)) {
    throw credentialErrors('credentials.source.binary', {
      message: `${file} is not a C source file: it holds bytes that are not text in UTF-8.`,
      next: 'Give the .c file itself (not a certificate, an archive or an object file), saved as UTF-8.',
      data: { file },
    });
  }
  if (text.length <= largestSource) return;
  throw credentialErrors('credentials.source.kind', {
    message: `${file} has ${text.length} characters; a file of credentials has some ten thousand.`,
    next: 'Give the .c file that the generator wrote.',
    data: { file },
  });
}

/** 4 bytes, as the clients keep their numbers. */
export function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

const wideTypes = /^(u?int(16|32|64)_t|int|short|long|float|double|size_t)$/;
const maySpellSign = /^(un)?signed$/;

/** The value's kind and bytes; undefined for one that is made with `sizeof`: sizes are known from the arrays themselves. */
function readValue(definition: Definition, place: CPlace): Pick<CVariable, 'kind' | 'value'> | undefined {
  const { value, isArray, typeWords } = definition;
  if (value.some(({ kind, text }) => kind === 'word' && text === 'sizeof')) return undefined;
  const invalid = (reason: string) => cProblem('credentials.variable.invalid', place, reason, getAnew);
  const [first] = value;
  if (!first) throw invalid('there is no value after the "="');
  if (first.kind !== 'string' && !isSign(first, '{')) {
    if (isArray) throw invalid('an array needs a text in quotes or bytes in braces');
    return { kind: 'number', value: littleEndian(readNumber(value, place)) };
  }
  const elements = readElements(value, place);
  if (elements.quoted) return { kind: 'text', value: sizedText(elements, definition, place) };
  const wide = typeWords.find((type) => wideTypes.test(type));
  if (wide) throw invalid(`an array of ${wide} is not one of bytes`);
  if (!isArray) throw invalid('bytes in braces, but the variable is not an array');
  if (typeWords.includes('char') && !typeWords.some((type) => maySpellSign.test(type))) {
    return { kind: 'text', value: sizedText(elements, definition, place) };
  }
  return { kind: 'bytes', value: sizedBytes(elements, definition, place) };
}

function checkSize(bytes: Uint8Array, { size }: Definition, place: CPlace): void {
  if (size === undefined || bytes.length <= size) return;
  const reason = `${bytes.length} bytes are given for an array of ${size}`;
  throw cProblem('credentials.variable.invalid', place, reason, getAnew);
}

/** By the rules of C, what an array of given size leaves out is zero. */
function sizedBytes({ bytes }: CElements, definition: Definition, place: CPlace): Uint8Array {
  checkSize(bytes, definition, place);
  const { size = bytes.length } = definition;
  if (size > largestSource) {
    throw cProblem('credentials.variable.invalid', place, `an array of ${size} bytes is too large`, getAnew);
  }
  const filled = new Uint8Array(size);
  filled.set(bytes);
  return filled;
}

function sizedText({ bytes, quoted }: CElements, definition: Definition, place: CPlace): Uint8Array {
  checkSize(bytes, definition, place);
  const text = !quoted && bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  const invalid = (reason: string) => cProblem('credentials.variable.invalid', place, reason, getAnew);
  if (text.includes(0)) throw invalid('the text holds a zero byte');
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    throw invalid('the text is not valid UTF-8');
  }
  return new Uint8Array(text);
}

/**
 * The constants of a C file as the generators of credentials write it: texts, byte arrays, numbers. Comments and
 * preprocessor lines are passed over, and so are statements with `sizeof` or without a value.
 *
 * @param fileName as the person knows the file, for errors
 * @throws MooringError `credentials.source.*`, `credentials.variable.*`, with file, line, variable and reason
 */
export function parseCSource(text: string, fileName: string): CVariable[] {
  checkIsText(text, fileName);
  const variables = new Map<string, CVariable>();
  for (const statement of statements(tokenize(text, fileName), fileName)) {
    const definition = readDefinition(statement, fileName);
    if (!definition) continue;
    const { name, line } = definition;
    const place = { file: fileName, line, variable: name };
    const read = readValue(definition, place);
    if (!read) continue;
    const other = variables.get(name);
    if (other) {
      throw cProblem(
        'credentials.variable.twice',
        place,
        `it is already defined in line ${other.line}`,
        'Remove one of the two definitions; the files of two devices or keys may have been joined.',
      );
    }
    variables.set(name, { name, ...read, line });
  }
  return [...variables.values()];
}
