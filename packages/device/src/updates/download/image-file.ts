import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, syncFolder } from '@mooring/platform';

/** What arrives of an image, in a file that grows; a later program goes on where this one ends. */
export class ImageFile {
  readonly path: string;
  size = 0;
  #digest: Hash = createHash('sha256');
  #file: Awaited<ReturnType<typeof open>> | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /** Takes up what is there of it already. @throws MooringError `file.*` */
  static async open(path: string): Promise<ImageFile> {
    const image = new ImageFile(path);
    try {
      image.#file = await open(path, 'a+', 0o600);
      const buffer = Buffer.alloc(256 * 1024);
      for (;;) {
        const { bytesRead } = await image.#file.read(buffer, 0, buffer.length, image.size);
        if (bytesRead === 0) break;
        image.#digest.update(buffer.subarray(0, bytesRead));
        image.size += bytesRead;
      }
      return image;
    } catch (error) {
      throw fileError(error, path);
    }
  }

  async add(piece: Uint8Array): Promise<void> {
    try {
      await this.#file?.writeFile(piece);
    } catch (error) {
      throw fileError(error, this.path);
    }
    this.#digest.update(piece);
    this.size += piece.length;
  }

  /** Everything is forgotten. */
  async restart(): Promise<void> {
    await this.#file?.truncate(0);
    this.#digest = createHash('sha256');
    this.size = 0;
  }

  /** SHA-256 of what is there, hex. */
  digest(): string {
    return this.#digest.copy().digest('hex');
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** It is complete: safe, and under its name. */
  async finish(path: string): Promise<void> {
    try {
      await this.#file?.sync();
      await this.close();
      await rename(this.path, path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw fileError(error, path);
    }
  }

  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }
}
