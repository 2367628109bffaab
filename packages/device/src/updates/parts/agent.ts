import { join } from 'node:path';
import { readTar, type SwuImage, unpack } from '@mooring/payload';
import type { Disk } from '../disk.ts';
import { ensureFolder, removeTree, replaceFile, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler } from './part-handler.ts';

interface AgentPlan extends PartPlan {
  readonly number: number;
  /** Undefined: the programs of the package itself. */
  readonly old: number | undefined;
}

const unfit = (message: string) =>
  updateErrors('update.payload.unfit', { message, next: 'Make the image of the agent again.' });

const block = 4096;

/**
 * `AGENTv1`: the programs of this very agent, and with `bin/node` the runtime that they need, as a folder with a number.
 * `current` is a link to the one that starts. While `trial` is there the launcher counts starts of the new one, as a
 * bootloader counts boots, and goes back to the old one by itself.
 */
export class AgentPrograms implements PartHandler {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #running: number | undefined;

  /** @param running number of the agent that asks; undefined for the programs of the package */
  constructor(disk: Disk, folder: string, running: number | undefined) {
    this.#disk = disk;
    this.#folder = folder;
    this.#running = running;
  }

  takes(type: string): boolean {
    return type === 'AGENTv1';
  }

  async inspect(image: SwuImage) {
    let bytes = 0;
    let hasClient = false;
    for await (const { path, kind, size } of readTar(unpack(image.content), image.filename)) {
      if (kind === 'hard link' || kind === 'device')
        throw unfit(`${path} in ${image.filename} is neither file nor folder.`);
      hasClient ||= path === 'mbl-cloud-client.js';
      bytes += Math.ceil(size / block) * block + block;
    }
    if (!hasClient) throw unfit(`${image.filename} has no mbl-cloud-client.js.`);
    const numbers = (await this.#disk.list(this.#folder)).filter((name) => /^\d{1,9}$/.test(name)).map(Number);
    const plan: AgentPlan = {
      type: image.type,
      restart: 'agent',
      number: Math.max(0, this.#running ?? 0, ...numbers) + 1,
      old: await this.#current(),
    };
    return { plan, space: [{ path: this.#folder, bytes }] };
  }

  async stage(plan: AgentPlan, image: SwuImage): Promise<void> {
    await ensureFolder(this.#disk, this.#folder);
    const place = this.#place(plan.number);
    await removeTree(this.#disk, place);
    await this.#disk.makeFolder(place, 0o755);
    const folders = [place];
    for await (const { path, kind, mode, target = '', content } of readTar(unpack(image.content), image.filename)) {
      if (path === '') continue;
      if (kind === 'folder') {
        await this.#disk.makeFolder(join(place, path), 0o755);
        folders.push(join(place, path));
      } else if (kind === 'symbolic link') await this.#disk.symlink(target, join(place, path));
      else await writeNew(this.#disk, join(place, path), mode & 0o755, content);
    }
    for (const folder of folders.reverse()) await this.#disk.syncFolder(folder);
    await this.#disk.syncFolder(this.#folder);
  }

  async switch({ number, old }: AgentPlan): Promise<void> {
    if ((await this.#current()) === number) return;
    // The launcher's line: new, old, starts so far.
    await replaceFile(this.#disk, join(this.#folder, 'trial'), Buffer.from(`${number} ${old ?? '-'} 0\n`));
    await this.#point(number);
  }

  async start(): Promise<void> {}

  async unswitch({ number, old }: AgentPlan): Promise<void> {
    if ((await this.#current()) === number) await this.#point(old);
    await this.#endTrial();
  }

  async discard({ number }: AgentPlan): Promise<void> {
    await removeTree(this.#disk, this.#place(number));
    if (await this.#disk.status(this.#folder)) await this.#disk.syncFolder(this.#folder);
  }

  async clear({ old }: AgentPlan): Promise<void> {
    await this.#endTrial();
    if (old !== undefined) await removeTree(this.#disk, this.#place(old));
    await this.#disk.syncFolder(this.#folder);
  }

  async isRunning({ number }: AgentPlan): Promise<boolean> {
    return this.#running === number;
  }

  async isChosen({ number }: AgentPlan): Promise<boolean> {
    return (await this.#current()) === number;
  }

  #place(number: number): string {
    return join(this.#folder, `${number}`);
  }

  async #current(): Promise<number | undefined> {
    const target = await this.#disk.readLink(join(this.#folder, 'current'));
    return target !== undefined && /^\d{1,9}$/.test(target) ? Number(target) : undefined;
  }

  async #point(number: number | undefined): Promise<void> {
    const link = join(this.#folder, 'current');
    if (number === undefined) await this.#disk.remove(link);
    else {
      await this.#disk.remove(`${link}.new`);
      await this.#disk.symlink(`${number}`, `${link}.new`);
      await this.#disk.rename(`${link}.new`, link);
    }
    await this.#disk.syncFolder(this.#folder);
  }

  async #endTrial(): Promise<void> {
    if (!(await this.#disk.status(join(this.#folder, 'trial')))) return;
    await this.#disk.remove(join(this.#folder, 'trial'));
    await this.#disk.syncFolder(this.#folder);
  }
}
