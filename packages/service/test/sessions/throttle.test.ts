import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedClock, isMooringError } from '@mooring/platform';
import { Throttle } from '../../src/sessions/throttle.ts';
import { service } from '../http/service-fixture.ts';
import { administrator, Browser, password } from './browser.ts';

function throttled(start = 0) {
  const clock = fixedClock(new Date(start));
  const throttle = new Throttle(clock);
  /** Seconds to wait; 0 if the attempt may be made, which then counts as failed. */
  const attempt = (address: string, user: string, known = false): number => {
    try {
      throttle.attempt(address, user, known);
      return 0;
    } catch (error) {
      if (!isMooringError(error)) throw error;
      return error.data?.retryAfter as number;
    }
  };
  const pass = (seconds: number) => clock.set(new Date(clock.now().getTime() + seconds * 1000));
  return { throttle, attempt, pass };
}

test('one who guesses waits longer after each failure, at most a quarter of an hour', () => {
  const { attempt, pass } = throttled();
  const waits: number[] = [];
  for (let count = 0; count < 20; count++) {
    const wait = attempt('192.0.2.1', 'ada', true);
    if (wait > 0) {
      waits.push(wait);
      pass(wait);
      assert.equal(attempt('192.0.2.1', 'ada', true), 0);
    }
  }
  assert.deepEqual(waits.slice(0, 5), [1, 2, 4, 8, 16]);
  assert.equal(Math.max(...waits), 900);
});

test('many who guess at one user cannot keep out the user, who comes from where it came before', () => {
  const { attempt, pass } = throttled();
  for (let count = 0; count < 300; count++) {
    attempt(`198.51.100.${count % 250}`, 'ada');
    pass(1);
  }
  assert.ok(attempt('203.0.113.1', 'ada') <= 30, 'from elsewhere it takes half a minute at most');
  assert.equal(attempt('192.0.2.1', 'ada', true), 0);
});

test('one who tries many users is held back, and an office behind one address has room', () => {
  const { attempt, throttle } = throttled();
  for (let count = 0; count < 100; count++) {
    assert.equal(attempt('192.0.2.1', `user ${count}`), 0);
    throttle.succeeded('192.0.2.1', `user ${count}`);
  }
  let waited = 0;
  for (let count = 0; count < 40; count++) waited += attempt('192.0.2.9', `user ${count}`);
  assert.ok(waited > 0);
});

test('an address of IPv6 is the network that it is in', () => {
  const { attempt } = throttled();
  let waited = 0;
  for (let count = 0; count < 10; count++) waited += attempt(`2001:db8:1:2::${count}`, 'ada', true);
  assert.ok(waited > 0);
});

test('what was right as far as it went does not clear what failed before', () => {
  const { attempt, throttle, pass } = throttled();
  let refused = 0;
  for (let count = 0; count < 40; count++) {
    if (attempt('192.0.2.1', 'ada', true) > 0) refused++;
    pass(1);
    throttle.attempt('192.0.2.2', 'ada', true);
    throttle.forgive('192.0.2.2', 'ada');
  }
  assert.ok(refused > 20);
});

test('failures are forgotten after an hour', () => {
  const { attempt, pass } = throttled();
  for (let count = 0; count < 6; count++) attempt('192.0.2.1', 'ada', true);
  assert.ok(attempt('192.0.2.1', 'ada', true) > 0);
  pass(3600);
  assert.equal(attempt('192.0.2.1', 'ada', true), 0);
});

test('the answer to one attempt too many says how long to wait, and a right password waits as well', async (t) => {
  const fixture = await service(t);
  await administrator(fixture);
  const sign = (word: string, headers = {}) =>
    new Browser(fixture, headers).ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password: word });
  for (let count = 0; count < 5; count++) assert.equal((await sign('wrong')).status, 401);
  const late = await sign(password);
  assert.deepEqual([late.status, late.body.type, late.headers['retry-after']], [429, 'too_many_requests', '1']);
  // Behind a proxy on the same machine the address is the one that the proxy tells.
  assert.equal((await sign(password, { 'x-forwarded-for': '10.9.8.7, 192.0.2.77' })).status, 200);
  fixture.clock.set('2026-11-22T20:02:47Z');
  assert.equal((await sign(password)).status, 200);
});
