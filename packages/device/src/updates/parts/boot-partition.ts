import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readTar, type SwuImage, unpack } from '@mooring/payload';
import type { Disk } from '../disk.ts';
import { removeTree, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler } from './part-handler.ts';

interface BootPlan extends PartPlan {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** What is there now, by folder. */
  readonly old: Readonly<Record<string, readonly string[]>>;
}

export interface BootPartition {
  /** `/boot`, and `/bootloaderfs` where there is one. */
  readonly folders: readonly string[];
  /** Makes them writable for a while. */
  writable<T>(work: () => Promise<T>): Promise<T>;
}

const unfit = (message: string) =>
  updateErrors('update.payload.unfit', { message, next: 'Make the payload again, for this board.' });

const stagedName = (name: string): string => `.${name}.new`;
const savedName = (name: string): string => `.${name}.old`;
const isOurs = (name: string): boolean => /^\..+\.(new|old)$/.test(name);

/**
 * `BOOTv3`: the files of the boot partition, of which there is one bank. The new ones are written beside the old, which are
 * copied too; then each takes the place of the old with a rename.
 */
export class BootFiles implements PartHandler {
  readonly #disk: Disk;
  readonly #partition: BootPartition;

  constructor(disk: Disk, partition: BootPartition) {
    this.#disk = disk;
    this.#partition = partition;
  }

  takes(type: string): boolean {
    return type === 'BOOTv3';
  }

  async inspect(image: SwuImage) {
    const { folders } = this.#partition;
    if (folders.length === 0) throw unfit('This device has no boot partition that is known.');
    const files: string[] = [];
    let bytes = 0;
    for await (const { path, kind, size } of readTar(unpack(image.content), image.filename)) {
      if (kind === 'folder') continue;
      if (kind !== 'file' || path.includes('/')) throw unfit(`${path} in ${image.filename} is no file at the top.`);
      files.push(path);
      bytes += size;
    }
    if (files.length === 0) throw unfit(`${image.filename} is empty.`);
    const old: Record<string, string[]> = {};
    const space: { path: string; bytes: number }[] = [];
    for (const folder of folders) {
      const names = (await this.#disk.list(folder)).filter((name) => !isOurs(name));
      const found: string[] = [];
      let kept = 0;
      for (const name of names) {
        const status = await this.#disk.status(join(folder, name));
        if (status?.kind !== 'file') continue;
        found.push(name);
        if (files.includes(name)) kept += status.size;
      }
      old[folder] = found;
      space.push({ path: folder, bytes: bytes + kept });
    }
    const plan: BootPlan = { type: image.type, restart: 'device', folders: [...folders], files, old };
    return { plan, space };
  }

  stage({ folders, files, old }: BootPlan, image: SwuImage): Promise<void> {
    return this.#partition.writable(async () => {
      const digests = new Map<string, string>();
      const [first, ...others] = folders as readonly [string, ...string[]];
      for await (const { path, kind, content } of readTar(unpack(image.content), image.filename)) {
        if (kind !== 'file') continue;
        const digest = createHash('sha256');
        await this.#write(join(first, stagedName(path)), digested(content, digest));
        digests.set(path, digest.digest('hex'));
      }
      for (const folder of others) {
        for (const name of files) await this.#copy(join(first, stagedName(name)), join(folder, stagedName(name)));
      }
      for (const folder of folders) {
        for (const name of files) {
          if (old[folder]?.includes(name)) await this.#copy(join(folder, name), join(folder, savedName(name)));
          const data = (await this.#disk.read(join(folder, stagedName(name)))) ?? new Uint8Array();
          if (createHash('sha256').update(data).digest('hex') !== digests.get(name)) {
            throw updateErrors('update.write', {
              message: `What is read back from ${folder}/${name} is not what was written.`,
              next: 'The storage of this device is failing. Its old software goes on running.',
            });
          }
        }
        await this.#disk.syncFolder(folder);
      }
    });
  }

  switch({ folders, files }: BootPlan): Promise<void> {
    return this.#partition.writable(async () => {
      for (const folder of folders) {
        for (const name of files) {
          if (await this.#disk.status(join(folder, stagedName(name)))) {
            await this.#disk.rename(join(folder, stagedName(name)), join(folder, name));
          }
        }
        await this.#disk.syncFolder(folder);
      }
    });
  }

  async start(): Promise<void> {}

  unswitch({ folders, files, old }: BootPlan): Promise<void> {
    return this.#partition.writable(async () => {
      for (const folder of folders) {
        for (const name of files) {
          // Still there: it was not switched.
          if (await this.#disk.status(join(folder, stagedName(name)))) continue;
          if (!old[folder]?.includes(name)) {
            await this.#disk.remove(join(folder, name));
            continue;
          }
          // Gone: it is back in its place already. A full disk does not stand in the way of this.
          if (!(await this.#disk.status(join(folder, savedName(name))))) continue;
          await this.#disk.rename(join(folder, savedName(name)), join(folder, name));
        }
        await this.#disk.syncFolder(folder);
      }
    });
  }

  discard(plan: BootPlan): Promise<void> {
    return this.#sweep(plan);
  }

  async clear(plan: BootPlan): Promise<void> {
    await this.#partition.writable(async () => {
      for (const folder of plan.folders) {
        for (const name of plan.old[folder] ?? []) {
          if (!plan.files.includes(name)) await this.#disk.remove(join(folder, name));
        }
      }
    });
    await this.#sweep(plan);
  }

  #sweep({ folders, files }: BootPlan): Promise<void> {
    return this.#partition.writable(async () => {
      for (const folder of folders) {
        for (const name of files) {
          for (const extra of [stagedName(name), savedName(name)]) {
            await removeTree(this.#disk, join(folder, extra));
          }
        }
        await this.#disk.syncFolder(folder);
      }
    });
  }

  async #write(path: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#disk.remove(path);
    await writeNew(this.#disk, path, 0o644, content);
  }

  async #copy(from: string, to: string): Promise<void> {
    await this.#write(to, [(await this.#disk.read(from)) ?? new Uint8Array()]);
  }
}

async function* digested(content: AsyncIterable<Uint8Array>, digest: { update(data: Uint8Array): unknown }) {
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
}
