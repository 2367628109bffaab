import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithin, parsePath, pathOfSegments, pathText } from '../../src/index.ts';

test('paths of every depth', () => {
  for (const text of ['/', '/3', '/3/0', '/3/0/13', '/65534/65534/65534/65534']) {
    assert.equal(pathText(parsePath(text)), text);
  }
  assert.deepEqual(parsePath('/3/0/11/0'), [3, 0, 11, 0]);
  assert.deepEqual(pathOfSegments(['3', '0']), [3, 0]);
  assert.deepEqual(pathOfSegments([]), []);
});

test('what is no path is refused', () => {
  for (const text of ['', '3/0', '//', '/3/', '/03', '/65535', '/-1', '/1e3', '/3/0/0/0/0', '/a', '/ 3', '/3\n']) {
    assert.throws(() => parsePath(text), { code: 'lwm2m.path.invalid' }, JSON.stringify(text));
  }
});

test('what lies within what', () => {
  assert.ok(isWithin([3, 0, 1], [3]));
  assert.ok(isWithin([3], []));
  assert.ok(isWithin([3, 0], [3, 0]));
  assert.ok(!isWithin([3], [3, 0]));
  assert.ok(!isWithin([3, 1], [3, 0]));
});
