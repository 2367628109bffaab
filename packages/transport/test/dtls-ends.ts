import assert from 'node:assert/strict';
import { after } from 'node:test';
import {
  type ChannelEnd,
  connectDtls,
  type DtlsConnectOptions,
  type RefusalReason,
  type SecureChannel,
} from '@mooring/transport';
import { anyone, identity } from './identity.ts';
import { type Listening, until } from './listening.ts';
import { type UdpRelay, udpRelay } from './udp-relay.ts';

export const device = identity('device');
export const other = identity('other');
export const preSharedKey = { identity: 'urn:dev:1', key: Buffer.from('0102030405060708', 'hex') };
export const keyOf = (name: string) =>
  name === preSharedKey.identity
    ? { key: preSharedKey.key, judge: () => ({ trusted: true, identity: undefined }) as const }
    : undefined;

const made: { close(): void }[] = [];
after(() => made.forEach((one) => void one.close()));

/** Closed at the end of the file. */
export async function client(port: number, options: Partial<DtlsConnectOptions> = {}): Promise<SecureChannel> {
  const channel = await connectDtls({
    host: '127.0.0.1',
    port,
    verifyPeer: anyone,
    ...(options.preSharedKey === undefined ? { credentials: device } : {}),
    ...options,
  });
  made.push(channel);
  return channel;
}

export async function relay(...args: Parameters<typeof udpRelay>): Promise<UdpRelay> {
  const made = await udpRelay(...args);
  relays.push(made);
  return made;
}
const relays: UdpRelay[] = [];
after(() => relays.forEach((one) => void one.close()));

export interface Heard {
  readonly messages: string[];
  readonly ends: ChannelEnd[];
}

export function hear(channel: SecureChannel | undefined): Heard {
  const heard: Heard = { messages: [], ends: [] };
  channel?.listen({
    message: (data) => heard.messages.push(Buffer.from(data).toString()),
    ended: (end) => heard.ends.push(end),
  });
  return heard;
}

/** That messages go both ways between the client and the channel that came of it. */
export async function speak(mine: SecureChannel, { channels }: Listening): Promise<void> {
  await until(() => channels.length > 0);
  const theirs = channels.at(-1);
  const [atServer, atClient] = [hear(theirs), hear(mine)];
  mine.send(Buffer.from('question'));
  await until(() => atServer.messages.length === 1);
  theirs?.send(Buffer.from('answer'));
  await until(() => atClient.messages.length === 1);
  assert.deepEqual([atServer.messages, atClient.messages], [['question'], ['answer']]);
}

export async function refused({ listener, refusals, channels }: Listening, reason: RefusalReason): Promise<void> {
  await until(() => refusals.length > 0);
  assert.deepEqual([refusals[0]?.reason, refusals.length, channels.length], [reason, 1, 0], refusals[0]?.detail);
  assert.ok(refusals[0]?.detail);
  assert.equal(listener.stats.handshakes, 0);
}
