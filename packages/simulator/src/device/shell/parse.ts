import {
  type Command,
  type Compound,
  type Pipeline,
  type Redirection,
  type Script,
  type SimpleCommand,
  SyntaxFault,
  type Word,
} from './syntax.ts';
import { WordReader } from './word-reader.ts';

const maximumLength = 128 * 1024;
const maximumDepth = 50;
/** What a full shell has besides, said plainly instead of "not found". */
const unknown = new Set(['while', 'until', 'case', 'function']);
/** Words that end a list, and mean nothing elsewhere at the start of a command. */
const closing = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']);

/**
 * Parses a command line.
 *
 * @throws SyntaxFault for bad syntax and for what this shell does not have
 */
export function parseScript(text: string): Script {
  if (text.length > maximumLength) throw new SyntaxFault('argument list too long');
  if (text.includes('\0')) throw new SyntaxFault('a zero byte in the command line');
  return new Parser(text).whole();
}

class Parser {
  readonly #input: WordReader;
  #depth = 0;

  constructor(text: string) {
    this.#input = new WordReader(text, () => this.#list([')']));
  }

  whole(): Script {
    const script = this.#list([]);
    if (this.#input.peek() !== '') throw unexpected(this.#input.peek());
    return script;
  }

  /** @param ends what closes this list, where a command could stand */
  #list(ends: readonly string[]): Script {
    if (++this.#depth > maximumDepth) throw new SyntaxFault('nested too deeply');
    const items: { after: ';' | '&&' | '||'; pipeline: Pipeline }[] = [];
    let after: ';' | '&&' | '||' = ';';
    for (;;) {
      this.#input.skipBlank(true);
      if (this.#atEnd(ends)) {
        if (after !== ';') throw unexpected(this.#input.peek());
        break;
      }
      items.push({ after, pipeline: this.#pipeline() });
      this.#input.skipBlank(false);
      const joint = this.#joint(ends);
      if (joint === undefined) break;
      after = joint;
    }
    this.#depth--;
    return items;
  }

  #atEnd(ends: readonly string[]): boolean {
    const next = this.#input.peek();
    return next === '' || ends.some((end) => (end === ')' ? next === end : this.#input.isKeyword(end)));
  }

  #joint(ends: readonly string[]): ';' | '&&' | '||' | undefined {
    const next = this.#input.peek();
    if (next === '' || (next === ')' && ends.includes(')'))) return undefined;
    if (this.#input.take('&&')) return '&&';
    if (this.#input.take('||')) return '||';
    if (this.#input.peek(2) === ';;') throw unexpected(';;');
    if (this.#input.take(';') || this.#input.take('\n')) return ';';
    if (next === '&') throw new SyntaxFault('"&" (a command in the background) is not in this shell');
    // After a compound command its end may follow at once: `{ { a; } }`.
    if (this.#atEnd(ends)) return undefined;
    throw unexpected(next);
  }

  #pipeline(): Pipeline {
    let negated = false;
    while (this.#input.isKeyword('!')) {
      this.#input.take('!');
      negated = !negated;
      this.#input.skipBlank(false);
    }
    const commands = [this.#command()];
    for (;;) {
      this.#input.skipBlank(false);
      if (this.#input.peek(2) === '||' || !this.#input.take('|')) return { negated, commands };
      this.#input.skipBlank(true);
      commands.push(this.#command());
    }
  }

  #command(): Command {
    const compound = this.#compound();
    if (!compound) return this.#simple();
    const redirections: Redirection[] = [];
    for (;;) {
      this.#input.skipBlank(false);
      const redirection = this.#redirection();
      if (!redirection) return { ...compound, redirections };
      redirections.push(redirection);
    }
  }

  #compound(): Compound | undefined {
    if (this.#input.take('(')) return { kind: 'subshell', body: this.#body([')'], ')') };
    if (this.#keyword('{')) return { kind: 'group', body: this.#body(['}'], '}') };
    if (this.#keyword('for')) return this.#loop();
    if (this.#keyword('if')) return this.#choice();
    return undefined;
  }

  #keyword(word: string): boolean {
    return this.#input.isKeyword(word) && this.#input.take(word);
  }

  /** A list with something in it, and the word behind it. */
  #body(ends: readonly string[], end: string): Script {
    const body = this.#list(ends);
    if (body.length === 0 || !this.#input.take(end)) throw unexpected(this.#input.peek());
    return body;
  }

  #loop(): Compound {
    this.#input.skipBlank(false);
    const name = this.#input.takeMatch(/^[A-Za-z_][A-Za-z0-9_]*/, 300)?.[0];
    if (name === undefined) throw new SyntaxFault('bad for loop variable');
    this.#input.skipBlank(true);
    const words: Word[] = [];
    if (this.#keyword('in')) {
      for (;;) {
        this.#input.skipBlank(false);
        const word = this.#input.word();
        if (word === undefined) break;
        words.push(word);
      }
    }
    if (!this.#input.take(';') && !this.#input.take('\n')) throw unexpected(this.#input.peek());
    this.#input.skipBlank(true);
    if (!this.#keyword('do')) throw unexpected(this.#input.peek());
    return { kind: 'for', name, words, body: this.#body(['done'], 'done') };
  }

  #choice(): Compound {
    const branches: { condition: Script; body: Script }[] = [];
    for (;;) {
      const condition = this.#body(['then'], 'then');
      const body = this.#list(['elif', 'else', 'fi']);
      if (body.length === 0) throw unexpected(this.#input.peek());
      branches.push({ condition, body });
      if (this.#keyword('elif')) continue;
      if (this.#keyword('else')) return { kind: 'if', branches, otherwise: this.#body(['fi'], 'fi') };
      if (this.#keyword('fi')) return { kind: 'if', branches, otherwise: [] };
      throw unexpected(this.#input.peek());
    }
  }

  #simple(): SimpleCommand {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (;;) {
      this.#input.skipBlank(false);
      const redirection = this.#redirection();
      if (redirection) {
        redirections.push(redirection);
        continue;
      }
      const word = this.#input.word();
      if (word === undefined) break;
      const assignment = words.length === 0 ? assignmentOf(word) : undefined;
      if (assignment) assignments.push(assignment);
      else words.push(word);
    }
    const first = words[0]?.length === 1 ? words[0][0] : undefined;
    if (first?.kind === 'text' && !first.quoted) {
      if (unknown.has(first.text)) throw new SyntaxFault(`"${first.text}" is not in this shell`);
      if (closing.has(first.text)) throw unexpected(first.text);
    }
    if (words.length + assignments.length + redirections.length === 0) throw unexpected(this.#input.peek());
    return { kind: 'simple', assignments, words, redirections };
  }

  #redirection(): Redirection | undefined {
    const found = this.#input.takeMatch(/^(\d?)(<<|>>|>&|<&|<>|>\||<|>)/, 3);
    if (!found) return undefined;
    const operator = found[2] as string;
    if (operator === '<<' || operator === '<>' || operator === '>|') {
      throw new SyntaxFault(`"${operator}" is not in this shell`);
    }
    this.#input.skipBlank(false);
    const target = this.#input.word();
    if (target === undefined) throw unexpected(this.#input.peek());
    const descriptor = found[1] ? Number(found[1]) : operator.startsWith('<') ? 0 : 1;
    return { descriptor, operator: operator as Redirection['operator'], target };
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
