/** The number that a device reports for what became of a manifest, as its kind of client has it. */
export interface ResultCode {
  /** Schema v1: `arm_uc_hub` events of Pelion's client up to 4.1. */
  readonly v1: number;
  /** Schema v3: statuses of `fota`, as positive numbers. */
  readonly v3: number;
}

export const good: ResultCode = { v1: 100, v3: 18 };

/** By the check of a manifest that failed; the first of these that did counts. */
const byCheck: readonly (readonly [string, ResultCode])[] = [
  ['form', { v1: 218, v3: 22 }],
  ['schema version', { v1: 218, v3: 28 }],
  ['resource type', { v1: 218, v3: 22 }],
  ['hash', { v1: 207, v3: 23 }],
  ['fingerprint', { v1: 208, v3: 23 }],
  ['signature', { v1: 210, v3: 23 }],
  ['mac', { v1: 210, v3: 23 }],
  ['key', { v1: 209, v3: 23 }],
  ['certificate validity', { v1: 209, v3: 23 }],
  ['encryption mode', { v1: 219, v3: 25 }],
  ['vendor id', { v1: 215, v3: 30 }],
  ['class id', { v1: 216, v3: 31 }],
  ['device id', { v1: 228, v3: 31 }],
  ['ids', { v1: 215, v3: 30 }],
  ['component', { v1: 218, v3: 39 }],
  ['version', { v1: 221, v3: 27 }],
  ['precursor', { v1: 229, v3: 32 }],
  ['payload format', { v1: 218, v3: 25 }],
  ['payload uri', { v1: 307, v3: 21 }],
];

export const ofChecks = (failed: readonly string[]): ResultCode =>
  byCheck.find(([name]) => failed.includes(name))?.[1] ?? { v1: 218, v3: 22 };

/** By the code of an error after the manifest was taken. */
const byError: readonly (readonly [RegExp, ResultCode])[] = [
  [/^update\.space$|^file\.disk\.full$/, { v1: 225, v3: 33 }],
  [/^update\.download$/, { v1: 306, v3: 24 }],
  [/^update\.image\.wrong$/, { v1: 309, v3: 26 }],
  [/^delta\./, { v1: 309, v3: 42 }],
  [/^payload\.|^package\./, { v1: 504, v3: 26 }],
  [/^update\.write$|^file\./, { v1: 503, v3: 35 }],
  [/^update\.busy$/, { v1: 212, v3: 40 }],
];

export const ofError = (code: string): ResultCode =>
  byError.find(([pattern]) => pattern.test(code))?.[1] ?? { v1: 505, v3: 40 };
