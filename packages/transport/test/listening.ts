import { after } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type DtlsListenerOptions,
  type ListenerOptions,
  listenDtls,
  listenTls,
  type Refusal,
  type SecureChannel,
  type SecureListener,
} from '@mooring/transport';
import { anyone, identity } from './identity.ts';

export const server = identity('server', undefined, 'server');

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

function collected(): Omit<Listening, 'listener'> & Omit<ListenerOptions<undefined>, 'timers'> {
  const channels: SecureChannel[] = [];
  const refusals: Refusal[] = [];
  return {
    channels,
    refusals,
    host: '127.0.0.1',
    port: 0,
    credentials: server,
    verifyPeer: anyone,
    channel: (channel) => channels.push(channel),
    refused: (refusal) => refusals.push(refusal),
  };
}

/** A listener on a port of its own, closed at the end of the test file, and who came to it. */
export async function listening(options: Partial<ListenerOptions<undefined>> = {}): Promise<Listening> {
  const { channels, refusals, ...usual } = collected();
  const listener = await listenTls({ ...usual, ...options });
  listeners.push(listener);
  return { listener, channels, refusals };
}

/** The same over UDP, with retransmissions that a test can wait for. */
export async function listeningDtls(options: Partial<DtlsListenerOptions<undefined>> = {}): Promise<Listening> {
  const { channels, refusals, ...usual } = collected();
  const listener = await listenDtls({ ...usual, retransmission: 20, ...options });
  listeners.push(listener);
  return { listener, channels, refusals };
}
