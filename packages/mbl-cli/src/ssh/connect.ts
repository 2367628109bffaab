import type { Clock } from '@mooring/platform';
import type { Login } from './authentication.ts';
import type { Connection } from './connection.ts';
import { describeTarget, type Target } from './target.ts';
import { openWay } from './way.ts';

export interface ConnectOptions {
  home: string;
  login: Login;
  clock: Clock;
  signal: AbortSignal;
  /** Take a changed host key for the new one of this device. */
  acceptNewHostKey: boolean;
  /** What the user has to see: a host key at first contact. */
  tell(text: string): void;
  /** What `-v` shows. */
  note(text: string): void;
  /** For the network connection, in ms. */
  connectTimeout?: number;
  /** From there until the login is done, without the time that a person takes to type, in ms. */
  loginTimeout?: number;
  /** A host key that is seen for the first time is not remembered. */
  onlyLooking?: true;
  /** On the way to the device so far. */
  gatesPassed?: number;
}

/**
 * Connects and logs in. The host key is shown and remembered at first contact, and a changed one is refused.
 *
 * @throws MooringError `ssh.*`; `interrupted` when `signal` is aborted
 */
export async function connect(target: Target, options: ConnectOptions): Promise<Connection> {
  options.note(`Connecting to ${describeTarget(target)} as ${target.user}.`);
  const way = await openWay(target, options);
  // What speaks SSH takes longer to load than everything else: not before there is somebody to speak to.
  const { logIn } = await import('./log-in.ts');
  return logIn(target, way, options);
}
