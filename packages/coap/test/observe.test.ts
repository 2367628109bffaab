import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, type NotificationFate, type Response, type Subscription } from '../src/index.ts';
import { filler, hex, type RawPeer, rawPeer, text, utf8 } from './raw-peer.ts';
import { twoEnds } from './two-ends.ts';

interface Heard {
  readonly notifications: string[];
  readonly ends: { response?: Response; error?: Error }[];
  readonly listener: {
    notification(response: Response): void;
    ended(why: { response?: Response; error?: Error }): void;
  };
}

function ear(): Heard {
  const notifications: string[] = [];
  const ends: Heard['ends'] = [];
  return {
    notifications,
    ends,
    listener: {
      notification: (response) => notifications.push(`${response.observe} ${text(response.payload)}`),
      ended: (why) => ends.push(why),
    },
  };
}

/** An observation with number 5, token 00000000 and first value "a". */
async function observing(framing: 'record' | 'datagram', heard: Heard): Promise<RawPeer> {
  const peer = rawPeer({ framing });
  const observed = peer.connection.observe({ method: 'GET', path: ['v'] }, heard.listener);
  await peer.expect('44 01 0000 00000000 60 51 76');
  await peer.send('64 45 0000 00000000 61 05 ff 61');
  const observation = await observed;
  assert.equal(observation.active, true);
  assert.equal(text(observation.response.payload), 'a');
  return peer;
}

const notify = async (peer: RawPeer, id: number, number: number, value: string) => {
  const idHex = id.toString(16).padStart(4, '0');
  await peer.send(`44 45 ${idHex} 00000000 63 ${number.toString(16).padStart(6, '0')} ff ${hex(utf8(value))}`);
  await peer.expect(`60 00 ${idHex}`);
};

test('notifications that were overtaken are acknowledged and not told (RFC 7641 §3.4)', async () => {
  const heard = ear();
  const peer = await observing('datagram', heard);
  await notify(peer, 0x101, 7, 'c');
  await notify(peer, 0x102, 6, 'b');
  await notify(peer, 0x103, 7, 'c');
  await notify(peer, 0x104, 2 ** 23 + 6, 'd');
  // Numbers go round.
  await notify(peer, 0x105, 3, 'e');
  await notify(peer, 0x106, 2, 'x');
  assert.deepEqual(heard.notifications, ['7 c', '8388614 d', '3 e']);
  // After 128 s the numbers say nothing.
  await peer.time.advance(128_001);
  await notify(peer, 0x107, 1, 'f');
  assert.deepEqual(heard.notifications.slice(3), ['1 f']);
});

test('in a TLS connection nothing is overtaken, and any number is good', async () => {
  const heard = ear();
  const peer = await observing('record', heard);
  await notify(peer, 0x101, 7, 'b');
  await notify(peer, 0x102, 1, 'c');
  assert.deepEqual(heard.notifications, ['7 b', '1 c']);
});

test('a notification that is repeated is acknowledged again and told once', async () => {
  const heard = ear();
  const peer = await observing('record', heard);
  await notify(peer, 0x101, 7, 'b');
  await notify(peer, 0x101, 7, 'b');
  assert.deepEqual(heard.notifications, ['7 b']);
});

test('an error ends the observation, and what follows is rejected', async () => {
  const heard = ear();
  const peer = await observing('record', heard);
  await peer.send('44 84 0101 00000000');
  await peer.expect('60 00 0101');
  assert.equal(heard.ends[0]?.response?.code, codes.notFound);
  await peer.send('44 45 0102 00000000 61 08');
  await peer.expect('70 00 0102');
  assert.equal(heard.ends.length, 1);
});

