import type { Sink, Source } from '../shell/pipe.ts';

const ctrlC = '\x03';

/**
 * The line discipline of a pseudo terminal, as far as a shell on a device needs it: echo, backspace, Ctrl-C, Ctrl-D,
 * Ctrl-U, the lines typed before with the arrow keys, and carriage returns in the output.
 */
export class Terminal {
  /** Output of commands: a line feed becomes carriage return and line feed. */
  readonly output: Sink;
  readonly #raw: Sink;
  readonly #history: string[] = [];
  #line = '';
  #recalled = 0;
  #escape = '';
  #lastWasReturn = false;
  #reader: ((line: string | null) => void) | undefined;
  readonly #typed: string[] = [];
  #editing = false;
  #foreground: AbortController | undefined;
  #ended = false;

  constructor(raw: Sink) {
    this.#raw = raw;
    this.output = {
      write: (data) => {
        const text = Buffer.from(data as Uint8Array).toString('latin1');
        return raw.write(Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1'));
      },
    };
  }

  /** Reads the client's bytes until they end. */
  async follow(source: Source): Promise<void> {
    const decoder = new TextDecoder();
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
      for (const key of decoder.decode(chunk, { stream: true })) {
        if (key === ctrlC) await this.#interrupt();
        else this.#typed.push(key);
      }
      void this.#edit();
    }
    this.#ended = true;
    void this.#edit();
  }

  /** Shows the prompt and waits for a line; null for Ctrl-D on an empty one, and at the end. */
  async readLine(prompt: string): Promise<string | null> {
    await this.#raw.write(prompt);
    return this.#take();
  }

  /** While `work` runs, lines are its standard input and Ctrl-C ends it. What it does not read stays for the shell. */
  async run(parent: AbortSignal, work: (input: Source, signal: AbortSignal) => Promise<number>): Promise<number> {
    const interrupt = new AbortController();
    this.#foreground = interrupt;
    const read = async () => {
      if (this.#foreground !== interrupt) return null;
      const line = await this.#take();
      return line === null ? null : Buffer.from(`${line}\n`);
    };
    try {
      return await work({ read }, AbortSignal.any([parent, interrupt.signal]));
    } finally {
      this.#foreground = undefined;
      this.#line = '';
      this.#deliver(null);
    }
  }

  remember(line: string): void {
    if (line.trim() !== '' && this.#history.at(-1) !== line) this.#history.push(line);
    if (this.#history.length > 100) this.#history.shift();
    this.#recalled = this.#history.length;
  }

  #take(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      void this.#edit();
    });
  }

  /** Keys count only while somebody reads: what was typed ahead belongs to the next reader, and is shown there. */
  async #edit(): Promise<void> {
    if (this.#editing) return;
    this.#editing = true;
    try {
      while (this.#reader && this.#typed.length > 0) await this.#key(this.#typed.shift() as string);
    } catch {
      // The client has gone.
      this.#ended = true;
    }
    this.#editing = false;
    if (this.#ended && this.#typed.length === 0) this.#deliver(null);
  }

  async #interrupt(): Promise<void> {
    this.#typed.length = 0;
    this.#line = '';
    await this.#raw.write('^C\r\n');
    if (this.#foreground) this.#foreground.abort();
    else this.#deliver('');
  }

  #deliver(line: string | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(line);
  }

  async #key(key: string): Promise<void> {
    if (this.#escape !== '') return this.#escapeKey(key);
    const afterReturn = this.#lastWasReturn;
    this.#lastWasReturn = key === '\r';
    switch (key) {
      case '\x1b':
        this.#escape = key;
        return;
      case '\n':
        // A client that sends both means one line.
        if (afterReturn) return;
        return this.#enter();
      case '\r':
        return this.#enter();
      case '\x04':
        if (this.#line === '') this.#deliver(null);
        return;
      case '\x15':
        return this.#replace('');
      case '\x7f':
      case '\b':
        if (this.#line === '') return;
        this.#line = [...this.#line].slice(0, -1).join('');
        await this.#raw.write('\b \b');
        return;
      default:
        if (key < ' ' && key !== '\t') return;
        if (this.#line.length > 64 * 1024) return;
        this.#line += key;
        await this.#raw.write(key);
    }
  }

  async #enter(): Promise<void> {
    const line = this.#line;
    this.#line = '';
    await this.#raw.write('\r\n');
    this.#deliver(line);
  }

  /** Cursor up and down go through the lines typed before; other sequences do nothing. */
  async #escapeKey(key: string): Promise<void> {
    this.#escape += key;
    if (this.#escape.length === 2 && (key === '[' || key === 'O')) return;
    if (this.#escape.length < 16 && !/[@-~]/.test(key)) return;
    this.#escape = '';
    if (this.#foreground || (key !== 'A' && key !== 'B')) return;
    const next = this.#recalled + (key === 'A' ? -1 : 1);
    if (next < 0 || next > this.#history.length) return;
    this.#recalled = next;
    await this.#replace(this.#history[next] ?? '');
  }

  async #replace(line: string): Promise<void> {
    const length = [...this.#line].length;
    this.#line = line;
    await this.#raw.write(`${'\b'.repeat(length)}${' '.repeat(length)}${'\b'.repeat(length)}${line}`);
  }
}
