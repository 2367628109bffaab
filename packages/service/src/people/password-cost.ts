/** What trying one password costs. */
export interface PasswordCost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
}

/** 19 MiB and two passes of Argon2id: the smaller of the two that OWASP's Password Storage Cheat Sheet names first. */
export const passwordCost: PasswordCost = { memory: 19_456, passes: 2 };
