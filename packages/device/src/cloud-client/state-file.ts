import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How the client is, for programs that look from outside, as `mbl-cli doctor` does over SSH. */
export interface ClientState {
  readonly state: 'starting' | 'bootstrapping' | 'registering' | 'registered' | 'retrying' | 'stopped';
  /** RFC 3339, by the device's clock. */
  readonly since: string;
  readonly pid: number;
  readonly endpointName: string;
  readonly deviceId?: string;
  /** URI of the server that it is connected to, or tries to. */
  readonly server?: string;
  /** Why the last attempt came to nothing. */
  readonly lastFailure?: string;
}

/** A file in a file system of memory: written whole, and gone with the client. */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Nothing depends on it: one that cannot be written is left out. */
  write(state: ClientState): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(`${this.#path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o644 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // A read-only or full file system.
    }
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
