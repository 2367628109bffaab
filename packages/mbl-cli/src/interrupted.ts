import { terminalErrors } from '@mooring/terminal';

/** The user pressed Ctrl-C: text and exit status as the old tool had them. */
export const interrupted = () => terminalErrors('interrupted', { message: 'User quit.', exitCode: 255 });

/**
 * Waits for `work`, or until the user gives up; then `stop` is called and what `work` still does is of no interest.
 *
 * @throws MooringError `interrupted`
 */
export async function unlessInterrupted<T>(
  signal: AbortSignal | undefined,
  work: Promise<T>,
  stop: () => void = () => undefined,
): Promise<T> {
  if (!signal) return work;
  const interruption = Promise.withResolvers<never>();
  const onAbort = () => {
    stop();
    interruption.reject(interrupted());
  };
  work.catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([interruption.promise, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
