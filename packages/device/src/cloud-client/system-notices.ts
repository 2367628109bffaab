import { execFile } from 'node:child_process';
import type { Timer, Timers } from '@mooring/platform';

/** Tells systemd how the client is (sd_notify(3)). */
export interface SystemNotices {
  ready(status: string): void;
  status(status: string): void;
  stopping(): void;
  end(): void;
}

type Send = (words: readonly string[]) => void;

/** Node has no datagram sockets of Unix; systemd's own program has. */
const systemdNotify: Send = (words) => {
  execFile('systemd-notify', [...words], { timeout: 10_000 }, () => undefined);
};

const silent: SystemNotices = { ready: () => {}, status: () => {}, stopping: () => {}, end: () => {} };

/**
 * @param isHealthy asked before each sign of life: a client whose event loop runs but does nothing is to be restarted too
 */
export function systemNotices(
  env: Readonly<Record<string, string | undefined>>,
  timers: Timers,
  isHealthy: () => boolean,
  send: Send = systemdNotify,
): SystemNotices {
  if (!env.NOTIFY_SOCKET) return silent;
  const period = Number(env.WATCHDOG_USEC) / 1000;
  let timer: Timer | undefined;
  const alive = () => {
    timer = timers.after(period / 2, () => {
      if (isHealthy()) send(['WATCHDOG=1']);
      alive();
    });
  };
  if (period > 0) alive();
  return {
    ready: (status) => send(['--ready', `--status=${status}`]),
    status: (status) => send([`--status=${status}`]),
    stopping: () => send(['STOPPING=1']),
    end: () => timer?.cancel(),
  };
}
