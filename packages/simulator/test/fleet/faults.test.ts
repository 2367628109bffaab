import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { channelPair } from '@mooring/transport/testing';
import { clockOf, isAmong } from '../../src/fleet/clocks.ts';
import { CuttableChannel } from '../../src/fleet/cuttable-channel.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function heardBy(channel: SecureChannel) {
  const heard: { messages: string[]; end?: ChannelEnd } = { messages: [] };
  channel.listen({
    message: (data) => void heard.messages.push(Buffer.from(data).toString()),
    ended: (end) => {
      heard.end = end;
    },
  });
  return heard;
}

test('a connection that is cut ends on both sides', async () => {
  const pair = channelPair();
  const channel = new CuttableChannel(pair.client);
  const [device, service] = [heardBy(channel), heardBy(pair.server)];
  channel.send(Buffer.from('hello'));
  await turn();
  channel.cut();
  await turn();
  assert.deepEqual(service.messages, ['hello']);
  assert.ok(device.end);
  assert.ok(service.end);
});

test('one that is silenced carries nothing, and only who gives it up knows that it is over', async () => {
  const pair = channelPair();
  const channel = new CuttableChannel(pair.client);
  const [device, service] = [heardBy(channel), heardBy(pair.server)];
  channel.silence();
  assert.equal(channel.send(Buffer.from('lost')), true);
  pair.server.send(Buffer.from('lost too'));
  await turn();
  assert.deepEqual([device.messages, service.messages], [[], []]);
  assert.equal(device.end, undefined);
  const error = new Error('no answer');
  channel.destroy(error);
  channel.close();
  await turn();
  assert.deepEqual(device.end, { byPeer: false, error });
  assert.equal(service.end, undefined);
  pair.server.destroy();
  await turn();
  assert.deepEqual(device.end, { byPeer: false, error });
});

for (const [percent, expected] of [
  [0, 0],
  [3, 30],
  [50, 500],
  [100, 1000],
] as const) {
  test(`${percent} % of a thousand devices are ${expected}, wherever they stand`, () => {
    const all = Array.from({ length: 1000 }, (_, index) => index);
    assert.equal(all.filter((index) => isAmong(index, percent)).length, expected);
    assert.equal(all.slice(0, 100).filter((index) => isAmong(index, percent)).length, expected / 10);
  });
}

test('half of the clocks that are wrong begin in 1970, half in 2080', () => {
  const years = Array.from({ length: 100 }, (_, index) => clockOf(index, 20))
    .filter(({ isRight }) => !isRight)
    .map(({ clock }) => clock.now().getUTCFullYear());
  assert.equal(years.filter((year) => year === 1970).length, 10);
  assert.equal(years.filter((year) => year === 2080).length, 10);
});
