import { dirname, join } from 'node:path';
import { collect, type Ipk, openIpk, readTar, type SwuImage, type TarEntry, unpack } from '@mooring/payload';
import { isMooringError } from '@mooring/platform';
import type { Containers } from '../applications/containers.ts';
import { numbersOf } from '../applications/installed.ts';
import type { Disk } from '../disk.ts';
import { ensureFolder, removeTree, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler } from './part-handler.ts';

interface PlannedApp {
  readonly name: string;
  /** Of the package in the image. */
  readonly file: string;
  readonly number: number;
  /** Of what is there now. */
  readonly old: readonly number[];
}

interface AppsPlan extends PartPlan {
  readonly apps: readonly PlannedApp[];
}

/** A file takes whole blocks, a folder one. */
const block = 4096;
const blocks = (size: number): number => Math.ceil(size / block) * block + block;
const largestConfig = 1024 * 1024;

const unfit = (message: string) =>
  updateErrors('update.payload.unfit', { message, next: 'Make the package of the application again.' });

/** `APPSv3`: packages of applications, which all start or all stay as they were. */
export class ApplicationParts implements PartHandler {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #containers: Containers;

  /** @param folder where applications are: `/home/app` */
  constructor(disk: Disk, folder: string, containers: Containers) {
    this.#disk = disk;
    this.#folder = folder;
    this.#containers = containers;
  }

  takes(type: string): boolean {
    return type === 'APPSv3';
  }

