import type { Timers } from '@mooring/platform';

/** Waits, in milliseconds; rejects once the signal is aborted. */
export function pause(timers: Timers, milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = timers.after(milliseconds, resolve);
  const abort = () => {
    timer.cancel();
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return promise.finally(() => signal?.removeEventListener('abort', abort));
}
