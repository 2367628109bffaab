import { createHash } from 'node:crypto';
import { type SwuImage, unpack } from '@mooring/payload';
import { type Bank, type Banks, otherBank } from '../banks/banks.ts';
import type { Disk } from '../disk.ts';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler } from './part-handler.ts';

interface RootPlan extends PartPlan {
  readonly bank: Bank;
  readonly device: string;
  /** Bytes, unpacked. */
  readonly size: number;
  readonly sha256: string;
}

/** What is written and read at a time. */
const pieceSize = 1024 * 1024;
/** Of ext2, ext3 and ext4, and where it is. */
const extMagic = 0xef53;
const extMagicAt = 1080;

const bytesOf = (image: SwuImage): AsyncIterable<Uint8Array> =>
  image.compressed === undefined ? image.content : unpack(image.content);

/** `ROOTFSv4`: an image of a file system for the bank that does not run. */
export class RootFileSystem implements PartHandler {
  readonly #disk: Disk;
  readonly #banks: Banks;

  constructor(disk: Disk, banks: Banks) {
    this.#disk = disk;
    this.#banks = banks;
  }

  takes(type: string): boolean {
    return type === 'ROOTFSv4';
  }

  async inspect(image: SwuImage) {
    const bank = otherBank(await this.#banks.running());
    const path = await this.#banks.device(bank);
    const digest = createHash('sha256');
    let size = 0;
    let start = Buffer.alloc(0);
    for await (const piece of bytesOf(image)) {
      digest.update(piece);
      size += piece.length;
      if (start.length < extMagicAt + 2) start = Buffer.concat([start, piece]).subarray(0, extMagicAt + 2);
    }
    const isFileSystem = start.length === extMagicAt + 2 && start.readUInt16LE(extMagicAt) === extMagic;
    if (/\.ext[234]/.test(image.filename) && !isFileSystem) throw unfit('is not a file system of the ext family');
    const device = await this.#disk.openDevice(path);
    const room = device.size;
    await device.close();
    if (size > room) throw unfit(`has ${size} bytes, and bank ${bank} (${path}) has room for ${room}`);
    const plan: RootPlan = {
      type: image.type,
      restart: 'device',
      bank,
      device: path,
      size,
      sha256: digest.digest('hex'),
    };
    return { plan, space: [] };
  }

  async stage(plan: RootPlan, image: SwuImage): Promise<void> {
    const device = await this.#disk.openDevice(plan.device);
    try {
      let at = 0;
      for await (const piece of bytesOf(image)) {
        await device.write(at, piece);
        at += piece.length;
      }
      await device.sync();
    } finally {
      // With the last one who has it open, Linux forgets what it kept of a block device: what is read then is on it.
      await device.close();
    }
    const found = await this.#digest(plan);
    if (found === plan.sha256) return;
    throw updateErrors('update.write', {
      message: `What is read back from bank ${plan.bank} (${plan.device}) is not the image that was written.`,
      next: 'The storage of this device is failing. Its old software goes on running.',
    });
  }

  async #digest({ device: path, size }: RootPlan): Promise<string> {
    const digest = createHash('sha256');
    const device = await this.#disk.openDevice(path);
    try {
      for (let at = 0; at < size; at += pieceSize) digest.update(await device.read(at, Math.min(pieceSize, size - at)));
    } finally {
      await device.close();
    }
    return digest.digest('hex');
  }

  switch({ bank }: RootPlan): Promise<void> {
    return this.#banks.choose(bank);
  }

  async start(): Promise<void> {}

  async unswitch({ bank }: RootPlan): Promise<void> {
    if ((await this.#banks.chosen()) === bank) await this.#banks.choose(otherBank(bank));
  }

  async discard(): Promise<void> {
    await this.#banks.confirm();
  }

  async clear(): Promise<void> {
    await this.#banks.confirm();
  }

  async isRunning({ bank }: RootPlan): Promise<boolean> {
    return (await this.#banks.running()) === bank;
  }

  async isChosen({ bank }: RootPlan): Promise<boolean> {
    return (await this.#banks.chosen()) === bank;
  }
}

const unfit = (reason: string) =>
  updateErrors('update.payload.unfit', {
    message: `The image of the root file system ${reason}.`,
    next: 'Make the payload again, for this board.',
  });