test('an answer without Observe is an answer, and what follows is rejected: a resource with aobs says 4.00', async () => {
  const heard = ear();
  const peer = rawPeer();
  const observed = peer.connection.observe({ method: 'GET', path: ['3', '0', '0'] }, heard.listener);
  await peer.expect('44 01 0000 00000000 60 51 33 01 30 01 30');
  await peer.send(`64 80 0000 00000000 c0 20 ff ${hex(utf8('dev_manufacturer'))}`);
  const observation = await observed;
  assert.equal(observation.active, false);
  assert.equal(observation.response.code, codes.badRequest);
  assert.equal(text(observation.response.payload), 'dev_manufacturer');
  await peer.send('44 45 0101 00000000 61 08');
  await peer.expect('70 00 0101');
  assert.deepEqual(heard.ends, []);
});

test('cancelling tells the other end with the token of the observation', async () => {
  const heard = ear();
  const peer = rawPeer();
  const observed = peer.connection.observe({ method: 'GET', path: ['v'] }, heard.listener);
  await peer.expect('44 01 0000 00000000 60 51 76');
  await peer.send('64 45 0000 00000000 61 05 ff 61');
  const cancelled = (await observed).cancel();
  await peer.expect('44 01 0001 00000000 61 01 51 76');
  // A notification that crosses is not the answer.
  await peer.send('44 45 0101 00000000 61 06 ff 62');
  await peer.expect('70 00 0101');
  await peer.send('64 45 0001 00000000 ff 63');
  assert.equal(text((await cancelled).payload), 'c');
  assert.deepEqual(heard.notifications, []);
});

test('forgetting says nothing until the next notification', async () => {
  const heard = ear();
  const peer = rawPeer();
  const observed = peer.connection.observe({ method: 'GET', path: ['v'] }, heard.listener);
  await peer.time.settle();
  await peer.send('64 45 0000 00000000 61 05 ff 61');
  peer.next();
  (await observed).forget();
  await peer.silent();
  await peer.send('44 45 0101 00000000 61 06 ff 62');
  await peer.expect('70 00 0101');
});

test('a notification in blocks is fetched before it is told; newer ones wait', async () => {
  const heard = ear();
  const value = filler(700).map((byte) => 0x41 + (byte % 26));
  const peer = await observing('record', heard);
  await peer.send(`44 45 0101 00000000 61 06 d1 04 0d ff ${hex(value.subarray(0, 512))}`);
  await peer.expect('60 00 0101');
  await peer.expect('44 01 0001 00000000 b1 76 c1 15');
  await notify(peer, 0x102, 7, 'newer');
  await notify(peer, 0x103, 8, 'newest');
  assert.deepEqual(heard.notifications, []);
  await peer.send(`64 45 0001 00000000 d1 0a 15 ff ${hex(value.subarray(512))}`);
  assert.deepEqual(heard.notifications, [`6 ${text(value)}`, '8 newest']);
});

test('the end of the connection ends the observation', async () => {
  const heard = ear();
  const peer = await observing('record', heard);
  peer.channel.destroy();
  await peer.time.settle();
  assert.equal((heard.ends[0]?.error as { code?: string } | undefined)?.code, 'coap.closed');
});

test('a fault of the listener is told and harms nothing', async () => {
  const faults: unknown[] = [];
  const peer = rawPeer({ fault: (error) => faults.push(error) });
  const observed = peer.connection.observe(
    { method: 'GET', path: ['v'] },
    {
      notification() {
        throw new Error('oh');
      },
    },
  );
  await peer.time.settle();
  peer.next();
  await peer.send('64 45 0000 00000000 61 05 ff 61');
  await observed;
  await notify(peer, 0x101, 7, 'b');
  await notify(peer, 0x102, 8, 'c');
  assert.equal(faults.length, 2);
});

test("the device's side sends what a real client sends: a notification with a token of two bytes", async () => {
  const peer = rawPeer({ random: () => 0xb37a / 0x1_0000 });
  const subscription = peer.connection.subscribe(Uint8Array.of(0x02, 0x77));
  const fate = subscription.notify({ code: codes.content, contentFormat: 0, maxAge: 0, payload: utf8('3') });
  await peer.expect('42 45 b37a 0277  61 02  60  20  ff 33');
  await peer.send('60 00 b37a');
  assert.equal(await fate, 'acknowledged');
});

