import { access, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, isMooringError, type Timers } from '@mooring/platform';
import { updateErrors } from '../errors.ts';
import { ImageFile } from './image-file.ts';
import { type ImageSource, ImageUnavailable, ImageWrong } from './source.ts';

export interface WantedImage {
  readonly uri: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256, hex. */
  readonly digest: string;
}

export interface DownloadWorld {
  /** Where images are kept. */
  readonly folder: string;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  source(scheme: string): ImageSource | undefined;
  /** Told now and then: bytes so far. */
  progress?(bytes: number): void;
  /** Told of each attempt that came to nothing. */
  failed?(reason: string, retryIn: number): void;
  /** Bytes that are free; by default what the file system says. */
  free?(folder: string): Promise<number>;
}

/** ms; doubled with each attempt that brings nothing. */
const firstPause = 1_000;
const longestPause = 300_000;
/** Attempts in a row that bring not one byte before the update is given up: more than an hour. */
const mostFruitless = 20;
/** What has to stay free besides. */
const reserve = 1024 * 1024;

export const imagePath = (folder: string, digest: string): string => join(folder, `image-${digest}.bin`);

const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * Downloads an image and checks it, with as many attempts as it takes, each from where the last one ended, over restarts of
 * this program too. An image that is there already is not downloaded again.
 *
 * @returns the path of the image
 * @throws MooringError `update.space`, `update.download`, `update.image.wrong`
 */
export async function downloadImage(wanted: WantedImage, world: DownloadWorld): Promise<string> {
  const { folder, timers, signal } = world;
  await ensureDirectory(folder, 0o700);
  const path = imagePath(folder, wanted.digest);
  if (await isThere(path)) return path;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(wanted.uri)?.[1]?.toLowerCase() ?? '';
  const source = world.source(scheme);
  if (!source || !URL.canParse(wanted.uri)) {
    throw wrong(`${JSON.stringify(wanted.uri)} is no address that can be downloaded from`);
  }
  await sweepParts(folder, wanted.digest);
  const file = await ImageFile.open(`${path}.part`);
  try {
    if (file.size > wanted.size) await file.restart();
    await checkSpace(wanted.size - file.size, world);
    let resumed = file.size > 0;
    for (let fruitless = 0; ; ) {
      const before = file.size;
      const reason = await attempt(file, wanted, source, world);
      if (file.size === wanted.size) {
        if (file.digest() === wanted.digest) break;
        // What was kept from another attempt may be of something else; once it is fetched whole there is no doubt.
        if (!resumed) throw wrong('its digest is not that of the manifest');
        resumed = false;
        await file.restart();
        continue;
      }
      if (signal.aborted) throw unreachable('the download was interrupted');
      if (before > 0 && file.size > before) resumed = true;
      fruitless = file.size > before ? 0 : fruitless + 1;
      if (fruitless >= mostFruitless) throw unreachable(reason);
      resumed ||= file.size > 0;
      const pause = Math.min(longestPause, firstPause * 2 ** fruitless);
      world.failed?.(reason, pause);
      await wait(timers, pause, signal);
    }
    await file.finish(path);
    return path;
  } catch (error) {
    await file.close();
    if (isMooringError(error) && error.code === 'update.image.wrong') await file.discard();
    throw error;
  }
}

/** @returns why it did not go on; of no meaning where the image is complete */
async function attempt(
  file: ImageFile,
  wanted: WantedImage,
  source: ImageSource,
  world: DownloadWorld,
): Promise<string> {
  const { size } = wanted;
  if (file.size === size) return '';
  try {
    for await (const { offset, data } of source(wanted.uri, { offset: file.size, size, signal: world.signal })) {
      if (offset === 0 && file.size > 0) await file.restart();
      if (offset !== file.size) throw new ImageWrong(`bytes from ${offset} on came where ${file.size} was asked for`);
      await file.add(data);
      world.progress?.(file.size);
    }
    return `the connection ended after ${file.size} of ${size} bytes`;
  } catch (error) {
    if (error instanceof ImageWrong) throw wrong(error.message);
    if (error instanceof ImageUnavailable && error.fromStart) await file.restart();
    if (isMooringError(error) && error.code.startsWith('file.')) throw error;
    return (error as Error).message;
  }
}

async function checkSpace(needed: number, { folder, free = freeBytes }: DownloadWorld): Promise<void> {
  const available = await free(folder);
  if (available >= needed + reserve) return;
  throw updateErrors('update.space', {
    message: `The image needs ${needed + reserve} bytes in ${folder}, and ${available} are free.`,
    next: 'Free some space; nothing was downloaded.',
    data: { needed: needed + reserve, available },
  });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Parts of other images: one at a time is wanted. */
async function sweepParts(folder: string, digest: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.part') && !name.includes(digest)) await rm(join(folder, name), { force: true });
  }
}

/** Removes all images but those with these digests. */
export async function keepImages(folder: string, digests: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const digest = /^image-([0-9a-f]{64})\.bin/.exec(name)?.[1];
    if (digest !== undefined && !digests.has(digest)) await rm(join(folder, name), { force: true });
  }
}

const wait = (timers: Timers, milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = timers.after(milliseconds, resolve);
    signal.addEventListener(
      'abort',
      () => {
        timer.cancel();
        resolve();
      },
      { once: true },
    );
  });

const wrong = (reason: string) =>
  updateErrors('update.image.wrong', {
    message: `The image is not what the manifest describes: ${reason}.`,
    next: 'Check the image server, and that the manifest is of this image.',
  });

const unreachable = (reason: string) =>
  updateErrors('update.download', {
    message: `The image cannot be downloaded: ${reason}.`,
    next: 'Check that the device reaches the image server.',
  });
