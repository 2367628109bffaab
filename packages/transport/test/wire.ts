import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A TLS client, and in the hands of the test what its server gets to see. */
export interface WireClient {
  readonly tls: TLSSocket;
  /** The connection to the server. */
  readonly tcp: Socket;
  /** All that the server has sent, as it was on the wire. */
  received(): Buffer;
  /** From now on what the client writes waits; the sum of what waits. */
  hold(): () => number;
  /** Sends what waits in pieces of `size` bytes, one TCP segment each; in one piece without. */
  release(size?: number): Promise<void>;
  destroy(): void;
}

/** @param options as for `tls.connect`; the server is not judged if they do not say so */
export async function wireClient(port: number, options: ConnectionOptions = {}): Promise<WireClient> {
  const incoming: Buffer[] = [];
  let held: Buffer[] | undefined;
  const between = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  const tls = connect({
    port: (between.address() as AddressInfo).port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
    ...options,
  });
  // Each write one record, as the old clients do.
  (tls as { _writev?: unknown })._writev = undefined;
  tls.setNoDelay(true);
  tls.on('error', () => {});
  const [near] = (await once(between, 'connection')) as [Socket];
  between.close();
  const tcp = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  near.on('data', (chunk) => {
    if (held === undefined) tcp.write(chunk);
    else held.push(chunk);
  });
  tcp.on('data', (chunk) => {
    incoming.push(chunk);
    near.write(chunk);
  });
  for (const [one, other] of [
    [near, tcp],
    [tcp, near],
  ] as const) {
    one.on('error', () => {});
    one.on('end', () => other.end());
    one.on('close', () => other.destroy());
  }
  return {
    tls,
    tcp,
    received: () => Buffer.concat(incoming),
    hold() {
      const waiting: Buffer[] = [];
      held = waiting;
      return () => waiting.reduce((sum, { length }) => sum + length, 0);
    },
    async release(size = Number.POSITIVE_INFINITY) {
      const all = Buffer.concat(held ?? []);
      held = undefined;
      for (let at = 0; at < all.length; at += size) {
        await new Promise<void>((resolve) => tcp.write(all.subarray(at, at + size), () => setImmediate(resolve)));
      }
    },
    destroy: () => tls.destroy(),
  };
}

/** The record types and lengths of what was sent over TLS; handshakes are encrypted after the first. */
export function recordsOf(wire: Uint8Array): { type: number; body: Uint8Array }[] {
  const records: { type: number; body: Uint8Array }[] = [];
  const bytes = Buffer.from(wire);
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    records.push({ type: bytes[at] as number, body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return records;
}

/** `random` of the first ServerHello in what a server has sent (RFC 5246 §7.4.1.3). */
export function serverRandom(wire: Uint8Array): Uint8Array {
  const hello = recordsOf(wire).find(({ type, body }) => type === 22 && body[0] === 2);
  if (hello === undefined) throw new Error('There is no ServerHello.');
  return hello.body.subarray(6, 38);
}
