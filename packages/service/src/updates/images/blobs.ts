import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, fileError, syncFolder } from '@mooring/platform';

/** What was taken in of one upload. */
export interface TakenIn {
  readonly length: number;
  /** Base64. */
  readonly md5: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A blob that is read. Many may read one at a time, and go on when it is removed. */
export interface OpenBlob {
  readonly size: number;
  /** Up to `into.length` bytes; fewer at the end alone. @returns how many */
  read(into: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** Thrown where a source has more than was allowed. */
export class TooMuch extends Error {}

/**
 * Large things that are written once. What has begun is not there until it is kept, and what is kept is on the disk for good:
 * the row that names a blob is written after it.
 */
export interface Blobs {
  /**
   * Appends to something that has begun, or begins it: what stands after `offset` is forgotten. No more is held in
   * memory than the source gives at a time.
   *
   * @throws TooMuch where the source has more than `most` bytes; MooringError `file.*`
   */
  append(name: string, offset: number, source: AsyncIterable<Uint8Array>, most: number): Promise<TakenIn>;
  /** SHA-256 of what has begun, hexadecimal. */
  digest(name: string, size: number): Promise<string>;
  /** What has begun is whole, and is there under this name; it is also what has begun still, until that is forgotten. */
  keep(name: string, as: string): Promise<void>;
  /** Forgets what has begun. */
  forget(name: string): Promise<void>;
  /** @returns undefined if there is none */
  open(name: string): Promise<OpenBlob | undefined>;
  remove(name: string): Promise<void>;
  /** Removes what no row names. For the start, when nothing is being taken in. @returns how many */
  sweep(whole: (name: string) => Promise<boolean>, begun: (name: string) => Promise<boolean>): Promise<number>;
}

export const blobName = (): string => randomBytes(16).toString('hex');

export const isBlobName = (name: string): boolean => /^[0-9a-f]{32}$/.test(name);

/** In a folder of its own: `blobs/NAME`, and `blobs/begun/NAME` until it is whole. */
export function folderBlobs(folder: string): Blobs {
  const begunFolder = join(folder, 'begun');
  const whole = (name: string) => join(folder, name);
  const begun = (name: string) => join(begunFolder, name);
  let made: Promise<unknown> | undefined;
  const ready = () => {
    made ??= ensureDirectory(folder, 0o700).then(() => ensureDirectory(begunFolder, 0o700));
    made.catch(() => {
      made = undefined;
    });
    return made;
  };

  return {
    async append(name, offset, source, most) {
      await ready();
      const path = begun(name);
      let file: FileHandle | undefined;
      try {
        file = await open(path, offset === 0 ? 'w' : 'r+', 0o600);
        await file.truncate(offset);
        const md5 = createHash('md5');
        const sha256 = createHash('sha256');
        let length = 0;
        for await (const bytes of source) {
          if (length + bytes.length > most) throw new TooMuch();
          md5.update(bytes);
          sha256.update(bytes);
          await writeAll(file, bytes, offset + length);
          length += bytes.length;
        }
        await file.sync();
        return { length, md5: md5.digest('base64'), sha256: sha256.digest('hex') };
      } catch (error) {
        throw fileError(error, path);
      } finally {
        await file?.close();
      }
    },
    async digest(name, size) {
      const path = begun(name);
      try {
        const file = await open(path, 'r');
        const sha256 = createHash('sha256');
        for await (const bytes of file.createReadStream({ end: size - 1, highWaterMark: 1 << 20 }))
          sha256.update(bytes);
        return sha256.digest('hex');
      } catch (error) {
        throw fileError(error, path);
      }
    },
    async keep(name, as) {
      try {
        await link(begun(name), whole(as));
        await syncFolder(folder);
      } catch (error) {
        throw fileError(error, whole(as));
      }
    },
    async forget(name) {
      if (isBlobName(name)) await rm(begun(name), { force: true });
    },
    async open(name) {
      if (!isBlobName(name)) return undefined;
      try {
        const file = await open(whole(name), 'r');
        const { size } = await file.stat();
        return {
          size,
          read: async (into, offset) => {
            let done = 0;
            while (done < into.length) {
              const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
              if (bytesRead === 0) break;
              done += bytesRead;
            }
            return done;
          },
          close: () => file.close(),
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw fileError(error, whole(name));
      }
    },
    async remove(name) {
      if (isBlobName(name)) await rm(whole(name), { force: true });
    },
    async sweep(isWhole, isBegun) {
      let removed = 0;
      for (const [where, isNamed] of [
        [folder, isWhole],
        [begunFolder, isBegun],
      ] as const) {
        for (const name of await readdir(where).catch(() => [])) {
          if (!isBlobName(name) || (await isNamed(name))) continue;
          await rm(join(where, name), { force: true });
          removed++;
        }
      }
      return removed;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** In memory: for a database that nobody keeps. */
export function memoryBlobs(): Blobs {
  const whole = new Map<string, Uint8Array>();
  const begun = new Map<string, Uint8Array>();
  const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes);
  return {
    async append(name, offset, source, most) {
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const bytes of source) {
        length += bytes.length;
        if (length > most) throw new TooMuch();
        parts.push(bytes);
      }
      const added = Buffer.concat(parts);
      const before = begun.get(name) ?? new Uint8Array();
      begun.set(name, Buffer.concat([before.subarray(0, offset), added]));
      return { length, md5: hash('md5', added).digest('base64'), sha256: hash('sha256', added).digest('hex') };
    },
    digest: async (name, size) => hash('sha256', (begun.get(name) ?? new Uint8Array()).subarray(0, size)).digest('hex'),
    async keep(name, as) {
      whole.set(as, begun.get(name) ?? new Uint8Array());
    },
    async forget(name) {
      begun.delete(name);
    },
    async open(name) {
      const bytes = whole.get(name);
      return (
        bytes && {
          size: bytes.length,
          read: async (into, offset) => {
            const part = bytes.subarray(offset, offset + into.length);
            into.set(part);
            return part.length;
          },
          close: async () => undefined,
        }
      );
    },
    async remove(name) {
      whole.delete(name);
    },
    async sweep(isWhole, isBegun) {
      let removed = 0;
      for (const [blobs, isNamed] of [
        [whole, isWhole],
        [begun, isBegun],
      ] as const) {
        for (const name of [...blobs.keys()]) {
          if (await isNamed(name)) continue;
          blobs.delete(name);
          removed++;
        }
      }
      return removed;
    },
  };
}
