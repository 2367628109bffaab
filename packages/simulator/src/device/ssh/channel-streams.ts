import type { Writable } from 'node:stream';
import type { ServerChannel } from 'ssh2';
import { BrokenPipe, Pipe, type Sink } from '../shell/pipe.ts';

/**
 * What the client sends, read all the time so that the end of the channel is noticed, and held back by the channel's
 * window when nobody takes it.
 */
export function inputOf(channel: ServerChannel): Pipe {
  const pipe = new Pipe();
  channel.on('data', (chunk: Buffer) => {
    if (!pipe.offer(chunk)) channel.pause();
  });
  pipe.onRoom = () => channel.resume();
  channel.on('end', () => pipe.end());
  channel.on('close', () => pipe.end());
  return pipe;
}

/** Waits for the client's window; a channel that is gone is a broken pipe. */
export function sinkOf(stream: Writable, signal: AbortSignal): Sink {
  return {
    write: async (data) => {
      if (signal.aborted || !stream.writable) throw new BrokenPipe();
      if (data.length === 0 || stream.write(data)) return;
      await new Promise<void>((resolve, reject) => {
        const done = (failed: boolean) => {
          stream.off('drain', drained).off('close', closed);
          signal.removeEventListener('abort', closed);
          if (failed) reject(new BrokenPipe());
          else resolve();
        };
        const drained = () => done(false);
        const closed = () => done(true);
        stream.on('drain', drained).on('close', closed);
        signal.addEventListener('abort', closed);
      });
    },
  };
}
