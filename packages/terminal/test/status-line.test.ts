import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { statusLine } from '../src/status-line.ts';

function screen(columns?: number) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), {
    isTTY: columns !== undefined,
    ...(columns === undefined ? {} : { columns }),
  });
  return { stream, written: () => String(stream.read() ?? '') };
}

test('the line replaces itself, and other output stands above it', () => {
  const { stream, written } = screen(20);
  const line = statusLine(stream);
  line.show('half done');
  line.show('half done');
  line.above(() => stream.write('a result\n'));
  line.show('done');
  line.clear();
  line.clear();
  assert.equal(
    written(),
    '\rhalf done\u001b[K' + '\r\u001b[Ka result\n\rhalf done\u001b[K' + '\rdone\u001b[K' + '\r\u001b[K',
  );
});

test('the line never wraps', () => {
  const { stream, written } = screen(10);
  statusLine(stream).show('0123456789');
  assert.equal(written(), '\r012345678\u001b[K');
});

test('without a terminal there is no line, and the other output is as it is', () => {
  const { stream, written } = screen();
  const line = statusLine(stream);
  line.show('half done');
  line.above(() => stream.write('a result\n'));
  line.clear();
  assert.equal(written(), 'a result\n');
});
