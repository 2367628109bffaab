/** Text out of a file, for a terminal: what would end the line or steer the terminal is made visible. */
export const visible = (text: string): string =>
  text.replaceAll(/\p{C}/gu, (letter) => `\\u{${(letter.codePointAt(0) as number).toString(16)}}`);
