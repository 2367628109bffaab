// Channels without TLS, for peers that speak CoAP without it: what TLS adds is not what is tested with them.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Socket as TcpSocket, connect as tcpConnect } from 'node:net';
import type { ChannelEnd, ChannelListener, Peer, SecureChannel } from '@mooring/transport';

type Accept = (channel: SecureChannel) => void;

export interface PlainListener {
  readonly port: number;
  close(): Promise<void>;
}

abstract class PlainChannel implements SecureChannel {
  abstract readonly kind: SecureChannel['kind'];
  readonly alpn = undefined;
  readonly peer: Peer;
  lastHeard = Date.now();
  pending = 0;
  protected listener: ChannelListener | undefined;
  #early: Uint8Array[] = [];
  #end: ChannelEnd | undefined;

  constructor(address: string, port: number) {
    this.peer = { address, port, certificates: [] };
  }

  abstract send(data: Uint8Array): boolean;
  abstract close(): void;
  pause(): void {}
  resume(): void {}

  listen(listener: ChannelListener): void {
    this.listener = listener;
    for (const data of this.#early.splice(0)) listener.message(data);
    if (this.#end !== undefined) listener.ended(this.#end);
  }

  destroy(error?: Error): void {
    this.close();
    this.over(error === undefined ? { byPeer: false } : { byPeer: false, error });
  }

  heard(data: Uint8Array): void {
    this.lastHeard = Date.now();
    if (this.listener === undefined) this.#early.push(data);
    else this.listener.message(data);
  }

  over(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.listener?.ended(end);
  }
}

class UdpChannel extends PlainChannel {
  readonly kind = 'dtls';
  readonly #socket: UdpSocket;
  readonly #forget: () => void;

  constructor(socket: UdpSocket, address: string, port: number, forget: () => void) {
    super(address, port);
    this.#socket = socket;
    this.#forget = forget;
  }

  send(data: Uint8Array): boolean {
    this.#socket.send(data, this.peer.port, this.peer.address, () => {});
    return true;
  }

  close(): void {
    this.#forget();
    this.over({ byPeer: false });
  }
}

class TcpChannel extends PlainChannel {
  readonly kind = 'tls';
  readonly #socket: TcpSocket;

  constructor(socket: TcpSocket) {
    super(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    this.#socket = socket;
    let failure: Error | undefined;
    let byPeer = false;
    socket.setNoDelay(true);
    socket.on('data', (data) => this.heard(data));
    socket.on('drain', () => this.listener?.drained?.());
    socket.on('end', () => {
      byPeer = true;
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => this.over(failure === undefined ? { byPeer } : { byPeer, error: failure }));
  }

  send(data: Uint8Array): boolean {
    return this.#socket.destroyed || this.#socket.write(data);
  }

  override pause(): void {
    this.#socket.pause();
  }

  override resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
  }
}

export async function listenUdp(accept: Accept): Promise<PlainListener> {
  const socket = createSocket('udp4');
  const channels = new Map<string, UdpChannel>();
  socket.on('message', (data, { address, port }) => {
    const key = `${address}:${port}`;
    let channel = channels.get(key);
    if (channel === undefined) {
      channel = new UdpChannel(socket, address, port, () => channels.delete(key));
      channels.set(key, channel);
      accept(channel);
    }
    channel.heard(data);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

export async function connectUdp(port: number): Promise<SecureChannel> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const channel = new UdpChannel(socket, '127.0.0.1', port, () => socket.close());
  socket.on('message', (data) => channel.heard(data));
  return channel;
}

export async function listenTcp(accept: Accept): Promise<PlainListener> {
  const sockets = new Set<TcpSocket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    accept(new TcpChannel(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function connectTcp(port: number): Promise<SecureChannel> {
  return new Promise((resolve, reject) => {
    const socket = tcpConnect(port, '127.0.0.1', () => resolve(new TcpChannel(socket)));
    socket.on('error', reject);
  });
}
