import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BinItem } from '@mooring/credentials';
import { acquireLock, fileError, type Lock, readFileIfExists, writeFileAtomic } from '@mooring/platform';
import { isRecord, parseJson } from '../json-line.ts';

/** What happened to a device, as one line. */
export interface JournalEntry {
  /** RFC 3339. */
  at: string;
  /** What it was to be given, as `setOf` names it. */
  set: string;
  /** The device's name. */
  device: string;
  /** Fingerprint of its host key, which tells it from others of its name, and from itself before it was flashed anew. */
  hostKey: string;
  state: 'started' | 'provisioned' | 'failed';
  /** Of a failure. */
  code?: string;
  /** With a key of its own: its endpoint name, and the id of its certificate in the service. */
  endpointName?: string;
  certificateId?: string;
}

export const journalPath = (home: string) => join(home, '.mbl-provisioned.jsonl');

/** When the file is longer than this, in bytes, only the last word about each device is kept. */
const long = 1_000_000;

/** Names what devices are given by its content: the same names with other certificates are another set. */
export function setOf(parts: readonly (readonly BinItem[])[]): string {
  const hash = createHash('sha256');
  for (const { name, data } of parts.flat()) hash.update(`${name} ${data.length}\n`).update(data);
  return hash.digest('hex').slice(0, 32);
}

/**
 * Which devices were provisioned with what. It outlives this program, so that an interrupted run is taken up where it
 * ended. Lines are added whole and synced; a last line that was cut off is passed over.
 */
export class Journal {
  readonly path: string;
  readonly #latest: Map<string, JournalEntry>;
  readonly #lock: Lock;
  #writing = Promise.resolve();

  private constructor(path: string, latest: Map<string, JournalEntry>, lock: Lock) {
    this.path = path;
    this.#latest = latest;
    this.#lock = lock;
  }

  /** @throws MooringError `lock.busy` while another run of this user has it */
  static async open(home: string): Promise<Journal> {
    const path = journalPath(home);
    const lock = await acquireLock(`${path}.lock`, 0);
    try {
      const text = (await readFileIfExists(path))?.toString('utf8') ?? '';
      const latest = latestOf(parseJournal(text));
      // What was cut off gets its line end, or the next line would be lost with it.
      if (text.length > long || (text !== '' && !text.endsWith('\n'))) {
        await writeFileAtomic(path, [...latest.values()].map(lineOf).join(''), 0o600);
      }
      return new Journal(path, latest, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What was last written of this device and set. */
  find(set: string, device: string, hostKey: string): JournalEntry | undefined {
    return this.#latest.get(keyOf({ set, device, hostKey }));
  }

  /** True if devices were given this before, or it was begun. */
  knows(set: string): boolean {
    return [...this.#latest.values()].some((entry) => entry.set === set);
  }

  /** The endpoint name that this very device has, by whatever set it was given it. */
  endpointOf(device: string, hostKey: string): JournalEntry | undefined {
    return [...this.#latest.values()]
      .filter((entry) => entry.device === device && entry.hostKey === hostKey && entry.endpointName !== undefined)
      .sort((a, b) => (a.at < b.at ? 1 : -1))[0];
  }

  /** Entries are written one after the other, in the order of the calls. */
  write(entry: JournalEntry): Promise<void> {
    this.#latest.set(keyOf(entry), entry);
    const written = this.#writing.then(() => this.#append(lineOf(entry)));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #append(line: string): Promise<void> {
    try {
      const file = await open(this.path, 'a', 0o600);
      try {
        await file.writeFile(line);
        await file.datasync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#lock.release();
  }
}

const keyOf = ({ set, device, hostKey }: Pick<JournalEntry, 'set' | 'device' | 'hostKey'>) =>
  `${set} ${hostKey} ${device}`;

const lineOf = (entry: JournalEntry) => `${JSON.stringify(entry)}\n`;

function latestOf(entries: readonly JournalEntry[]): Map<string, JournalEntry> {
  const latest = new Map<string, JournalEntry>();
  for (const entry of entries) latest.set(keyOf(entry), entry);
  return latest;
}

/** Lines that are no entries are passed over: the file is a memory, and what is not in it is done again. */
export function parseJournal(text: string): JournalEntry[] {
  return text.split('\n').flatMap((line) => {
    const value = parseJson(line)?.value;
    if (!isRecord(value)) return [];
    const { at, set, device, hostKey, state, code, endpointName, certificateId } = value;
    if (![at, set, device, hostKey].every((field) => typeof field === 'string')) return [];
    if (state !== 'started' && state !== 'provisioned' && state !== 'failed') return [];
    const optional = Object.entries({ code, endpointName, certificateId }).filter(([, one]) => typeof one === 'string');
    return [{ at, set, device, hostKey, state, ...Object.fromEntries(optional) } as JournalEntry];
  });
}
