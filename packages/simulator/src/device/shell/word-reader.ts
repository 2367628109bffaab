import { type Script, SyntaxFault, type Word, type WordPart } from './syntax.ts';

const nameStart = /[A-Za-z_]/;
const nameRest = /[A-Za-z0-9_]/;

/** Goes through a command line word by word; quotes, parameters and `$( … )` are understood here, grammar is not. */
export class WordReader {
  readonly #text: string;
  readonly #nested: () => Script;
  #at = 0;

  /** @param nested parses the inside of a `$( … )`, up to its closing parenthesis */
  constructor(text: string, nested: () => Script) {
    this.#text = text;
    this.#nested = nested;
  }

  /** The next characters, without taking them; empty at the end. */
  peek(length = 1): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  takeMatch(pattern: RegExp, length: number): RegExpExecArray | null {
    const found = pattern.exec(this.peek(length));
    if (found) this.#at += found[0].length;
    return found;
  }

  /** A word of the grammar, such as `then`, where it stands alone. */
  isKeyword(word: string): boolean {
    return this.#text.startsWith(word, this.#at) && /^[\s;&|<>()]?$/.test(this.#text[this.#at + word.length] ?? '');
  }

  /** Moves past blanks and comments, and past line ends if they mean nothing here. */
  skipBlank(lines: boolean): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next === ' ' || next === '\t' || next === '\r' || (lines && next === '\n')) this.#at++;
      else if (next === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else if (next === '#') {
        while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      } else return;
    }
  }

  word(): Word | undefined {
    const parts: WordPart[] = [];
    let plain = '';
    const flush = () => {
      if (plain !== '') parts.push({ kind: 'text', text: plain, quoted: false });
      plain = '';
    };
    let any = false;
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined || /[\s;&|<>()]/.test(next)) break;
      any = true;
      if (next === '\\') {
        flush();
        const escaped = this.#text[this.#at + 1];
        this.#at += 2;
        if (escaped === undefined) parts.push({ kind: 'text', text: '\\', quoted: true });
        else if (escaped !== '\n') parts.push({ kind: 'text', text: escaped, quoted: true });
      } else if (next === "'") {
        flush();
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new SyntaxFault('unterminated quoted string');
        parts.push({ kind: 'text', text: this.#text.slice(this.#at + 1, end), quoted: true });
        this.#at = end + 1;
      } else if (next === '"') {
        flush();
        this.#at++;
        parts.push(...this.#doubleQuoted());
      } else if (next === '$') {
        const part = this.#dollar(false);
        if (part) {
          flush();
          parts.push(part);
        } else plain += '$';
      } else if (next === '`') {
        throw new SyntaxFault('"`" is not in this shell; write $(…)');
      } else {
        plain += next;
        this.#at++;
      }
    }
    flush();
    return any ? parts : undefined;
  }

  #doubleQuoted(): WordPart[] {
    const parts: WordPart[] = [];
    let text = '';
    const flush = () => {
      if (text !== '') parts.push({ kind: 'text', text, quoted: true });
      text = '';
    };
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined) throw new SyntaxFault('unterminated quoted string');
      if (next === '"') {
        this.#at++;
        flush();
        // An empty pair of quotes is an empty argument, not none.
        if (parts.length === 0) parts.push({ kind: 'text', text: '', quoted: true });
        return parts;
      }
      if (next === '\\') {
        const escaped = this.#text[this.#at + 1];
        this.#at += 2;
        if (escaped === '\n') continue;
        text += escaped !== undefined && '$`"\\'.includes(escaped) ? escaped : `\\${escaped ?? ''}`;
      } else if (next === '$') {
        const part = this.#dollar(true);
        if (part) {
          flush();
          parts.push(part);
        } else text += '$';
      } else if (next === '`') {
        throw new SyntaxFault('"`" is not in this shell; write $(…)');
      } else {
        text += next;
        this.#at++;
      }
    }
  }

  /** At a `$`; moves past what it begins. Undefined for a dollar sign that stands for itself. */
  #dollar(quoted: boolean): WordPart | undefined {
    this.#at++;
    const next = this.#text[this.#at] ?? '';
    if (next === '(') {
      if (this.#text[this.#at + 1] === '(') throw new SyntaxFault('"$((" is not in this shell');
      this.#at++;
      const script = this.#nested();
      if (!this.take(')')) throw new SyntaxFault('unterminated "$("');
      return { kind: 'substitution', script, quoted };
    }
    if (next === '{') {
      const found = /^\{([A-Za-z_][A-Za-z0-9_]*|\?)\}/.exec(this.#text.slice(this.#at, this.#at + 300));
      if (!found) throw new SyntaxFault('bad substitution');
      this.#at += found[0].length;
      return { kind: 'parameter', name: found[1] as string, quoted };
    }
    if (next !== '' && '?$#'.includes(next)) {
      this.#at++;
      return { kind: 'parameter', name: next, quoted };
    }
    if (!nameStart.test(next)) return undefined;
    const start = this.#at;
    while (nameRest.test(this.#text[this.#at] ?? '')) this.#at++;
    return { kind: 'parameter', name: this.#text.slice(start, this.#at), quoted };
  }
}
