import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cOutput, hexOutput, isVersion, versionNumber, versionText } from '../src/index.ts';
import { asctime } from '../src/verify/asctime.ts';
import { bytes } from './sample.ts';
import { vector, withoutVectors } from './vectors.ts';

test('C source: 19 bytes a line', () => {
  assert.equal(
    cOutput(Uint8Array.from({ length: 20 }, (_, i) => i)),
    `#include <stdint.h>
uint8_t manifest[] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12,
    0x13
};
`,
  );
  const lines = cOutput(bytes(190, 0xff)).split('\n').slice(2, -2);
  assert.deepEqual(
    lines.map((line) => line.length),
    [...Array.from({ length: 9 }, () => 117), 116],
  );
});

test('the output forms are those of 1.4.8', { skip: withoutVectors }, () => {
  const folder = 'v1-create/16-output-forms/out';
  const text = (name: string) => Buffer.from(vector(`${folder}/${name}`)).toString();
  const elements = (name: string) =>
    Uint8Array.from([...text(name).matchAll(/0x([0-9a-f]{2})/g)].map(([, hex = '']) => Number.parseInt(hex, 16)));
  assert.equal(cOutput(elements('m.c')), text('m.c'));
  assert.equal(hexOutput(Buffer.from(text('m.hex'), 'hex')), text('m.hex'));
  // -x and -C together: a C array of the hex text.
  const hexText = elements('m.hex.c');
  assert.match(Buffer.from(hexText).toString(), /^30[0-9a-f]+$/);
  assert.equal(cOutput(hexText), text('m.hex.c'));
});

test('versions and the numbers that devices compare', () => {
  assert.equal(versionNumber('1.2.3'), 36029896530722819n);
  assert.equal(versionText(36029896530722819n), '1.2.3');
  assert.equal(versionText(versionNumber('999.999.999')), '999.999.999');
  for (const time of [0n, 1_600_000_000n, (1n << 55n) - 1n, 1n << 56n, -1n]) assert.equal(versionText(time), undefined);
  for (const bad of ['0.0.0', '1.2', '1.2.3.4', '01.2.3', '1.2.1000', '', ' 1.2.3', '1.2.3\n']) {
    assert.ok(!isVersion(bad), bad);
    assert.throws(() => versionNumber(bad), { code: 'manifest.field.invalid' });
  }
});

test('dates of any year', () => {
  assert.equal(asctime(1_569_840_964n), 'Mon Sep 30 10:56:04 2019');
  assert.equal(asctime(-5n), 'Wed Dec 31 23:59:55 1969');
  assert.equal(asctime(1_000_000_000n), 'Sun Sep  9 01:46:40 2001');
  assert.equal(asctime(36_029_896_530_722_828n), 'Fri Aug  4 19:27:08 1141743939');
});
