import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** An open file of the device; what is written counts against the space that is left. */
export class RootFile {
  readonly #handle: FileHandle;
  readonly #takeSpace: (bytes: number) => void;

  constructor(handle: FileHandle, takeSpace: (bytes: number) => void) {
    this.#handle = handle;
    this.#takeSpace = takeSpace;
  }

  stat(): Promise<Stats> {
    return this.#handle.stat();
  }

  readAll(): Promise<Buffer> {
    return this.#handle.readFile();
  }

  /** @param position from the start, or null to go on where the last one ended */
  async read(length: number, position: number | null = null): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    this.#takeSpace(data.length);
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, position + done);
      done += bytesWritten;
    }
  }

  async append(data: Uint8Array): Promise<void> {
    this.#takeSpace(data.length);
    for (let done = 0; done < data.length; ) {
      done += (await this.#handle.write(data, done)).bytesWritten;
    }
  }

  changeMode(mode: number): Promise<void> {
    return this.#handle.chmod(mode & 0o777);
  }

  changeTimes(accessed: Date | number, modified: Date | number): Promise<void> {
    return this.#handle.utimes(accessed, modified);
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
