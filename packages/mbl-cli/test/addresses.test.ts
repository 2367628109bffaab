import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../src/devices/address.ts';

const good: [text: string, host: string, port?: number][] = [
  ['127.0.0.33', '127.0.0.33'],
  ['127.0.0.1:2222', '127.0.0.1', 2222],
  ['fe80::21b:63ff:feab:e6a6%enpos623', 'fe80::21b:63ff:feab:e6a6%enpos623'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['[fe80::1%eth0]:2222', 'fe80::1%eth0', 2222],
  ['mbed-linux-os-9999', 'mbed-linux-os-9999'],
  ['mbed-linux-os-9999.local', 'mbed-linux-os-9999.local'],
  ['device.example:22', 'device.example', 22],
];

const bad = [
  '',
  ' ',
  '1.2.3',
  '256.1.1.1',
  '1.2.3.4.5',
  '127.0.0.1:',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '[127.0.0.1]:22',
  '[::1',
  '[::1]22',
  '::g',
  'a b',
  '-oProxyCommand=x',
  'host;reboot',
  'root@host',
];

test('IP addresses, zones, host names and ports are read and written back', () => {
  for (const [text, host, port] of good) {
    assert.deepEqual(parseAddress(text), port === undefined ? { host } : { host, port }, text);
    assert.equal(parseAddress(formatAddress(parseAddress(text))).host, host);
  }
  assert.equal(formatAddress({ host: '::1', port: 22 }), '::1');
});

test('anything else is an invalid address', () => {
  for (const text of bad) {
    assert.throws(
      () => parseAddress(text),
      { code: 'selection.address.invalid', message: 'Invalid address given.' },
      text,
    );
  }
});

test('no text makes it fail in another way', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseAddress(text);
      } catch (error) {
        assert.ok(isMooringError(error));
      }
    }),
  );
});
