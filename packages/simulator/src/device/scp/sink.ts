import { constants } from 'node:fs';
import { below } from '../root/device-path.ts';
import { isSystemError, reasonOf, SystemCallError } from '../root/errno.ts';
import type { RootFile } from '../root/root-file.ts';
import type { ByteReader } from '../shell/byte-reader.ts';
import type { Job } from '../shell/job.ts';
import { decodeLine, encodeLine, type Line, ScpFault } from './wire.ts';

export interface SinkOptions {
  recursive: boolean;
  /** The target has to be a folder (`-d`). */
  folderOnly: boolean;
  keepTimes: boolean;
}

type Times = Extract<Line, { kind: 'times' }>;

/** `scp -t TARGET`: takes what the other side sends. Returns the exit status. */
export async function receive(job: Job, input: ByteReader, target: string, options: SinkOptions): Promise<number> {
  const sink = new ScpSink(job, input, options);
  if (options.folderOnly && !(await job.device.root.isFolder(target, job.shell.folder))) {
    await sink.complain(target, new SystemCallError('ENOTDIR'));
    return 1;
  }
  await sink.acknowledge();
  try {
    await sink.take(target);
  } catch (error) {
    if (!(error instanceof ScpFault)) throw error;
    await job.stdout.write(encodeLine({ kind: 'complaint', fatal: false, text: `scp: ${error.message}` }));
    return 1;
  }
  return sink.failed ? 1 : 0;
}

class ScpSink {
  failed = false;
  readonly #job: Job;
  readonly #input: ByteReader;
  readonly #options: SinkOptions;

  constructor(job: Job, input: ByteReader, options: SinkOptions) {
    this.#job = job;
    this.#input = input;
    this.#options = options;
  }

  acknowledge(): Promise<void> {
    return this.#job.stdout.write(Buffer.from([0]));
  }

  async complain(path: string, error: unknown): Promise<void> {
    this.failed = true;
    await this.#job.stdout.write(
      encodeLine({ kind: 'complaint', fatal: false, text: `scp: ${path}: ${reasonOf(error)}` }),
    );
  }

  /** Takes lines up to the end of input or of the folder that was entered. */
  async take(target: string, depth = 0): Promise<void> {
    const { root } = this.#job.device;
    const { folder } = this.#job.shell;
    let times: Times | undefined;
    for (;;) {
      const bytes = await this.#input.line(64 * 1024);
      if (bytes === null) return;
      const line = decodeLine(bytes);
      if (line.kind === 'leave') {
        if (depth === 0) throw new ScpFault('protocol error: E without a folder');
        await this.acknowledge();
        return;
      }
      if (line.kind === 'complaint') {
        this.failed = true;
        await this.#job.stderr.write(`${line.text}\n`);
        if (line.fatal) return;
        continue;
      }
      if (line.kind === 'times') {
        times = line;
        await this.acknowledge();
        continue;
      }
      const place = (await root.isFolder(target, folder)) ? below(target, line.name) : target;
      if (line.kind === 'file') await this.#file(place, line, times);
      else await this.#folder(place, line.mode, times, depth);
      times = undefined;
    }
  }

  async #folder(path: string, mode: number, times: Times | undefined, depth: number): Promise<void> {
    const { root } = this.#job.device;
    const { folder } = this.#job.shell;
    if (!this.#options.recursive) throw new ScpFault('received directory without -r');
    if (depth > 100) throw new ScpFault('folders nested too deeply');
    try {
      if (!(await root.exists(path, folder))) await root.makeFolder(path, folder, mode | 0o700);
      else if (!(await root.isFolder(path, folder))) throw new SystemCallError('ENOTDIR');
    } catch (error) {
      if (!isSystemError(error)) throw error;
      await this.complain(path, error);
      return;
    }
    await this.acknowledge();
    await this.take(path, depth + 1);
    try {
      await root.changeMode(path, folder, mode);
      if (times && this.#options.keepTimes) {
        const opened = await root.open(path, folder, constants.O_RDONLY);
        await opened.changeTimes(times.accessed, times.modified).finally(() => opened.close());
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.failed = true;
    }
  }

  async #file(path: string, line: Extract<Line, { kind: 'file' }>, times: Times | undefined): Promise<void> {
    const { root } = this.#job.device;
    let file: RootFile;
    try {
      file = await root.open(path, this.#job.shell.folder, constants.O_WRONLY | constants.O_CREAT, line.mode | 0o200);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      await this.complain(path, error);
      return;
    }
    let failure: unknown;
    try {
      await this.acknowledge();
      failure = await this.#content(file, line.size);
      if (failure === undefined) {
        await file.truncate(line.size);
        await file.changeMode(line.mode);
        if (times && this.#options.keepTimes) await file.changeTimes(times.accessed, times.modified);
      }
    } finally {
      await file.close();
    }
    // The sender's word on its own reading comes before ours on writing.
    const verdict = await this.#input.byte();
    if (verdict === 1 || verdict === 2) {
      this.failed = true;
      await this.#job.stderr.write(`${(await this.#input.line())?.toString('utf8') ?? ''}\n`);
      if (verdict === 2) throw new ScpFault('the sender gave up');
    } else if (verdict !== null && verdict !== 0) {
      throw new ScpFault('protocol error: no word after the content');
    }
    if (failure === undefined) await this.acknowledge();
    else await this.complain(path, failure);
  }

  /** All bytes are taken off the wire even when they cannot be kept. */
  async #content(file: RootFile, size: number): Promise<unknown> {
    let failure: unknown;
    for (let left = size; left > 0; ) {
      const chunk = await this.#input.read(left);
      if (chunk === null) throw new ScpFault('the connection ended within a file');
      left -= chunk.length;
      this.#job.session.uploaded(chunk.length);
      if (failure !== undefined) continue;
      try {
        await file.write(chunk, size - left - chunk.length);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        failure = error;
      }
    }
    return failure;
  }
}
