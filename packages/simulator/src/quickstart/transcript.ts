import type { Writable } from 'node:stream';

/** What the quick start shows: headings, commands as typed with their output as it comes, and what was checked. */
export class Transcript {
  readonly #out: Writable & { isTTY?: boolean };
  #atLineStart = true;
  checks = 0;

  constructor(out: Writable & { isTTY?: boolean }) {
    this.#out = out;
  }

  heading(text: string): void {
    this.line();
    this.line(this.#bold(text));
  }

  line(text = ''): void {
    this.#freshLine();
    this.write(`${text}\n`);
  }

  command(text: string): void {
    this.line(`$ ${this.#bold(text)}`);
  }

  /** A thing that was found to be so. */
  check(text: string): void {
    this.checks++;
    this.line(`  [ok] ${text}`);
  }

  write(text: string): void {
    if (text === '') return;
    this.#out.write(text);
    this.#atLineStart = text.endsWith('\n');
  }

  #freshLine(): void {
    if (!this.#atLineStart) this.write('\n');
  }

  #bold(text: string): string {
    return this.#out.isTTY ? `\x1b[1m${text}\x1b[0m` : text;
  }
}
