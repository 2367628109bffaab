import type { Disk } from '../disk.ts';
import { updateErrors } from '../errors.ts';
import type { Bank } from './banks.ts';

const unknown = (message: string) =>
  updateErrors('update.board', {
    message,
    next: 'Root file systems are updated on boards with two banks. See "Two banks" in docs/device.md.',
  });

/** A partition's device as the disk and a number: `/dev/mmcblk1p3`, `/dev/sda3`. */
export function partitionOf(device: string): { disk: string; number: number } {
  const found = /^(.*[0-9])p([0-9]+)$/.exec(device) ?? /^(.*[^0-9])([0-9]+)$/.exec(device);
  if (!found) throw unknown(`${device} is not a partition of a disk.`);
  return { disk: found[1] as string, number: Number(found[2]) };
}

export const partitionDevice = (disk: string, number: number): string =>
  /[0-9]$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;

/** The device that is mounted somewhere, by a mount table (`/proc/mounts`); the last one that was mounted there counts. */
export function mountedDevice(table: string, place: string): string | undefined {
  const plain = (text: string) =>
    text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  let found: string | undefined;
  for (const line of table.split('\n')) {
    const [device, at] = line.split(' ');
    if (device !== undefined && at !== undefined && plain(at) === place) found = plain(device);
  }
  return found;
}

/** What MBL writes of its partitions, one file a value. */
export class PartInfo {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  async text(name: string): Promise<string | undefined> {
    const data = await this.#disk.read(`${this.#folder}/${name}`);
    return data && Buffer.from(data).toString('utf8').trim();
  }

  /** @throws MooringError `update.board` */
  async number(name: string): Promise<number> {
    const text = await this.text(name);
    if (text === undefined || !/^\d{1,12}$/.test(text)) throw unknown(`${this.#folder}/${name} does not say a number.`);
    return Number(text);
  }
}

/** Where the two roots are, by the root that is mounted and MBL's part-info. */
export class RootPartitions {
  readonly #info: PartInfo;
  readonly #mounts: () => Promise<string>;

  constructor(info: PartInfo, mounts: () => Promise<string>) {
    this.#info = info;
    this.#mounts = mounts;
  }

  async #root(): Promise<{ disk: string; number: number }> {
    const device = mountedDevice(await this.#mounts(), '/');
    if (device === undefined || !device.startsWith('/dev/'))
      throw unknown('The mount table does not tell the device of the root.');
    return partitionOf(device);
  }

  #number(bank: Bank): Promise<number> {
    return this.#info.number(`MBL_ROOT_FS_PART_NUMBER_BANK${bank}`);
  }

  async running(): Promise<Bank> {
    const { number } = await this.#root();
    if (number === (await this.#number(1))) return 1;
    if (number === (await this.#number(2))) return 2;
    throw unknown(`The root is partition ${number}, which is neither of the two banks.`);
  }

  async device(bank: Bank): Promise<string> {
    return partitionDevice((await this.#root()).disk, await this.#number(bank));
  }

  async disk(): Promise<string> {
    return (await this.#root()).disk;
  }
}
