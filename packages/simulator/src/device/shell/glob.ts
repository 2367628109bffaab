import type { RootFolder } from '../root/root-folder.ts';

/** A character of a word after expansion; a quoted one never matches anything but itself. */
export interface Glyph {
  text: string;
  quoted: boolean;
}

export function glyphsOf(text: string, quoted: boolean): Glyph[] {
  return [...text].map((character) => ({ text: character, quoted }));
}

const isWild = (glyph: Glyph) => !glyph.quoted && '*?['.includes(glyph.text);

export function hasWildcard(glyphs: readonly Glyph[]): boolean {
  return glyphs.some(isWild);
}

/** One path part against a pattern, in time length × length however many stars there are. */
export function matchesGlob(pattern: readonly Glyph[], name: string): boolean {
  const characters = [...name];
  // A leading dot is matched only by a dot that is written (POSIX 2.13.3).
  if (characters[0] === '.' && pattern[0]?.text !== '.') return false;
  let at = 0;
  let position = 0;
  let star = -1;
  let starPosition = 0;
  while (position < characters.length) {
    const glyph = pattern[at];
    if (glyph && !glyph.quoted && glyph.text === '*') {
      star = at++;
      starPosition = position;
      continue;
    }
    const length = glyph ? matchOne(pattern, at, characters[position] as string) : 0;
    if (length > 0) {
      at += length;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++starPosition;
    } else {
      return false;
    }
  }
  while (pattern[at] && !pattern[at]?.quoted && pattern[at]?.text === '*') at++;
  return at === pattern.length;
}

/** How much of the pattern one character uses up; 0 if it does not fit. */
function matchOne(pattern: readonly Glyph[], at: number, character: string): number {
  const glyph = pattern[at] as Glyph;
  if (glyph.quoted) return glyph.text === character ? 1 : 0;
  if (glyph.text === '?') return 1;
  if (glyph.text === '[') {
    const set = bracketAt(pattern, at);
    if (set) return set.holds(character) ? set.length : 0;
  }
  return glyph.text === character ? 1 : 0;
}

function bracketAt(pattern: readonly Glyph[], start: number) {
  let at = start + 1;
  const negated = !pattern[at]?.quoted && (pattern[at]?.text === '!' || pattern[at]?.text === '^');
  if (negated) at++;
  const first = at;
  const ranges: [string, string][] = [];
  for (;;) {
    const glyph = pattern[at];
    if (!glyph) return undefined;
    if (!glyph.quoted && glyph.text === ']' && at > first) break;
    const dash = pattern[at + 1];
    const last = pattern[at + 2];
    if (dash && !dash.quoted && dash.text === '-' && last && (last.quoted || last.text !== ']')) {
      ranges.push([glyph.text, last.text]);
      at += 3;
    } else {
      ranges.push([glyph.text, glyph.text]);
      at++;
    }
  }
  const inside = (character: string) => ranges.some(([from, to]) => character >= from && character <= to);
  return { length: at + 1 - start, holds: (character: string) => inside(character) !== negated };
}

/** Paths on the device that a word with wildcards names, sorted; none if nothing matches. */
export async function expandGlob(glyphs: readonly Glyph[], root: RootFolder, folder: string): Promise<string[]> {
  const parts: Glyph[][] = [[]];
  for (const glyph of glyphs) {
    if (glyph.text === '/') parts.push([]);
    else parts.at(-1)?.push(glyph);
  }
  let found = [''];
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const next: string[] = [];
    for (const path of found) {
      if (!hasWildcard(part)) {
        const literal = path + part.map((glyph) => glyph.text).join('');
        if (!last) next.push(`${literal}/`);
        else if (part.length === 0 || (await exists(literal, root, folder))) next.push(literal);
        continue;
      }
      for (const name of await names(path === '' ? '.' : path, root, folder)) {
        if (!matchesGlob(part, name)) continue;
        if (last) next.push(path + name);
        else if (await root.isFolder(path + name, folder)) next.push(`${path}${name}/`);
      }
    }
    found = next;
  }
  return found;
}

async function exists(path: string, root: RootFolder, folder: string): Promise<boolean> {
  return root.stat(path, folder, 'keep').then(
    () => true,
    () => false,
  );
}

async function names(path: string, root: RootFolder, folder: string): Promise<string[]> {
  try {
    return (await root.list(path, folder)).map((entry) => entry.name);
  } catch {
    return [];
  }
}
