import { join } from 'node:path';
import { type SwuImage, unpack } from '@mooring/payload';
import type { Disk } from '../disk.ts';
import { ensureFolder, removeTree, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { Programs } from '../programs.ts';
import type { PartHandler } from './part-handler.ts';

interface PluginPlan extends PartPlan {
  readonly bytes: number;
}

type PluginStep = 'describe' | 'stage' | 'switch' | 'start' | 'unswitch' | 'discard' | 'clear';

/** Of each step of a plugin, ms. */
const patience = 30 * 60_000;

/**
 * Images of kinds of one's own: a program with the name of the type, called as `PROGRAM STEP FILE FOLDER` with the step of
 * the part, the unpacked image and a folder of its own. `describe` prints `none`, `agent` or `device`: what has to be
 * restarted. A status other than 0 fails; every step but `describe` and `stage` may come twice.
 */
export class Plugins implements PartHandler {
  readonly #disk: Disk;
  readonly #programs: Programs;
  readonly #plugins: string;
  readonly #work: string;
  readonly #known: ReadonlySet<string>;

  private constructor(disk: Disk, programs: Programs, plugins: string, work: string, known: ReadonlySet<string>) {
    this.#disk = disk;
    this.#programs = programs;
    this.#plugins = plugins;
    this.#work = work;
    this.#known = known;
  }

  /** @param plugins folder of the programs; @param work folder that stays over restarts */
  static async open(disk: Disk, programs: Programs, plugins: string, work: string): Promise<Plugins> {
    return new Plugins(disk, programs, plugins, work, new Set(await disk.list(plugins)));
  }

  takes(type: string): boolean {
    return /^[A-Za-z0-9_-]{1,60}$/.test(type) && this.#known.has(type);
  }

  async inspect(image: SwuImage) {
    let bytes = 0;
    for await (const piece of unpack(image.content)) bytes += piece.length;
    const said = (await this.#run(image.type, 'describe')).trim();
    if (said !== 'none' && said !== 'agent' && said !== 'device') {
      throw failed(image.type, 'describe', `it says ${JSON.stringify(said)}, and not none, agent or device`);
    }
    const plan: PluginPlan = { type: image.type, restart: said, bytes };
    return { plan, space: [{ path: this.#work, bytes }] };
  }

  async stage({ type }: PluginPlan, image: SwuImage): Promise<void> {
    await ensureFolder(this.#disk, this.#work, 0o700);
    await removeTree(this.#disk, this.#folder(type));
    await this.#disk.makeFolder(this.#folder(type), 0o700);
    await writeNew(this.#disk, join(this.#folder(type), 'image'), 0o600, unpack(image.content));
    await this.#disk.syncFolder(this.#folder(type));
    await this.#disk.syncFolder(this.#work);
    await this.#run(type, 'stage');
  }

  async switch({ type }: PluginPlan): Promise<void> {
    await this.#run(type, 'switch');
  }

  async start({ type }: PluginPlan): Promise<void> {
    await this.#run(type, 'start');
  }

  async unswitch({ type }: PluginPlan): Promise<void> {
    await this.#run(type, 'unswitch');
  }

  async discard({ type }: PluginPlan): Promise<void> {
    await this.#run(type, 'discard');
    await removeTree(this.#disk, this.#folder(type));
  }

  async clear({ type }: PluginPlan): Promise<void> {
    await this.#run(type, 'clear');
    await removeTree(this.#disk, this.#folder(type));
  }

  #folder(type: string): string {
    return join(this.#work, `plugin-${type}`);
  }

  async #run(type: string, step: PluginStep): Promise<string> {
    const folder = this.#folder(type);
    const words = [step, join(folder, 'image'), folder];
    const { status, stdout, stderr } = await this.#programs.run(join(this.#plugins, type), words, '', {
      timeout: patience,
    });
    if (status === 0) return stdout;
    throw failed(type, step, stderr.trim() || `status ${status}`);
  }
}

const failed = (type: string, step: string, reason: string) =>
  updateErrors('update.plugin', {
    message: `The installer of ${type} failed at "${step}": ${reason}.`,
    next: 'Look at what that program logs.',
    data: { type, step },
  });
