import assert from 'node:assert/strict';
import { type FakeTime, fakeTime } from '@mooring/platform/testing';
import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { type ChannelPairOptions, channelPair } from '@mooring/transport/testing';
import { CoapConnection, type CoapOptions } from '../src/index.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** White space is for the eye; `…512` stands for that many bytes of `filler`. */
export function bytes(text: string): Uint8Array {
  const parts = text
    .trim()
    .split(/\s+/)
    .map((word) => (word.startsWith('…') ? filler(Number(word.slice(1))) : Buffer.from(word, 'hex')));
  return Uint8Array.from(Buffer.concat(parts));
}

export const filler = (length: number, start = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (start + index * 7) & 0xff);

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** The other end of a connection, byte by byte. */
export interface RawPeer {
  readonly time: FakeTime;
  readonly connection: CoapConnection;
  readonly channel: SecureChannel;
  readonly received: Uint8Array[];
  readonly end: ChannelEnd | undefined;
  send(text: string | Uint8Array): Promise<void>;
  /** Takes the next message that came, in hex. */
  next(): string | undefined;
  /** The next message is this one. */
  expect(text: string): Promise<void>;
  /** Nothing more has come. */
  silent(): Promise<void>;
}

export function rawPeer(options: Partial<CoapOptions> = {}, pair: ChannelPairOptions = {}): RawPeer {
  const time = fakeTime();
  const framing = options.framing ?? 'record';
  const { client, server } = channelPair({
    kind: framing === 'datagram' ? 'dtls' : 'tls',
    timers: time.timers,
    ...pair,
  });
  const connection = new CoapConnection(server, { timers: time.timers, random: () => 0, ...options, framing });
  const received: Uint8Array[] = [];
  let end: ChannelEnd | undefined;
  client.listen({
    message: (data) => received.push(data),
    ended: (reason) => {
      end = reason;
    },
  });
  return {
    time,
    connection,
    channel: client,
    received,
    get end() {
      return end;
    },
    async send(data) {
      client.send(typeof data === 'string' ? bytes(data) : data);
      await time.settle();
    },
    next() {
      const message = received.shift();
      return message === undefined ? undefined : hex(message);
    },
    async expect(expected) {
      await time.settle();
      const message = received.shift();
      assert.equal(message === undefined ? 'nothing' : hex(message), hex(bytes(expected)));
    },
    async silent() {
      await time.settle();
      assert.deepEqual(received.map(hex), []);
    },
  };
}
