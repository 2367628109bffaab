/** Bytes that all connections of a process together may hold, however many they are. */
export class ByteBudget {
  readonly limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are held now. */
  get taken(): number {
    return this.#taken;
  }

  /** @returns false, and takes nothing, where that would be too much */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.limit) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}
