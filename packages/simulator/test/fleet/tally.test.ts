import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../src/fleet/histogram.ts';
import { reasonOf } from '../../src/fleet/reason.ts';
import { Tally } from '../../src/fleet/tally.ts';

const near = (value: number | undefined, expected: number) =>
  assert.ok(value !== undefined && Math.abs(value / expected - 1) < 0.03, `${value} is not about ${expected}`);

test('percentiles of a thousand times are right to 3 %', () => {
  const histogram = new Histogram();
  for (let time = 1; time <= 1000; time++) histogram.add(time);
  const found = histogram.percentiles();
  assert.equal(found?.count, 1000);
  near(found?.p50, 500);
  near(found?.p90, 900);
  near(found?.p99, 990);
  near(found?.max, 1000);
});

test('what was never timed has no percentiles', () => {
  assert.equal(new Histogram().percentiles(), undefined);
});

test('a time of nothing is one of next to nothing', () => {
  const histogram = new Histogram();
  histogram.add(0);
  assert.ok((histogram.percentiles()?.max ?? 1) < 0.01);
});

test('what two processes have seen is added up', () => {
  const [one, other, both] = [new Tally(), new Tally(), new Tally()];
  one.count('onboarded');
  one.registered = 1;
  one.took('onboarding', 10);
  one.failed('full');
  other.count('onboarded');
  other.registered = 2;
  other.took('onboarding', 1000);
  other.failed('full');
  other.failed('gone');
  other.failed('gone');
  other.failed('gone');
  both.add(structuredClone(one.state));
  both.add(structuredClone(other.state));
  const { onboarded, registered, failures, times } = both.seen;
  assert.equal(onboarded, 2);
  assert.equal(registered, 3);
  assert.deepEqual(Object.entries(failures), [
    ['gone', 3],
    ['full', 2],
  ]);
  near(times.onboarding?.p50, 10);
  near(times.onboarding?.max, 1000);
  assert.equal(times.update, undefined);
});

const connectError = 'The connection to 127.0.0.1 port 5684 was not made: connect ECONNREFUSED 127.0.0.1:5684.';
for (const [detail, reason] of [
  [connectError, 'not connected: connect ECONNREFUSED server'],
  ['The connection to host.example port 5684 was not secure in time.', 'not connected: no handshake in time'],
  [
    'By the clock of the device it is 2080-02-29T12:00:07.123Z, and a certificate of the server is not valid then.',
    'not connected: By the clock of the device it is TIME, and a certificate of the server is not valid then',
  ],
  [undefined, 'not connected'],
] as const) {
  test(`a reason without what differs from device to device: ${reason}`, () => {
    assert.equal(reasonOf('not connected', detail), reason);
  });
}
