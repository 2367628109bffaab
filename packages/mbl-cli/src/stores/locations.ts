import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readFileIfExists, withLock, writeFileAtomic } from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import { isRecord, jsonLine, parseJson } from '../json-line.ts';

export interface StoreLocations {
  user: string;
  team: string;
}

export const locationsPath = (home: string) => join(home, '.mbl-stores.json');

const saysNothing = (text: string) => /^\s*(\{\s*\})?\s*$/.test(text);

const defaultLocations = (home: string): StoreLocations => ({
  user: join(home, '.mbl-store', 'user'),
  team: join(home, '.mbl-store', 'team'),
});

/**
 * Where the stores are, as absolute paths: `~` is the home folder, a relative path starts at the folder of the file.
 *
 * @throws MooringError `store.locations.malformed`
 */
export function parseLocations(text: string, path: string, home: string): StoreLocations {
  const content = parseJson(text)?.value;
  if (!isRecord(content)) throw malformed(path, 'is not a JSON object', home);
  const place = (name: 'user' | 'team'): string => {
    const value = content[name];
    if (typeof value !== 'string' || value.trim() === '' || value.includes('\0')) {
      throw malformed(path, `has no text "${name}" that names a folder`, home);
    }
    const expanded = value === '~' || /^~[\\/]/.test(value) ? join(home, value.slice(1)) : value;
    return isAbsolute(expanded) ? resolve(expanded) : resolve(dirname(path), expanded);
  };
  return { user: place('user'), team: place('team') };
}

function malformed(path: string, what: string, home: string) {
  return storeErrors('store.locations.malformed', {
    message: `Store Type not recognised. Only User and Team supported. ${path} ${what}.`,
    next: `It was left as it is. Write it like ${jsonLine(defaultLocations(home))}, or remove it to have that made.`,
    data: { path },
  });
}

/** Reads the file of the user, or makes it with the default places. An empty file or `{}` says nothing and is filled. */
export async function storeLocations(home: string): Promise<StoreLocations> {
  const path = locationsPath(home);
  const text = (await readFileIfExists(path))?.toString('utf8') ?? '';
  if (saysNothing(text)) {
    const made = defaultLocations(home);
    await writeFileAtomic(path, jsonLine(made), 0o644);
    return made;
  }
  return parseLocations(text, path, home);
}

/** The same without making the file. */
export async function lookUpLocations(home: string): Promise<StoreLocations> {
  const path = locationsPath(home);
  const text = (await readFileIfExists(path))?.toString('utf8') ?? '';
  return saysNothing(text) ? defaultLocations(home) : parseLocations(text, path, home);
}

/** Names another folder for the Team Store; what else stands in the file is kept. */
export async function setTeamLocation(home: string, folder: string): Promise<void> {
  const path = locationsPath(home);
  await withLock(`${path}.lock`, async () => {
    await storeLocations(home);
    const content = parseJson((await readFileIfExists(path))?.toString('utf8') ?? '')?.value as Record<string, unknown>;
    await writeFileAtomic(path, jsonLine({ ...content, team: folder }), 0o644);
  });
}
