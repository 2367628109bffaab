import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type SwuImage, unpack } from '@mooring/payload';
import type { PartInfo } from '../banks/partitions.ts';
import type { Disk } from '../disk.ts';
import { ensureFolder, removeTree, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler } from './part-handler.ts';

interface LoaderPlan extends PartPlan {
  readonly device: string;
  /** Bytes from the start of the device. */
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

const pieceSize = 256 * 1024;

/**
 * `WKS_BOOTLOADERnv3`: a raw image at its place outside of the partitions, of which there is one. The old bytes are kept
 * until the new ones have proved good; a power cut while the place is written is beyond help where the board cannot start
 * any more.
 */
export class Bootloader implements PartHandler {
  readonly #disk: Disk;
  readonly #info: PartInfo;
  readonly #device: () => Promise<string>;
  readonly #folder: string;

  /**
   * @param device the whole disk that the bootloaders lie on
   * @param folder where old and new images are kept meanwhile
   */
  constructor(disk: Disk, info: PartInfo, device: () => Promise<string>, folder: string) {
    this.#disk = disk;
    this.#info = info;
    this.#device = device;
    this.#folder = folder;
  }

  takes(type: string): boolean {
    return /^WKS_BOOTLOADER[12]v3$/.test(type);
  }

  async inspect(image: SwuImage) {
    const name = image.type.slice(0, -'v3'.length);
    if ((await this.#info.text(`MBL_${name}_SKIP`)) === '1') {
      throw unfit(`This board has no ${name}; with it the boot partition takes its place.`);
    }
    const room = (await this.#info.number(`MBL_${name}_SIZE_KiB`)) * 1024;
    const offset = (await this.#info.number(`MBL_${name}_OFFSET_BANK1_KiB`)) * 1024;
    const digest = createHash('sha256');
    let size = 0;
    for await (const piece of unpack(image.content)) {
      digest.update(piece);
      size += piece.length;
    }
    if (size === 0 || size > room) throw unfit(`${name} has ${size} bytes, and its place has ${room}.`);
    const sha256 = digest.digest('hex');
    const plan: LoaderPlan = {
      type: image.type,
      restart: 'device',
      device: await this.#device(),
      offset,
      size,
      sha256,
    };
    return { plan, space: [{ path: this.#folder, bytes: 2 * size }] };
  }

  async stage(plan: LoaderPlan, image: SwuImage): Promise<void> {
    await ensureFolder(this.#disk, this.#folder, 0o700);
    await this.discard(plan);
    await writeNew(this.#disk, this.#file(plan, 'new'), 0o600, unpack(image.content));
    await writeNew(this.#disk, this.#file(plan, 'old'), 0o600, this.#pieces(plan));
    await this.#disk.syncFolder(this.#folder);
  }

  switch(plan: LoaderPlan): Promise<void> {
    return this.#put(plan, 'new');
  }

  async start(): Promise<void> {}

  async unswitch(plan: LoaderPlan): Promise<void> {
    if (await this.#disk.status(this.#file(plan, 'old'))) await this.#put(plan, 'old');
  }

  async discard(plan: LoaderPlan): Promise<void> {
    for (const kind of ['new', 'old'] as const) await removeTree(this.#disk, this.#file(plan, kind));
    if (await this.#disk.status(this.#folder)) await this.#disk.syncFolder(this.#folder);
  }

  clear(plan: LoaderPlan): Promise<void> {
    return this.discard(plan);
  }

  #file({ type }: LoaderPlan, kind: 'new' | 'old'): string {
    return join(this.#folder, `${type}.${kind}`);
  }

  async *#pieces({ device: path, offset, size }: LoaderPlan): AsyncGenerator<Uint8Array> {
    const device = await this.#disk.openDevice(path);
    try {
      for (let at = 0; at < size; at += pieceSize) yield await device.read(offset + at, Math.min(pieceSize, size - at));
    } finally {
      await device.close();
    }
  }

  async #put(plan: LoaderPlan, kind: 'new' | 'old'): Promise<void> {
    const wanted = await this.#disk.read(this.#file(plan, kind));
    // What was half staged is no image: nothing was put in its place yet.
    if (!wanted || wanted.length !== plan.size) return;
    const current: Uint8Array[] = [];
    for await (const piece of this.#pieces(plan)) current.push(piece.slice());
    if (Buffer.concat(current).equals(wanted)) return;
    const device = await this.#disk.openDevice(plan.device);
    try {
      for (let at = 0; at < wanted.length; at += pieceSize) {
        await device.write(plan.offset + at, wanted.subarray(at, at + pieceSize));
      }
      await device.sync();
    } finally {
      await device.close();
    }
  }
}

const unfit = (message: string) =>
  updateErrors('update.payload.unfit', { message, next: 'Make the payload again, for this board.' });
