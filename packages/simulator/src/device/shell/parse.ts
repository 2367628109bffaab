import {
  type Pipeline,
  type Redirection,
  type Script,
  type SimpleCommand,
  type Subshell,
  SyntaxFault,
  type Word,
  type WordPart,
} from './syntax.ts';

const maximumLength = 128 * 1024;
const maximumDepth = 50;
const nameStart = /[A-Za-z_]/;
const nameRest = /[A-Za-z0-9_]/;
/** The compound commands of a full shell, said plainly instead of "not found". */
const reserved = new Set([
  'if',
  'for',
  'while',
  'until',
  'case',
  'function',
  'then',
  'else',
  'fi',
  'do',
  'done',
  'esac',
  '{',
  '}',
]);

/**
 * Parses a command line.
 *
 * @throws SyntaxFault for bad syntax and for what this shell does not have
 */
export function parseScript(text: string): Script {
  if (text.length > maximumLength) throw new SyntaxFault('argument list too long');
  if (text.includes('\0')) throw new SyntaxFault('a zero byte in the command line');
  const parser = new Parser(text);
  const script = parser.script('');
  parser.expectEnd();
  return script;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) throw unexpected(this.#text[this.#at] as string);
  }

  /** @param end the character that closes this list, if any */
  script(end: '' | ')'): Script {
    if (++this.#depth > maximumDepth) throw new SyntaxFault('nested too deeply');
    const items: { after: ';' | '&&' | '||'; pipeline: Pipeline }[] = [];
    let after: ';' | '&&' | '||' = ';';
    for (;;) {
      this.#skipBlank(true);
      if (this.#atEnd(end)) {
        if (after !== ';') throw unexpected(end);
        break;
      }
      items.push({ after, pipeline: this.#pipeline() });
      this.#skipBlank(false);
      const joint = this.#joint(end);
      if (joint === undefined) break;
      after = joint;
    }
    this.#depth--;
    return items;
  }

  #atEnd(end: '' | ')'): boolean {
    const next = this.#text[this.#at];
    return next === undefined || (end !== '' && next === end);
  }

  #joint(end: '' | ')'): ';' | '&&' | '||' | undefined {
    if (this.#atEnd(end)) return undefined;
    if (this.#take('&&')) return '&&';
    if (this.#take('||')) return '||';
    if (this.#text.startsWith(';;', this.#at)) throw unexpected(';;');
    if (this.#take(';') || this.#take('\n')) return ';';
    if (this.#text[this.#at] === '&') throw new SyntaxFault('"&" (a command in the background) is not in this shell');
    throw unexpected(this.#text[this.#at] as string);
  }

  #pipeline(): Pipeline {
    let negated = false;
    while (this.#text[this.#at] === '!' && /[\s]/.test(this.#text[this.#at + 1] ?? '')) {
      this.#at++;
      negated = !negated;
      this.#skipBlank(false);
    }
    const commands = [this.#command()];
    for (;;) {
      this.#skipBlank(false);
      if (this.#text[this.#at] !== '|' || this.#text[this.#at + 1] === '|') return { negated, commands };
      this.#at++;
      this.#skipBlank(true);
      commands.push(this.#command());
    }
  }

  #command(): SimpleCommand | Subshell {
    if (this.#take('(')) return this.#subshell();
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (;;) {
      this.#skipBlank(false);
      const redirection = this.#redirection();
      if (redirection) {
        redirections.push(redirection);
        continue;
      }
      const word = this.#word();
      if (word === undefined) break;
      const assignment = words.length === 0 ? assignmentOf(word) : undefined;
      if (assignment) assignments.push(assignment);
      else words.push(word);
    }
    const first = words[0]?.length === 1 ? words[0][0] : undefined;
    if (first?.kind === 'text' && !first.quoted && reserved.has(first.text)) {
      throw new SyntaxFault(`"${first.text}" is not in this shell`);
    }
    if (words.length + assignments.length + redirections.length === 0) throw unexpected(this.#text[this.#at] ?? '');
    return { kind: 'simple', assignments, words, redirections };
  }

  #subshell(): Subshell {
    const body = this.script(')');
    if (body.length === 0) throw unexpected(')');
    if (!this.#take(')')) throw unexpected('');
    const redirections: Redirection[] = [];
    for (;;) {
      this.#skipBlank(false);
      const redirection = this.#redirection();
      if (!redirection) return { kind: 'subshell', body, redirections };
      redirections.push(redirection);
    }
  }

  #redirection(): Redirection | undefined {
    const found = /^(\d?)(<<|>>|>&|<&|<>|>\||<|>)/.exec(this.#text.slice(this.#at, this.#at + 3));
    if (!found) return undefined;
    const operator = found[2] as string;
    if (operator === '<<' || operator === '<>' || operator === '>|') {
      throw new SyntaxFault(`"${operator}" is not in this shell`);
    }
    this.#at += found[0].length;
    this.#skipBlank(false);
    const target = this.#word();
    if (target === undefined) throw unexpected(this.#text[this.#at] ?? '');
    const descriptor = found[1] ? Number(found[1]) : operator.startsWith('<') ? 0 : 1;
    return { descriptor, operator: operator as Redirection['operator'], target };
  }

  #word(): Word | undefined {
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
      const script = this.script(')');
      if (!this.#take(')')) throw new SyntaxFault('unterminated "$("');
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

  #skipBlank(lines: boolean): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next === ' ' || next === '\t' || next === '\r' || (lines && next === '\n')) this.#at++;
      else if (next === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else if (next === '#') {
        while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      } else return;
    }
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }
}

function assignmentOf(word: Word): { name: string; value: Word } | undefined {
  const first = word[0];
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const found = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(first.text);
  if (!found) return undefined;
  const rest = first.text.slice(found[0].length);
  return {
    name: found[1] as string,
    value: rest === '' ? word.slice(1) : [{ ...first, text: rest }, ...word.slice(1)],
  };
}

function unexpected(token: string): SyntaxFault {
  const shown = token === '' ? 'end of file' : token === '\n' ? 'newline' : `"${token}"`;
  return new SyntaxFault(`unexpected ${shown}`);
}
