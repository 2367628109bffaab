import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWorthTelling, type NotificationAttributes, notificationVerdict } from '../../src/index.ts';

test('which changes are worth telling', () => {
  const cases: [NotificationAttributes, number | undefined, number | undefined, boolean][] = [
    [{}, 1, 1, true],
    [{ gt: 10 }, 9, 11, true],
    [{ gt: 10 }, 11, 9, true],
    [{ gt: 10 }, 11, 12, false],
    [{ gt: 10 }, 10, 11, true],
    [{ lt: 5 }, 6, 4, true],
    [{ lt: 5 }, 4, 3, false],
    [{ st: 3 }, 1, 3, false],
    [{ st: 3 }, 1, 4, true],
    [{ st: 3 }, 4, 1, true],
    [{ gt: 10, st: 100 }, 9, 11, true],
    [{ st: 3 }, undefined, 4, true],
    [{ st: 3 }, 1, undefined, true],
  ];
  for (const [attributes, before, now, expected] of cases) {
    assert.equal(isWorthTelling(attributes, before, now), expected, JSON.stringify([attributes, before, now]));
  }
});

test('when: not before pmin, at latest at pmax, and never later than there is something to do', () => {
  const second = fc.nat(100);
  const attributes = fc
    .record({ pmin: second, pmax: second }, { requiredKeys: [] })
    .filter(({ pmin = 0, pmax = 100 }) => pmin <= pmax);
  fc.assert(
    fc.property(attributes, fc.nat(200_000), fc.boolean(), (rules, since, changed) => {
      const { send, lookAgainAt } = notificationVerdict(rules, { at: 1000, value: undefined }, changed, 1000 + since);
      const { pmin = 0, pmax = 0 } = rules;
      if (send) {
        assert.equal(lookAgainAt, undefined);
        assert.ok(changed ? since >= pmin * 1000 : pmax > 0 && since >= pmax * 1000);
      } else if (lookAgainAt === undefined) {
        assert.ok(!changed && pmax === 0, 'nothing would ever be sent');
      } else {
        assert.equal(lookAgainAt, 1000 + (changed ? pmin : pmax) * 1000);
        assert.ok(lookAgainAt > 1000 + since);
      }
    }),
  );
});
