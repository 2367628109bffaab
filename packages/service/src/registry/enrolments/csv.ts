/** An identity of a file, where it stands. */
export interface IdentityLine {
  /** The header is line 1. */
  readonly line: number;
  readonly identity: string;
}

/** Characters that are cut off: U+0000 to U+0020. */
const blanks = /^[\u0000-\u0020]+|[\u0000-\u0020]+$/g;

/** The first value of a line: up to the first comma, or within quotation marks, where nothing is cut off. */
function firstValue(line: string): string | undefined {
  const quoted = /^[\u0000-\u0020]*"([^"]*)"/.exec(line)?.[1];
  if (quoted !== undefined) return quoted;
  const value = (line.split(',', 1)[0] ?? '').replace(blanks, '');
  return value === '' ? undefined : value;
}

/**
 * Reads a file of enrolment identities: the first line is a header, the first value of every other line is an identity, empty
 * lines and values are passed over. Whether an identity is one is not judged here.
 */
export function identityLines(bytes: Uint8Array): IdentityLine[] {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text.split(/\r\n|\n|\r/).flatMap((content, index) => {
    const identity = index === 0 ? undefined : firstValue(content);
    return identity === undefined ? [] : [{ line: index + 1, identity }];
  });
}

/** A line of a CSV file (RFC 4180), every value in quotation marks. */
export const csvLine = (values: readonly string[]): string =>
  `${values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')}\r\n`;
