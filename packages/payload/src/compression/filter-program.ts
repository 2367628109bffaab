import { spawn } from 'node:child_process';
import type { ByteSource } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';

/** A program that reads standard input and writes standard output: `xz -dc`. */
export type FilterProgram = readonly [string, ...string[]];

/**
 * What the program makes of the bytes, as it comes; the program is ended where nobody reads on.
 *
 * @throws MooringError `payload.compression`
 */
export async function* throughProgram(
  source: ByteSource,
  [program, ...words]: FilterProgram,
): AsyncGenerator<Uint8Array> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    if (complaint.length < 1000) complaint += text.toString('utf8');
  });
  const ended = new Promise<number | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (status) => resolve(status ?? -1));
  });
  // A program that has read enough closes its input, which is no fault of ours.
  child.stdin.on('error', () => undefined);
  let faulty: unknown;
  const fed = feed(source, child.stdin).catch((error: unknown) => {
    faulty = error;
    child.kill();
  });
  try {
    for await (const piece of child.stdout) yield piece as Buffer;
    const end = await ended;
    await fed;
    if (faulty !== undefined) throw faulty;
    if (end !== 0) throw failure(program, end, complaint.trim());
  } finally {
    child.kill();
    child.stdin.destroy();
    await fed;
  }
}

async function feed(source: ByteSource, sink: NodeJS.WritableStream & { destroyed?: boolean }): Promise<void> {
  for await (const piece of source) {
    if (sink.destroyed) return;
    // The source may use its buffer again for the next piece.
    if (!sink.write(Buffer.from(piece))) await roomIn(sink);
  }
  sink.end();
}

/** Until more can be written, or nothing can be any more. */
const roomIn = (sink: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      sink.off('drain', done);
      sink.off('close', done);
      resolve();
    };
    sink.on('drain', done);
    sink.on('close', done);
  });

function failure(program: string, end: number | Error, complaint: string): Error {
  if (end instanceof Error) {
    return payloadErrors('payload.compression', {
      message: `The program ${program} cannot be started: ${end.message}.`,
      next: `Install it (Debian: ${program === 'xz' ? 'xz-utils' : program}).`,
    });
  }
  return payloadErrors('payload.compression', {
    message: `${program} cannot read a part of the payload: ${complaint || `it ended with ${end}`}.`,
    next: 'The payload is damaged: get it again.',
  });
}
