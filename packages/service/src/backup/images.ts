import { link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, isMooringError } from '@mooring/platform';
import { blobsFolderName } from '../storage/data-folder.ts';
import { factsOf } from './archive.ts';
import { type AbsentImage, type FileFacts, imageFileName, isImageFile } from './manifest.ts';
import { readSnapshot } from './snapshot.ts';

/** A firmware image as the database knows it. */
interface KnownImage {
  readonly id: string;
  readonly name: string;
  /** Name of the file with its bytes. */
  readonly file: string;
  readonly sha256: string;
}

/** The images of a database of any schema; older ones have none. */
export function imagesOf(database: string): KnownImage[] {
  return readSnapshot(database, (query) =>
    query('select id, name, blob, checksum from firmware_images order by id').map(({ id, name, blob, checksum }) => ({
      id: String(id),
      name: String(name),
      file: imageFileName(String(blob)),
      sha256: String(checksum),
    })),
  );
}

export const absent = ({ id, name }: KnownImage, why: AbsentImage['why']): AbsentImage => ({ id, name, why });

/** The files of images that go into a backup. */
export interface HeldImages {
  readonly files: readonly FileFacts[];
  /** Where their bytes are, by the name in the backup. */
  readonly paths: ReadonlyMap<string, string>;
  readonly absent: readonly AbsentImage[];
}

/**
 * Links the files of images into the staging folder, so that they stay until the backup is written, whoever deletes the image
 * meanwhile. A file never changes, so that a link is as good as a copy.
 *
 * @throws MooringError `file.*`
 */
export async function holdImages(folder: string, staging: string, images: readonly KnownImage[]): Promise<HeldImages> {
  if (images.length > 0) await mkdir(join(staging, blobsFolderName), { mode: 0o700 });
  const paths = new Map<string, string>();
  for (const { file } of images) {
    if (!isImageFile(file)) continue;
    const path = join(folder, file);
    const held = join(staging, file);
    try {
      await link(path, held);
      paths.set(file, held);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // On another file system is only what is made of a folder that is locked, and nobody deletes in that one.
      if (code === 'EXDEV') paths.set(file, path);
      else if (code !== 'ENOENT') throw fileError(error, path);
    }
  }
  const files: FileFacts[] = [];
  const missing: AbsentImage[] = [];
  for (const image of images) {
    const path = paths.get(image.file);
    const facts = path === undefined ? undefined : await factsIfThere(path, image.file);
    if (facts?.sha256 === image.sha256) files.push(facts);
    else missing.push(absent(image, facts ? 'damaged' : 'missing'));
  }
  return { files, paths, absent: missing };
}

async function factsIfThere(path: string, name: string): Promise<FileFacts | undefined> {
  try {
    return await factsOf(path, name);
  } catch (error) {
    if (isMooringError(error) && error.code === 'file.not.found') return undefined;
    throw error;
  }
}
