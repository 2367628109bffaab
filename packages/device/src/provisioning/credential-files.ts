import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Item, provisioningItems } from '@mooring/credentials';
import { provisioningErrors } from './provisioning-errors.ts';

/** No file of a sensible set is nearly as long; what is longer is judged by its size alone. */
const mostBytes = 65_536;

/** The old utility reads and stores the developer credentials and the update credentials one after the other. */
export type Group = 'developer' | 'update';

export interface CredentialFile {
  readonly item: Item;
  readonly group: Group;
  /** As in messages: the folder as it was given, a slash, the name. */
  readonly path: string;
}

export function groupOf(item: Pick<Item, 'source'>): Group {
  return item.source?.startsWith('arm_uc_') ? 'update' : 'developer';
}

/** The 14 files that provisioning reads. */
export function credentialFiles(folder: string): CredentialFile[] {
  const prefix = folder.endsWith('/') ? folder : `${folder}/`;
  return provisioningItems
    .filter(({ source }) => source !== undefined)
    .map((item) => ({ item, group: groupOf(item), path: `${prefix}${item.source}.bin` }));
}

export interface ReadFiles {
  /** The content of each file by the name of its item. */
  readonly contents: Map<string, Uint8Array>;
  /** Those that are not there or cannot be read. */
  readonly missing: readonly CredentialFile[];
}

export async function readCredentialFiles(folder: string, cwd: string): Promise<ReadFiles> {
  const contents = new Map<string, Uint8Array>();
  const missing: CredentialFile[] = [];
  for (const file of credentialFiles(folder)) {
    const data = await readRegularFile(resolve(cwd, file.path));
    if (data) contents.set(file.item.name, data);
    else missing.push(file);
  }
  return { contents, missing };
}

export function filesMissing(folder: string, missing: readonly CredentialFile[]): Error {
  return provisioningErrors('provisioning.files.missing', {
    message: `${missing.length === 1 ? 'A file is' : `${missing.length} files are`} missing in ${folder} or cannot be read; nothing was stored.`,
    next: 'Let "mbl-cli provision-pelion" put all files there, or name their folder with --certs-dir.',
    data: { folder, files: missing.map(({ path }) => path), groups: [...new Set(missing.map(({ group }) => group))] },
  });
}

async function readRegularFile(path: string): Promise<Uint8Array | undefined> {
  let file: FileHandle;
  try {
    // Without waiting: a pipe in the place of a file would never end.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