test('notifications go one at a time; of several that wait for one token the last is sent', async () => {
  const peer = rawPeer();
  const one = peer.connection.subscribe(Uint8Array.of(1));
  const two = peer.connection.subscribe(Uint8Array.of(2));
  const fates: Promise<NotificationFate>[] = [];
  const send = (subscription: Subscription, value: string) =>
    fates.push(subscription.notify({ code: codes.content, payload: utf8(value) }));
  send(one, 'a');
  send(one, 'b');
  send(two, 'c');
  send(one, 'd');
  await peer.expect('41 45 0000 01 61 02 ff 61');
  await peer.silent();
  await peer.send('60 00 0000');
  await peer.expect('41 45 0001 02 61 02 ff 63');
  await peer.send('60 00 0001');
  await peer.expect('41 45 0002 01 61 03 ff 64');
  await peer.send('60 00 0002');
  assert.deepEqual(await Promise.all(fates), ['acknowledged', 'replaced', 'acknowledged', 'acknowledged']);
});

test('a reset cancels the subscription, and so does silence', async () => {
  const reasons: string[] = [];
  const listener = { cancelled: (error: Error) => reasons.push((error as { code?: string }).code ?? '') };
  for (const framing of ['record', 'datagram'] as const) {
    const peer = rawPeer({ framing });
    const rejected = peer.connection.subscribe(Uint8Array.of(1), listener);
    const fate = rejected.notify({ code: codes.content });
    await peer.time.settle();
    const later = rejected.notify({ code: codes.content });
    peer.next();
    await peer.send('70 00 0000');
    assert.deepEqual([await fate, await later, rejected.active], ['cancelled', 'cancelled', false]);
    await peer.silent();
    const lost = peer.connection.subscribe(Uint8Array.of(2), listener);
    const never = lost.notify({ code: codes.content });
    await peer.time.advance(120_000);
    assert.equal(await never, 'cancelled');
    assert.equal(peer.time.waiting, 0);
  }
  assert.deepEqual(reasons, ['coap.reset', 'coap.timeout', 'coap.reset', 'coap.timeout']);
});

test('a subscription that is ended here sends nothing more, and one that cannot be written is over', async () => {
  const peer = rawPeer();
  const reasons: Error[] = [];
  const ended = peer.connection.subscribe(Uint8Array.of(1));
  const sent = ended.notify({ code: codes.content });
  const waiting = ended.notify({ code: codes.content });
  ended.end();
  assert.deepEqual(
    [await sent, await waiting, await ended.notify({ code: codes.content })],
    Array(3).fill('cancelled'),
  );
  await peer.expect('41 45 0000 01 61 02');
  await peer.silent();
  const large = peer.connection.subscribe(Uint8Array.of(2), { cancelled: (error) => reasons.push(error) });
  const options = Array.from({ length: 6 }, () => ({ number: 20, value: filler(250) }));
  assert.equal(await large.notify({ code: codes.content, options }), 'cancelled');
  assert.match(String(reasons[0]), /more than the 1152/);
});

test('a notification whose rest cannot be fetched ends the observation', async () => {
  const heard = ear();
  const peer = await observing('record', heard);
  await peer.send(`44 45 0101 00000000 61 06 d1 04 0d ff ${hex(filler(512))}`);
  await peer.expect('60 00 0101');
  await peer.expect('44 01 0001 00000000 b1 76 c1 15');
  await peer.send('70 00 0001');
  assert.equal((heard.ends[0]?.error as { code?: string } | undefined)?.code, 'coap.reset');
  await peer.send('44 45 0102 00000000 61 08');
  await peer.expect('70 00 0102');
});

