import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import fc from 'fast-check';
import { isId, newId } from '../../src/accounts/index.ts';

test('an id has the time in front, as the ids of the contract', () => {
  const id = newId(fixedClock('2018-02-14T17:11:31.945Z'));
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(Number.parseInt(id.slice(0, 12), 16), Date.parse('2018-02-14T17:11:31.945Z'));
  assert.equal(id.slice(24), '00000000');
  assert.ok(isId(id) && !isId('me') && !isId(id.toUpperCase()));
});

test('ids sort as they were made, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 41 }), { minLength: 2, maxLength: 50 }), (times) => {
      const clock = fixedClock(new Date(0));
      const ids = times.flatMap((time) => {
        clock.set(new Date(time));
        return [newId(clock), newId(clock)];
      });
      assert.deepEqual(ids, ids.toSorted());
      assert.equal(new Set(ids).size, ids.length);
    }),
  );
});
