import { deviceLine, type FoundDevice } from './devices.ts';

/** A list that grows while it is looked at: what has a number keeps it. */
export class GrowingList {
  readonly #devices: FoundDevice[] = [];

  /** In the order of their numbers, each as it was seen last. */
  get devices(): readonly FoundDevice[] {
    return this.#devices;
  }

  /** Takes what is there now. @returns the lines of what is new */
  update(found: readonly FoundDevice[]): string[] {
    const lines: string[] = [];
    for (const device of found) {
      const index = this.#devices.findIndex((known) => isSame(known, device));
      if (index >= 0) this.#devices[index] = device;
      else lines.push(deviceLine(device, this.#devices.push(device)));
    }
    return lines;
  }
}

function isSame(one: FoundDevice, other: FoundDevice): boolean {
  if (one.name.toLowerCase() !== other.name.toLowerCase() || one.port !== other.port) return false;
  return one.addresses.some((address) => other.addresses.includes(address));
}
