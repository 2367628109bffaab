import { dirname } from 'node:path';
import type { Disk } from '../disk.ts';
import { ensureFolder, replaceFile } from '../disk-steps.ts';
import { readRecords, recordLine } from './record-lines.ts';
import { applyRecord, emptyState, type InstallState, type JournalRecord } from './records.ts';

/** The journal begins anew, with what its state says, once it is longer than this. */
const longest = 32 * 1024;

/** What an update has done, record by record, each safe from a power cut before the next step is taken. */
export class Journal {
  readonly #disk: Disk;
  readonly #path: string;
  #state: InstallState;
  #size: number;

  private constructor(disk: Disk, path: string, state: InstallState, size: number) {
    this.#disk = disk;
    this.#path = path;
    this.#state = state;
    this.#size = size;
  }

  static async open(disk: Disk, path: string): Promise<Journal> {
    await ensureFolder(disk, dirname(path), 0o700);
    const data = (await disk.read(path)) ?? new Uint8Array();
    const { records, size } = readRecords(data);
    const state = records.reduce(applyRecord, emptyState);
    // A torn line at the end would make what is appended to it unreadable.
    if (size < data.length) await replaceFile(disk, path, data.subarray(0, size), 0o600);
    return new Journal(disk, path, state, size);
  }

  get state(): InstallState {
    return this.#state;
  }

  /** Ends when the record is safe. */
  async add(record: JournalRecord): Promise<void> {
    const next = applyRecord(this.#state, record);
    if (next === this.#state) throw new Error(`A record "${record.type}" in the phase "${this.#state.phase.name}".`);
    const line = Buffer.from(recordLine(record));
    const { running, phase, last } = next;
    if (this.#size + line.length > longest && phase.name === 'idle' && running) {
      const whole = Buffer.from(recordLine({ type: 'running', software: running, last }));
      await replaceFile(this.#disk, this.#path, whole, 0o600);
      this.#size = whole.length;
    } else {
      const isNew = this.#size === 0;
      const file = await this.#disk.append(this.#path, 0o600);
      try {
        await file.write(line);
        await file.sync();
      } finally {
        await file.close();
      }
      if (isNew) await this.#disk.syncFolder(dirname(this.#path));
      this.#size += line.length;
    }
    this.#state = next;
  }
}
