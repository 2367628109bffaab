import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface Passing {
  readonly from: 'client' | 'server';
  /** Counted from 0 for each direction. */
  readonly index: number;
  readonly datagram: Buffer;
}

/** What a server and its client send to each other, in the hands of the test. */
export interface UdpRelay {
  /** Where clients send to. */
  readonly port: number;
  readonly seen: readonly Passing[];
  /** As if the client had sent it. */
  toServer(datagram: Uint8Array): void;
  close(): void;
}

/**
 * Stands between clients and a server, to which they all have one address: who comes last is the client. `fate` says how often
 * a datagram is passed on, and after how many others of its direction: `[0]` at once, `[]` never, `[1]` after the next one.
 */
export async function udpRelay(
  serverPort: number,
  fate: (passing: Passing) => readonly number[] = () => [0],
): Promise<UdpRelay> {
  const seen: Passing[] = [];
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  near.bind(0, '127.0.0.1');
  far.bind(0, '127.0.0.1');
  await Promise.all([once(near, 'listening'), once(far, 'listening')]);
  let client = 0;
  const pass = (from: Passing['from'], send: (datagram: Buffer) => void) => {
    let index = 0;
    let waiting: { after: number; datagram: Buffer }[] = [];
    return (datagram: Buffer) => {
      const passing = { from, index: index++, datagram };
      seen.push(passing);
      for (const held of waiting) held.after--;
      const due = waiting.filter(({ after }) => after <= 0);
      waiting = waiting.filter(({ after }) => after > 0);
      for (const after of fate(passing)) {
        if (after === 0) send(datagram);
        else waiting.push({ after, datagram });
      }
      for (const held of due) send(held.datagram);
    };
  };
  const toServer = (datagram: Uint8Array) => far.send(datagram, serverPort, '127.0.0.1');
  const fromClient = pass('client', toServer);
  const fromServer = pass('server', (datagram) => near.send(datagram, client, '127.0.0.1'));
  near.on('message', (datagram, { port }) => {
    client = port;
    fromClient(datagram);
  });
  far.on('message', fromServer);
  const sockets: Socket[] = [near, far];
  for (const socket of sockets) socket.unref();
  return { port: near.address().port, seen, toServer, close: () => sockets.forEach((socket) => void socket.close()) };
}
