import type { ItemType } from '../secure-storage/item.ts';
import type { Snapshot } from '../secure-storage/storage.ts';
import type { DeviceTime } from './device-time.ts';
import type { ErrorKind, Finding, WarningKind } from './findings.ts';

/** Ends the check, as the old one ends with its first error. */
export class Stop extends Error {
  readonly finding: Finding<ErrorKind>;

  constructor(finding: Finding<ErrorKind>) {
    super(finding.reason);
    this.finding = finding;
  }
}

export function stop(kind: ErrorKind, item: string, reason: string): Stop {
  return new Stop({ kind, item, reason });
}

/** What the checks of a device share: its items, the time, and what was noticed so far. */
export class Checklist {
  readonly time: DeviceTime;
  readonly warnings: Finding<WarningKind>[] = [];
  readonly certificates: { item: string; notAfter: Date }[] = [];
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot, time: DeviceTime) {
    this.#snapshot = snapshot;
    this.time = time;
  }

  warn(kind: WarningKind, item: string, reason: string): void {
    this.warnings.push({ kind, item, reason });
  }

  /** An item of another type is as good as none, for the client asks by name and type. */
  has(name: string, type: ItemType): boolean {
    return this.#snapshot.items.some((item) => item.name === name && item.type === type);
  }

  async data(name: string, type: ItemType): Promise<Uint8Array | undefined> {
    return this.has(name, type) ? (await this.#snapshot.get(name))?.data : undefined;
  }

  async text(name: string): Promise<string | undefined> {
    const data = await this.data(name, 'config');
    return data && Buffer.from(data).toString();
  }

  async require(name: string, type: ItemType): Promise<Uint8Array> {
    const data = await this.data(name, type);
    if (data) return data;
    throw stop('missing', name, 'It was never stored: the device is not provisioned, or only in part.');
  }

  async requireContent(name: string, type: ItemType): Promise<Uint8Array> {
    const data = await this.require(name, type);
    if (data.length > 0) return data;
    throw stop('empty', name, 'It has no content.');
  }
}
