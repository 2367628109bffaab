import { after } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ListenerOptions,
  listenTls,
  type Refusal,
  type SecureChannel,
  type SecureListener,
} from '@mooring/transport';
import { anyone, identity } from './identity.ts';

export const server = identity('server');

/** Lets the event loop turn until it is so. The runner ends a test for which it never is. */
export async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await turn();
}

const listeners: SecureListener[] = [];
after(() => Promise.all(listeners.map((listener) => listener.close(0))));

export interface Listening {
  readonly listener: SecureListener;
  readonly channels: SecureChannel[];
  readonly refusals: Refusal[];
}

/** A listener on a port of its own, closed at the end of the test file, and who came to it. */
export async function listening(options: Partial<ListenerOptions<undefined>> = {}): Promise<Listening> {
  const channels: SecureChannel[] = [];
  const refusals: Refusal[] = [];
  const listener = await listenTls({
    host: '127.0.0.1',
    port: 0,
    credentials: server,
    verifyPeer: anyone,
    channel: (channel) => channels.push(channel),
    refused: (refusal) => refusals.push(refusal),
    ...options,
  });
  listeners.push(listener);
  return { listener, channels, refusals };
}
