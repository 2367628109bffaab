import { payloadErrors } from '../errors.ts';

const unsafe = (archive: string, name: string, reason: string) =>
  payloadErrors('payload.unsafe', {
    message: `The member ${JSON.stringify(name)} of ${archive} ${reason}.`,
    next: 'Nothing was written. Do not use what came from there before you know why.',
    data: { name },
  });

/**
 * The name of a member as a path below where the archive is unpacked, without `./` before and `/` behind; empty for that
 * folder itself.
 *
 * @throws MooringError `payload.unsafe` where it leads anywhere else
 */
export function memberPath(archive: string, name: string): string {
  if (name.includes('\0') || Buffer.byteLength(name) > 4096) throw unsafe(archive, name, 'has no name for a file');
  if (name.startsWith('/')) throw unsafe(archive, name, 'has an absolute path');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafe(archive, name, 'leads out of the archive with ".."');
  return parts.join('/');
}

/**
 * A bare file name, as an archive without folders has.
 *
 * @throws MooringError `payload.unsafe`
 */
export function bareName(archive: string, name: string): string {
  if (memberPath(archive, name) !== name || name === '' || name.includes('/')) {
    throw unsafe(archive, name, 'is not a bare file name');
  }
  return name;
}

/** Where a symbolic link leads to, by its text alone, must be below the root of the archive. */
function staysWithin(path: string, target: string): boolean {
  // In a root file system, which is what applications have, an absolute target is looked up from its own root.
  if (target.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

/** Says no to a second member of one name, to anything below a link or a file, and to links that lead out. */
export class Placement {
  readonly #archive: string;
  readonly #kinds = new Map<string, 'folder' | 'file' | 'link'>();

  constructor(archive: string) {
    this.#archive = archive;
  }

  /** @throws MooringError `payload.unsafe` */
  add(path: string, kind: 'folder' | 'file' | 'link', target?: string): void {
    const before = this.#kinds.get(path);
    if (before !== undefined && !(before === 'folder' && kind === 'folder')) {
      throw unsafe(this.#archive, path, 'is there twice');
    }
    if (path === '' && kind !== 'folder') throw unsafe(this.#archive, path, 'has no name');
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const above = path.slice(0, at);
      const found = this.#kinds.get(above);
      if (found === 'link' || found === 'file')
        throw unsafe(this.#archive, path, `lies below ${above}, which is a ${found}`);
      if (found === undefined) this.#kinds.set(above, 'folder');
    }
    if (target !== undefined && (target === '' || target.includes('\0') || !staysWithin(path, target))) {
      throw unsafe(this.#archive, path, `is a link that leads out, to ${JSON.stringify(target)}`);
    }
    this.#kinds.set(path, kind);
  }

  /** Whether a hard link can go there: to a file that came before. */
  hasFile(path: string): boolean {
    return this.#kinds.get(path) === 'file';
  }
}
