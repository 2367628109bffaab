import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AttributeStore, parseAttributes } from '../../src/client/attributes.ts';
import { attributeQuery } from '../../src/index.ts';

test('attributes as they stand in a query', () => {
  assert.deepEqual(parseAttributes(['pmin=5', 'gt=-1.5', 'lt']), { pmin: 5, gt: -1.5, lt: undefined });
  for (const bad of [
    'pmin=-1',
    'pmin=1.5',
    'pmin=',
    'gt=x',
    'gt=1e3',
    'con=1',
    '=5',
    '__proto__=1',
    'pmin=99999999999',
  ]) {
    assert.equal(parseAttributes([bad]), undefined, bad);
  }
  fc.assert(fc.property(fc.array(fc.string()), (query) => void parseAttributes(query)));
  const changes = fc.record(
    { pmin: fc.option(fc.nat(999), { nil: undefined }), st: fc.integer().map((n) => n / 8) },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(fc.property(changes, (given) => assert.deepEqual(parseAttributes(attributeQuery(given)), given)));
});

test('those of a resource go before those of its instance, its object, and the defaults', () => {
  const store = new AttributeStore(() => ({ pmin: 1, pmax: 100 }));
  assert.deepEqual(store.effective([3, 0, 9]), { pmin: 1, pmax: 100 });
  assert.ok(store.write([3], { pmin: 2 }, false));
  assert.ok(store.write([3, 0], { pmin: 3, pmax: 50 }, false));
  assert.ok(store.write([3, 0, 9], { pmin: 4, gt: 5 }, true));
  assert.deepEqual(store.effective([3, 0, 9]), { pmin: 4, pmax: 50, gt: 5 });
  assert.deepEqual(store.effective([3, 0, 10]), { pmin: 3, pmax: 50 });
  assert.deepEqual(store.effective([3, 1]), { pmin: 2, pmax: 100 });
  assert.ok(store.write([3, 0], { pmin: undefined, pmax: undefined }, false));
  assert.deepEqual(store.effective([3, 0, 10]), { pmin: 2, pmax: 100 });
  // A maximum below the minimum does not count.
  assert.ok(store.write([3, 0, 10], { pmin: 200 }, true));
  assert.deepEqual(store.effective([3, 0, 10]), { pmin: 200 });
  store.clear();
  assert.deepEqual(store.at([3]), {});
});

test('limits that contradict each other, or of what is no number, are refused and change nothing', () => {
  const store = new AttributeStore();
  assert.ok(store.write([3, 0, 9], { lt: 1, gt: 10 }, true));
  assert.ok(!store.write([3, 0, 9], { st: 5 }, true));
  assert.ok(!store.write([3, 0, 9], { lt: 11 }, true));
  assert.ok(!store.write([3, 0, 9], { st: -1 }, true));
  assert.ok(!store.write([3, 0, 0], { gt: 1 }, false));
  assert.deepEqual(store.at([3, 0, 9]), { lt: 1, gt: 10 });
});