  async inspect(image: SwuImage) {
    const apps: PlannedApp[] = [];
    let bytes = 0;
    for await (const { file, ipk } of packagesOf(image)) {
      const { name } = ipk.control;
      if (apps.some((one) => one.name === name)) throw unfit(`The application ${name} is in the payload twice.`);
      bytes += await checkBundle(file, ipk);
      const old = await numbersOf(this.#disk, this.#folder, name);
      apps.push({ name, file, number: (old.at(-1) ?? -1) + 1, old });
    }
    if (apps.length === 0) throw unfit("No 'ipk' file found in package.");
    const plan: AppsPlan = { type: image.type, restart: 'none', apps };
    return { plan, space: [{ path: this.#folder, bytes }] };
  }

  async stage(plan: AppsPlan, image: SwuImage): Promise<void> {
    for await (const { file, ipk } of packagesOf(image)) {
      const app = plan.apps.find((one) => one.file === file);
      if (!app) throw unfit(`${file} was not in the payload before.`);
      const folder = join(this.#folder, app.name);
      await ensureFolder(this.#disk, folder);
      const staged = this.#staged(app);
      await removeTree(this.#disk, staged);
      await this.#disk.makeFolder(staged, 0o755);
      await unpackTo(this.#disk, staged, ipk);
      await this.#disk.syncFolder(folder);
    }
  }

  /** Under its number from here on; as long as the lower number is there, MBL's own programs start that one. */
  async switch({ apps }: AppsPlan): Promise<void> {
    for (const app of apps) {
      if (!(await this.#disk.status(this.#staged(app)))) continue;
      await this.#disk.rename(this.#staged(app), this.#place(app, app.number));
      await this.#disk.syncFolder(join(this.#folder, app.name));
    }
  }

  /** MBL's order: all old ones are ended, then all new ones are started. */
  async start({ apps }: AppsPlan): Promise<void> {
    for (const { name } of apps) await this.#containers.stop(name);
    for (const app of apps) await this.#containers.start(app.name, this.#place(app, app.number));
  }

  async unswitch({ apps }: AppsPlan): Promise<void> {
    const switched: PlannedApp[] = [];
    for (const app of apps) if (await this.#disk.status(this.#place(app, app.number))) switched.push(app);
    for (const { name } of switched) await this.#containers.stop(name);
    for (const app of switched) {
      await this.#disk.rename(this.#place(app, app.number), this.#staged(app));
      await this.#disk.syncFolder(join(this.#folder, app.name));
    }
  }

  async discard({ apps }: AppsPlan): Promise<void> {
    for (const app of apps) {
      await removeTree(this.#disk, this.#staged(app));
      const folder = join(this.#folder, app.name);
      if (!(await this.#disk.status(folder))) continue;
      await this.#disk.syncFolder(folder);
      if ((await this.#disk.list(folder)).length > 0) continue;
      await this.#disk.removeFolder(folder);
      await this.#disk.syncFolder(this.#folder);
    }
    for (const app of apps) {
      const number = app.old.at(0);
      if (number === undefined) continue;
      try {
        if (await this.#containers.isRunning(app.name)) continue;
        await this.#containers.start(app.name, this.#place(app, number));
      } catch (error) {
        // The old one may be as broken as the new one; it is what there is.
        if (!isMooringError(error)) throw error;
      }
    }
  }

  async clear({ apps }: AppsPlan): Promise<void> {
    for (const app of apps) {
      const folder = join(this.#folder, app.name);
      for (const number of app.old) {
        const aside = join(folder, `.old-${number}`);
        await removeTree(this.#disk, aside);
        // Never seen in part under its number: the lowest number is what runs.
        if (!(await this.#disk.status(this.#place(app, number)))) continue;
        await this.#disk.rename(this.#place(app, number), aside);
        await this.#disk.syncFolder(folder);
        await removeTree(this.#disk, aside);
      }
      await this.#disk.syncFolder(folder);
    }
  }

  #place({ name }: PlannedApp, number: number): string {
    return join(this.#folder, name, `${number}`);
  }

  #staged({ name, number }: PlannedApp): string {
    return join(this.#folder, name, `.new-${number}`);
  }
}

async function* packagesOf(image: SwuImage): AsyncGenerator<{ file: string; ipk: Ipk }> {
  for await (const { path, kind, content } of readTar(unpack(image.content), image.filename)) {
    if (kind !== 'file' || path.includes('/')) throw unfit(`${path} in ${image.filename} is no bare file.`);
    if (!path.endsWith('.ipk')) continue;
    yield { file: path, ipk: await openIpk(content, path) };
  }
}

/**
 * Whether a package is an OCI bundle: `config.json` with the version of the specification and the folder of its root.
 *
 * @returns the bytes that it takes on a disk
 */
async function checkBundle(file: string, { entries }: Ipk): Promise<number> {
  let root: string | undefined;
  let bytes = block;
  const folders = new Set<string>();
  for await (const entry of entries) {
    if (entry.kind === 'device') throw unfit(`${entry.path} in ${file} is a device.`);
    bytes += blocks(entry.size);
    for (let at = entry.path; at !== '' && at !== '.'; at = dirname(at)) {
      if (at !== entry.path || entry.kind === 'folder') folders.add(at);
    }
    if (entry.path === 'config.json' && entry.kind === 'file') root = await rootOf(file, entry);
  }
  if (root === undefined) throw unfit(`${file} has no config.json at its top.`);
  if (!folders.has(root)) throw unfit(`${file} has no folder ${root}, which its config.json names.`);
  return bytes;
}

async function rootOf(file: string, { content }: TarEntry): Promise<string> {
  const text = Buffer.from(await collect(content, largestConfig, 'config.json')).toString('utf8');
  let path: unknown;
  try {
    const config = JSON.parse(text) as { ociVersion?: unknown; root?: { path?: unknown } };
    path = typeof config.ociVersion === 'string' ? config.root?.path : undefined;
  } catch {
    // Said below.
  }
  const found = typeof path === 'string' ? path.replace(/^(\.\/)+/, '').replace(/\/+$/, '') : '';
  if (found === '' || found.startsWith('/') || found.split('/').includes('..')) {
    throw unfit(`config.json of ${file} is not that of an OCI bundle (ociVersion, root.path).`);
  }
  return found;
}

async function unpackTo(disk: Disk, folder: string, { entries }: Ipk): Promise<void> {
  const made = new Set<string>(['']);
  const folders = [folder];
  const above = async (path: string): Promise<void> => {
    const parent = path.includes('/') ? dirname(path) : '';
    if (made.has(parent)) return;
    await above(parent);
    await disk.makeFolder(join(folder, parent), 0o755);
    folders.push(join(folder, parent));
    made.add(parent);
  };
  for await (const { path, kind, mode, owner, group, target = '', content } of entries) {
    const place = join(folder, path);
    await above(path);
    if (kind === 'folder') {
      if (made.has(path)) await disk.setMode(place, mode);
      else {
        await disk.makeFolder(place, mode);
        folders.push(place);
        made.add(path);
      }
    } else if (kind === 'symbolic link') await disk.symlink(target, place);
    else if (kind === 'hard link') await disk.hardLink(join(folder, target), place);
    else await writeNew(disk, place, mode, content);
    await disk.setOwner(place, owner, group);
    // A change of owner takes these bits away.
    if (kind === 'file' && (mode & 0o6000) !== 0) await disk.setMode(place, mode);
  }
  for (const one of folders.reverse()) await disk.syncFolder(one);
}
