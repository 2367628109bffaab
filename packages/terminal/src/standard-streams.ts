import { fstatSync, read, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { fileError } from '@mooring/platform';
import type { Io } from './io.ts';

/** The device number of /dev/null on Linux. Elsewhere it has others, and is then read and written as a stream. */
const nullDevice = 0x103;

function kindOf(descriptor: number): 'file' | 'pipe' | 'other' {
  try {
    const found = fstatSync(descriptor);
    if (found.isFile() || (found.isCharacterDevice() && found.rdev === nullDevice)) return 'file';
    return found.isFIFO() ? 'pipe' : 'other';
  } catch {
    return 'other';
  }
}

/** An object with some properties of its own, and all others of what `stream` makes when one of them is asked for. */
function overlaid<T extends object>(own: object, stream: () => T): T {
  const target = own as T;
  return new Proxy(target, {
    get(_, key) {
      if (key in own) return Reflect.get(own, key);
      const real = stream();
      const value: unknown = Reflect.get(real, key);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}

type Written = (error?: Error | null) => void;

/**
 * Standard output or standard error. Files and pipes are written to directly, as Node does in the end too, but without
 * loading its streams, which takes as long as many a command. Whoever reads a pipe may stop doing so (`| head`): what no
 * one hears is left out, and is told only to a callback. Other failures are thrown, except those of standard error.
 *
 * @param stream Node's own, for terminals and sockets
 */
export function standardOutput(descriptor: 1 | 2, stream: () => Writable): Writable {
  const name = descriptor === 1 ? 'standard output' : 'standard error';
  let real: Writable | undefined;
  const whole = (): Writable => {
    real ??= stream().on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || descriptor === 2) return;
      process.stderr.write(`${(fileError(error, name) as Error).message}\n`);
      process.exit(1);
    });
    return real;
  };
  if (kindOf(descriptor) === 'other') return whole();

  /** Why nobody hears any more. */
  let closed: Error | undefined;
  const write = (chunk: Uint8Array | string, encoding?: BufferEncoding | Written, written?: Written): boolean => {
    const done = typeof encoding === 'function' ? encoding : written;
    let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    try {
      while (rest.length > 0 && !real && !closed) rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const failure = fileError(error, name) as Error;
      // Another process has made the pipe such that it does not wait: from here on Node's stream does.
      if (code === 'EAGAIN') return whole().write(rest, done);
      if (code === 'EPIPE') closed = failure;
      else if (!done && descriptor === 1) throw failure;
      done?.(failure);
      return false;
    }
    if (real) return whole().write(rest, done);
    done?.(closed);
    return closed === undefined;
  };
  return overlaid({ write, isTTY: undefined, columns: undefined, rows: undefined }, whole);
}

async function* contentOf(descriptor: number): AsyncGenerator<Buffer, void, undefined> {
  const readInto = promisify(read);
  for (;;) {
    const piece = Buffer.allocUnsafe(65_536);
    const { bytesRead } = await readInto(descriptor, piece, 0, piece.length, null);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
  }
}

/** Standard input, read without Node's streams where it is a file or /dev/null and is taken as a whole. */
export function standardInput(stream: () => Io['stdin']): Io['stdin'] {
  if (kindOf(0) !== 'file') return stream();
  return overlaid({ isTTY: undefined, [Symbol.asyncIterator]: () => contentOf(0) }, stream);
}
