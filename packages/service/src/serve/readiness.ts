import { statfs } from 'node:fs/promises';
import { isMooringError } from '@mooring/platform';
import { sql } from 'kysely';
import { firstAccount } from '../accounts/account.ts';
import { signingAuthority } from '../certificates/authorities.ts';
import { storageErrors } from '../errors.ts';
import type { Domain } from '../storage/context.ts';
import type { Lack } from './lacking.ts';
import { type Log, noLog } from './log.ts';

export interface ReadinessReport {
  /** What this machine does not give, and the service does without. */
  readonly lacks?: readonly Lack[];
  readonly status: 'ready' | 'not ready';
  /** What is missing, with the error code of it; nothing of where things are on the disk. */
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
}

/** How long a finding holds, in ms: everyone may ask, and each probe is a write. */
const freshness = 2_000;

const sentences: Readonly<Record<string, string>> = {
  'database.disk.full': 'The disk is full: what is there can be read, nothing can be stored.',
  'database.read.only': 'The database cannot be written: what is there can be read, nothing can be stored.',
  'database.busy': 'Another program keeps the database locked for writing.',
  'database.damaged': 'The database is damaged.',
  'master.key.wrong': 'The master key does not open the private keys.',
  'master.key.damaged': 'A private key in the database cannot be opened.',
  draining: 'The service is being stopped.',
};

/** With less than this left, in bytes, the one page of the probe may still fit where nothing else does. */
const reserve = 2 << 20;

async function refuseFullDisk(folder: string): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  if (!disk || disk.bavail * disk.bsize >= reserve) return;
  throw storageErrors('database.disk.full', { message: `The disk of ${folder} is full.` });
}

type Reason = ReadinessReport['reasons'][number];

async function findReason(work: () => Promise<unknown>): Promise<Reason[]> {
  try {
    await work();
    return [];
  } catch (error) {
    const code = isMooringError(error) ? error.code : 'internal';
    return [{ code, message: sentences[code] ?? 'The service cannot do all its work; its log has more.' }];
  }
}

/** Whether the service can do all its work: store, sign, and go on. Alive it is also where it is not ready. */
export class Readiness {
  readonly #domain: Domain;
  readonly #log: Log;
  readonly #lacks: () => readonly Lack[];
  #draining = false;
  #found: { at: number; reasons: Promise<Reason[]> } | undefined;
  #wasReady = true;

  constructor(domain: Domain, log: Log = noLog, lacks: () => readonly Lack[] = () => []) {
    this.#domain = domain;
    this.#log = log;
    this.#lacks = lacks;
  }

  /** From now on not ready, so that a balancer sends nothing more. */
  drain(): void {
    this.#draining = true;
  }

  async #probe(): Promise<Reason[]> {
    const { storage } = this.#domain;
    const reasons = [
      // Writes the first page as it is: the least that shows whether the disk takes anything.
      ...(await findReason(async () => {
        await storage.transaction((db) => sql.raw('pragma user_version = 0').execute(db));
        await refuseFullDisk(storage.folder);
      })),
      ...(await findReason(async () => {
        const account = await firstAccount(this.#domain);
        if (account) await signingAuthority(this.#domain, account.id, 'developer');
      })),
    ];
    const isReady = reasons.length === 0;
    if (isReady !== this.#wasReady) {
      if (isReady) this.#log.info('ready', 'The service can do all its work again.');
      else this.#log.warning('not-ready', reasons.map(({ message }) => message).join(' '), { reasons });
    }
    this.#wasReady = isReady;
    return reasons;
  }

  async report(): Promise<ReadinessReport> {
    if (this.#draining) {
      return { status: 'not ready', reasons: [{ code: 'draining', message: String(sentences.draining) }] };
    }
    const now = performance.now();
    if (!this.#found || now - this.#found.at > freshness) this.#found = { at: now, reasons: this.#probe() };
    const reasons = await this.#found.reasons;
    const status = reasons.length === 0 ? 'ready' : 'not ready';
    const lacks = this.#lacks();
    return { status, reasons, ...(lacks.length > 0 ? { lacks } : {}) };
  }
}
