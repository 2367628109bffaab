/** One thing that was looked at. */
export interface Check {
  /** `hash`, `signature`, `vendor id` … */
  name: string;
  ok: boolean;
  /** What was found, in a few words; in the reading of the original tool the line that it logs. */
  detail: string;
  /** How loud the original tool says it: it can cry `critical` and go on. */
  level?: 'info' | 'warning' | 'critical';
}

export interface Verdict {
  ok: boolean;
  /** The name that the judging program has for its refusal: `MANIFEST_SIGNATURE_INVALID`, `MFST_ERR_HASH`. */
  code?: string;
  /** The number that a device reports for it. */
  status?: number;
  /** The judging program does not refuse, it dies of this signal. */
  crash?: 'SIGABRT' | 'SIGSEGV';
  /** In the order in which they were made; the last one is the refusal where the judge stops at the first. */
  checks: Check[];
}

/** Collects checks; `ok` holds while none failed. */
export class Checks {
  readonly list: Check[] = [];

  get ok(): boolean {
    return this.list.every(({ ok }) => ok);
  }

  add(name: string, ok: boolean, detail: string): boolean {
    this.list.push({ name, ok, detail });
    return ok;
  }
}
