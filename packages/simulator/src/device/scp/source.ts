import { constants } from 'node:fs';
import { baseName, below } from '../root/device-path.ts';
import { isSystemError, reasonOf } from '../root/errno.ts';
import type { RootFile } from '../root/root-file.ts';
import type { ByteReader } from '../shell/byte-reader.ts';
import type { Job } from '../shell/job.ts';
import { encodeLine, type Line, ScpFault } from './wire.ts';

export interface SourceOptions {
  recursive: boolean;
  keepTimes: boolean;
}

/** `scp -f PATH…`: gives what the other side asks for. Returns the exit status. */
export async function send(
  job: Job,
  input: ByteReader,
  paths: readonly string[],
  options: SourceOptions,
): Promise<number> {
  const source = new ScpSource(job, input, options);
  try {
    await source.answer();
    for (const path of paths)
      await source.give(path, (await job.device.root.find(path, job.shell.folder).catch(() => undefined))?.path);
  } catch (error) {
    if (!(error instanceof ScpFault)) throw error;
    await job.stderr.write(`scp: ${error.message}\n`);
    return 1;
  }
  return source.failed ? 1 : 0;
}

class ScpSource {
  failed = false;
  readonly #job: Job;
  readonly #input: ByteReader;
  readonly #options: SourceOptions;

  constructor(job: Job, input: ByteReader, options: SourceOptions) {
    this.#job = job;
    this.#input = input;
    this.#options = options;
  }

  /** @returns false if the other side complained about this one file */
  async answer(): Promise<boolean> {
    const byte = await this.#input.byte();
    if (byte === 0) return true;
    if (byte === null) throw new ScpFault('lost connection');
    const text = (await this.#input.line())?.toString('utf8') ?? '';
    this.failed = true;
    if (byte === 1) return false;
    throw new ScpFault(byte === 2 ? text : 'protocol error');
  }

  async #tell(line: Line): Promise<void> {
    await this.#job.stdout.write(encodeLine(line));
  }

  async #complain(text: string): Promise<void> {
    this.failed = true;
    await this.#tell({ kind: 'complaint', fatal: false, text: `scp: ${text}` });
  }

  async give(shown: string, path: string | undefined): Promise<void> {
    const { root } = this.#job.device;
    let file: RootFile | undefined;
    try {
      file = await root.open(path ?? shown, this.#job.shell.folder, constants.O_RDONLY);
      const stats = await file.stat();
      const isFolder = stats.isDirectory() && this.#options.recursive;
      if (!isFolder && !stats.isFile()) {
        await this.#complain(`${shown}: not a regular file`);
        return;
      }
      if (this.#options.keepTimes) {
        const seconds = (time: number) => Math.floor(time / 1000);
        await this.#tell({ kind: 'times', modified: seconds(stats.mtimeMs), accessed: seconds(stats.atimeMs) });
        if (!(await this.answer())) return;
      }
      const name = baseName(path ?? shown);
      if (isFolder) await this.#folder(shown, path as string, name, stats.mode);
      else await this.#file(file, name, stats.mode, stats.size);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      await this.#complain(`${shown}: ${reasonOf(error)}`);
    } finally {
      await file?.close();
    }
  }

  async #folder(shown: string, path: string, name: string, mode: number): Promise<void> {
    await this.#tell({ kind: 'folder', mode, name });
    if (!(await this.answer())) return;
    for (const entry of await this.#job.device.root.list(path)) {
      await this.give(below(shown, entry.name), below(path, entry.name));
    }
    await this.#tell({ kind: 'leave' });
    await this.answer();
  }

  async #file(file: RootFile, name: string, mode: number, size: number): Promise<void> {
    await this.#tell({ kind: 'file', mode, size, name });
    if (!(await this.answer())) return;
    let shortfall = false;
    for (let left = size; left > 0; ) {
      const chunk = await file.read(Math.min(left, 64 * 1024));
      // A file that shrank: the size was promised, so zeros follow and then the complaint.
      shortfall ||= chunk.length === 0;
      await this.#job.stdout.write(chunk.length > 0 ? chunk : Buffer.alloc(Math.min(left, 64 * 1024)));
      left -= chunk.length > 0 ? chunk.length : Math.min(left, 64 * 1024);
    }
    if (shortfall) await this.#complain(`${name}: the file became shorter`);
    else await this.#job.stdout.write(Buffer.from([0]));
    await this.answer();
  }
}