test('an error is the last notification', async () => {
  const peer = rawPeer();
  const subscription = peer.connection.subscribe(Uint8Array.of(1));
  const fate = subscription.notify({ code: codes.notFound });
  await peer.expect('41 84 0000 01');
  await peer.send('60 00 0000');
  assert.equal(await fate, 'acknowledged');
  assert.equal(subscription.active, false);
  assert.equal(peer.connection.subscription(Uint8Array.of(1)), undefined);
});

for (const framing of ['record', 'datagram', 'stream'] as const) {
  test(`between two of ours, ${framing}: registered, notified in blocks, cancelled`, async () => {
    let value: Uint8Array = utf8('first');
    const subscriptions: Subscription[] = [];
    const ends = twoEnds({
      framing,
      server: {
        handler({ observe, token }, { connection }) {
          if (observe === 1) connection.subscription(token)?.end();
          const subscription = observe === 0 ? connection.subscribe(token) : undefined;
          if (subscription) subscriptions.push(subscription);
          return { code: codes.content, payload: value, observe: subscription?.nextNumber() };
        },
      },
    });
    const seen: string[] = [];
    const observation = await ends.client.observe(
      { method: 'GET', path: ['v'] },
      { notification: (response) => seen.push(`${response.observe} ${response.payload.length}`) },
    );
    assert.equal(observation.response.observe, 2);
    assert.equal(text(observation.response.payload), 'first');
    for (const size of [3, 100_000, 4]) {
      value = filler(Math.min(size, framing === 'stream' ? 60_000 : 3000));
      await subscriptions[0]?.notify({ code: codes.content, payload: value });
      await ends.time.settle();
    }
    const large = framing === 'stream' ? 60_000 : 3000;
    assert.deepEqual(seen, ['3 3', `4 ${large}`, '5 4']);
    await observation.cancel();
    assert.equal(subscriptions[0]?.active, false);
    assert.equal(ends.server.subscription(observation.token), undefined);
  });
}

for (const [way, framing] of [
  ['an observation', 'record'],
  ['an observation', 'datagram'],
  ['an auto-observation', 'record'],
] as const) {
  test(`a notification of ${way} (${framing}) is acknowledged when what it leads to is done, and repeated where that failed`, async () => {
    const told: string[] = [];
    const outcomes = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const faults: unknown[] = [];
    const take = (response: Response) => {
      told.push(text(response.payload));
      return outcomes[told.length - 1]?.promise ?? Promise.resolve();
    };
    const peer = rawPeer({
      framing,
      unsolicited: (_token, response) => take(response),
      fault: (error) => void faults.push(error),
    });
    let token = '01e8';
    if (way === 'an observation') {
      const observed = peer.connection.observe({ method: 'GET', path: ['v'] }, { notification: take });
      await peer.expect('44 01 0000 00000000 60 51 76');
      await peer.send('64 45 0000 00000000 61 05 ff 61');
      await observed;
      token = '00000000';
    }
    const head = `${(0x40 + token.length / 2).toString(16)} 45`;
    const one = `${head} 0101 ${token} 61 06 ff 62`;
    await peer.send(one);
    // As Pelion's clients do after some seconds.
    await peer.send(one);
    await peer.silent();
    assert.deepEqual(told, ['b'], 'a repetition is not told again');
    outcomes[0]?.resolve();
    await peer.expect('60 00 0101');
    await peer.send(one);
    await peer.expect('60 00 0101');

    const two = `${head} 0102 ${token} 61 07 ff 63`;
    await peer.send(two);
    outcomes[1]?.reject(new Error('the disk is full'));
    await peer.time.settle();
    await peer.silent();
    assert.match(String(faults), /the disk is full/);
    await peer.send(two);
    outcomes[2]?.resolve();
    await peer.expect('60 00 0102');
    assert.deepEqual(told, ['b', 'c', 'c']);
  });
}
