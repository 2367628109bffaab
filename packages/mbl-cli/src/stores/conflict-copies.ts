import type { StoreConfig } from './store-config.ts';

/** A copy that a sync program made where two machines had changed the same file. */
export interface ConflictCopy {
  /** Name of the file or folder that it is a copy of. */
  original: string;
  /** What the sync program put into the name. */
  label: string;
}

/** What stands between stem and extension; each is how one or more sync programs name their copies. */
const marks: readonly RegExp[] = [
  // Dropbox, Nextcloud, Seafile: `config (Ann's conflicted copy 2026-03-01).json`, `config (SFConflict ann …).json`
  /^(.+?) \(([^()]*conflict[^()]*)\)$/i,
  // Syncthing
  /^(.+?)\.(sync-conflict-[\w-]+)$/i,
  // ownCloud: `config_conflict-20260301-120000.json`
  /^(.+?)_(conflict-[\d-]+)$/i,
  // Resilio
  /^(.+?)\.(conflict\d*)$/i,
  // Google Drive
  /^(.+?) \((\d+)\)$/,
];

/** These forms are also usual names, so they count for files of the store alone, never for the name of a folder. */
const fileMarks: readonly RegExp[] = [
  ...marks,
  // iCloud: `config 2.json`
  /^(.+?) (\d+)$/,
  // OneDrive: `config-LAPTOP.json`
  /^(.+?)-([\w.-]+)$/,
];

/** @param isKnown true for the names that there are copies of */
export function conflictCopyOf(
  name: string,
  kind: 'file' | 'folder',
  isKnown: (original: string) => boolean,
): ConflictCopy | undefined {
  const dot = kind === 'file' ? name.lastIndexOf('.') : -1;
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (const mark of kind === 'file' ? fileMarks : marks) {
    const [, original, label] = mark.exec(stem) ?? [];
    if (original && label && isKnown(original + extension)) return { original: original + extension, label };
  }
  // rclone: `config.json.conflict1`
  const [, original, label] = /^(.+)\.(conflict\d*)$/i.exec(name) ?? [];
  return original && label && isKnown(original) ? { original, label } : undefined;
}

/**
 * Adds to the list what a copy of it has besides; nothing is taken off, since an entry that is missing in one of them
 * may be new in the other as well as deleted in the one.
 *
 * @param isWhole true if all these files of a certificate are there
 * @returns the names that came in
 */
export function mergeCopy(
  config: StoreConfig,
  copy: StoreConfig,
  isWhole: (name: string, files: readonly string[]) => boolean,
): string[] {
  const added: string[] = [];
  for (const [name, files] of copy.certificates) {
    const listed = config.certificates.get(name);
    if (listed && (isWhole(name, listed) || !isWhole(name, files))) continue;
    if (!listed) added.push(name);
    config.certificates.set(name, files);
  }
  config.sharing ??= copy.sharing;
  config.others = { ...copy.others, ...config.others };
  return added;
}
