import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockJumps } from '../src/clock-jumps.ts';
import { fakeTime } from '../src/testing/index.ts';

test('a clock that goes on is no jump, one that is set is, until account was taken of it', async () => {
  const time = fakeTime('2026-01-01T00:00:00Z');
  const jumps = new ClockJumps(time.clock, time.timers, 60_000);
  assert.equal(jumps.look(), 0);
  await time.advance(86_400_000);
  assert.equal(jumps.look(), 0);
  time.setClock('2026-01-02T00:00:59Z');
  assert.equal(jumps.look(), 0, 'too little');
  time.setClock('2026-01-01T00:00:59Z');
  await time.advance(5_000);
  assert.equal(jumps.look(), -86_400_000);
  assert.equal(jumps.look(), -86_400_000, 'nobody took account of it');
  jumps.taken(-86_400_000);
  assert.equal(jumps.look(), 0);
});
