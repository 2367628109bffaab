import type { RootFolder } from '../root/root-folder.ts';
import { expandGlob, type Glyph, glyphsOf, hasWildcard } from './glob.ts';
import type { Shell } from './shell.ts';
import type { Script, Word } from './syntax.ts';

export interface Expander {
  shell: Shell;
  root: RootFolder;
  /** Runs a script for `$( … )` and gives its output. */
  substitute(script: Script): Promise<string>;
}

const blank = /[ \t\n]/;

/** Words to arguments: parameters, substitutions, splitting, wildcards, quotes away (POSIX 2.6, in that order). */
export async function expandWords(words: readonly Word[], expander: Expander): Promise<string[]> {
  const result: string[] = [];
  for (const word of words) {
    for (const field of await fieldsOf(word, expander)) {
      const paths = hasWildcard(field) ? await expandGlob(field, expander.root, expander.shell.folder) : [];
      if (paths.length > 0) result.push(...paths);
      else result.push(textOf(field));
    }
  }
  return result;
}

/** A word that stays one whatever is in it: the value of an assignment, the target of a redirection. */
export async function expandOne(word: Word, expander: Expander): Promise<string> {
  let text = '';
  for (const part of tilde(word, expander.shell)) text += await textOfPart(part, expander);
  return text;
}

async function fieldsOf(word: Word, expander: Expander): Promise<Glyph[][]> {
  const fields: Glyph[][] = [];
  let field: Glyph[] | undefined;
  for (const part of tilde(word, expander.shell)) {
    const text = await textOfPart(part, expander);
    if (part.kind === 'text' || part.quoted) {
      field ??= [];
      for (const glyph of glyphsOf(text, part.quoted)) field.push(glyph);
      continue;
    }
    for (const character of text) {
      if (blank.test(character)) {
        if (field) fields.push(field);
        field = undefined;
      } else {
        field ??= [];
        field.push({ text: character, quoted: false });
      }
    }
  }
  if (field) fields.push(field);
  return fields;
}

function tilde(word: Word, shell: Shell): Word {
  const first = word[0];
  if (first?.kind !== 'text' || first.quoted || !/^~(?:\/|$)/.test(first.text)) return word;
  if (first.text === '~' && word.length > 1) return word;
  const home = { kind: 'text', text: shell.parameter('HOME'), quoted: true } as const;
  return [home, { ...first, text: first.text.slice(1) }, ...word.slice(1)];
}

async function textOfPart(part: Word[number], expander: Expander): Promise<string> {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'parameter') return expander.shell.parameter(part.name);
  return (await expander.substitute(part.script)).replace(/\n+$/, '');
}

function textOf(field: readonly Glyph[]): string {
  return field.map((glyph) => glyph.text).join('');
}
