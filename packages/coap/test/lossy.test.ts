import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Travelling } from '@mooring/transport/testing';
import { codes } from '../src/index.ts';
import { filler, hex, utf8 } from './raw-peer.ts';
import { seeded, twoEnds } from './two-ends.ts';

/** Loses, doubles and delays, each with the given chance, up to two seconds. */
function weather(seed: number, loss: number, doubling: number) {
  const random = seeded(seed);
  const delay = () => 1 + Math.floor(random() * (random() < 0.2 ? 2000 : 50));
  return (_: Travelling): number[] => {
    if (random() < loss) return [];
    return random() < doubling ? [delay(), delay()] : [delay()];
  };
}

test('through loss, doubling and reordering every request is done once and answered rightly', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const done = new Map<string, number>();
    const ends = twoEnds({
      framing: 'datagram',
      pair: { fate: weather(seed, 0.15, 0.15) },
      client: { random: seeded(seed + 100), limits: { requestTime: 3600_000 } },
      server: {
        random: seeded(seed + 200),
        handler(request) {
          const key = `${request.method} ${request.path.join('/')} ${hex(request.payload.subarray(0, 4))}`;
          done.set(key, (done.get(key) ?? 0) + 1);
          return { code: codes.content, payload: Buffer.concat([utf8(request.path[0] ?? ''), request.payload]) };
        },
      },
    });
    const sizes = [0, 10, 1024, 3000, 700, 5000, 0, 1500];
    const answers = Promise.allSettled(
      sizes.map((size, index) =>
        ends.client.request({ method: 'POST', path: [`r${index}`], payload: filler(size, index) }),
      ),
    );
    await ends.time.runOut();
    for (const [index, answer] of (await answers).entries()) {
      if (answer.status === 'rejected') {
        // Five times lost in a row: rare, and told.
        assert.equal((answer.reason as { code?: string }).code, 'coap.timeout', `seed ${seed}`);
        continue;
      }
      const expected = Buffer.concat([utf8(`r${index}`), filler(sizes[index] as number, index)]);
      assert.equal(hex(answer.value.payload), hex(expected), `seed ${seed}, request ${index}`);
    }
    for (const [key, times] of done) assert.equal(times, 1, `seed ${seed}: ${key}`);
    assert.equal(ends.time.waiting, 0);
  }
});

test('without loss nothing fails, whatever the order', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const ends = twoEnds({
      framing: 'datagram',
      pair: { fate: weather(seed, 0, 0.5) },
      server: { handler: ({ payload }) => ({ code: codes.content, payload }) },
    });
    const payload = filler(10_000, seed);
    const asked = ends.client.request({ method: 'POST', payload });
    await ends.time.runOut();
    assert.equal(hex((await asked).payload), hex(payload));
  }
});

test('an observer sees values in order, the last one in the end, however they travel', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const ends = twoEnds({
      framing: 'datagram',
      pair: { fate: weather(seed, 0.1, 0.2) },
      server: {
        random: seeded(seed),
        handler: ({ token, observe }, { connection }) => ({
          code: codes.content,
          payload: utf8('0'),
          observe: observe === 0 ? connection.subscribe(token).nextNumber() : undefined,
        }),
      },
    });
    const seen: number[] = [];
    const observed = ends.client.observe(
      { method: 'GET', path: ['n'] },
      { notification: ({ payload }) => seen.push(Number(Buffer.from(payload).toString())) },
    );
    await ends.time.runOut();
    const { token } = await observed;
    const subscription = ends.server.subscription(token);
    assert.ok(subscription);
    let last = 0;
    for (let value = 1; value <= 30; value++) {
      void subscription.notify({ code: codes.content, payload: utf8(`${value}`) });
      await ends.time.advance(500);
      last = value;
    }
    await ends.time.runOut();
    if (!subscription.active) continue;
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
      `seed ${seed}`,
    );
    assert.equal(seen.at(-1), last, `seed ${seed}`);
  }
});
