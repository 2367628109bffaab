import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DevicePaths } from '../src/device/device-paths.ts';

const root = '/home/me/aab/root';

function mapped(pieces: readonly string[]): string {
  const paths = new DevicePaths(root);
  return pieces.map((piece) => paths.push(Buffer.from(piece))).join('') + paths.end();
}

test("paths of this machine become the device's", () => {
  const cases: [string, string][] = [
    [`${root}/scratch/x.bin does not exist`, '/scratch/x.bin does not exist'],
    [`in ${root}: a`, 'in /: a'],
    [root, '/'],
    [`${root}/`, '/'],
    [`"${root}"`, '"/"'],
    [`${root}2/x`, `${root}2/x`],
    ['nothing of it', 'nothing of it'],
    ['/home/me/aab/roo', '/home/me/aab/roo'],
    [`${root}/a${root}/b`, '/a/b'],
  ];
  for (const [text, expected] of cases) assert.equal(mapped([text]), expected);
});

test('wherever the text is cut', () => {
  const word = fc.constantFrom(root, '/home/me/', 'aab', '/root', 'a', '/scratch', ' ', 'ü');
  fc.assert(
    fc.property(fc.array(word), fc.array(fc.nat(40)), (words, cuts) => {
      const whole = words.join('');
      const pieces: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(whole.slice(at, at + cut));
        at += cut;
      }
      pieces.push(whole.slice(at));
      assert.equal(mapped(pieces), mapped([whole]));
    }),
  );
});
