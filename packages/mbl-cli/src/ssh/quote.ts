/** One word for a POSIX shell, quoted only where that is needed. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** A command line to be typed: program, options, and `--` where a word begins with a dash. */
export function commandLine(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
