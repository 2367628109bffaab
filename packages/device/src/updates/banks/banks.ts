export type Bank = 1 | 2;

export const otherBank = (bank: Bank): Bank => (bank === 1 ? 2 : 1);

/** The two places of a root file system, one of which is booted. */
export interface Banks {
  /** The bank that is mounted as root. */
  running(): Promise<Bank>;
  /** The bank that the next boot takes. */
  chosen(): Promise<Bank>;
  /** Lets the next boot take it; safe from a power cut when it ends. A bank that is not the running one is on trial. */
  choose(bank: Bank): Promise<void>;
  /** The running bank is good: nothing counts its boots any more. */
  confirm(): Promise<void>;
  /** Path of the block device. */
  device(bank: Bank): Promise<string>;
}
