import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { deviceFilePath, formatDeviceFile, parseDeviceFile, saveSelectedDevice } from '../src/devices/device-file.ts';
import { world } from './world.ts';

const device = { name: 'mbed-linux-os-1111', address: '127.0.0.33', username: 'root', password: '' };

test('the file is byte for byte that of the old tool', () => {
  const expected = '{"hostname": "mbed-linux-os-1111", "address": "127.0.0.33", "username": "root", "password": ""}';
  assert.equal(formatDeviceFile(device), expected);
  assert.equal(formatDeviceFile({ ...device, port: 22 }), expected);
  assert.match(formatDeviceFile({ ...device, port: 2222 }), /"password": "", "port": 2222}$/);
  assert.match(formatDeviceFile({ ...device, name: 'gerät' }), /"ger\\u00e4t"/);
});

test('host name and address are enough; what else stands there is no matter', () => {
  const read = parseDeviceFile('{"hostname":"a","address":"fe80::1%eth0","colour":"red"}', 'file');
  assert.deepEqual(read, { name: 'a', address: 'fe80::1%eth0', username: 'root', password: '' });
});

test('a damaged file is named, with what to do', async (t) => {
  const { run, home } = await world(t);
  for (const [content, says] of [
    ['', /\.mbl-dev\.json is not a JSON object\./],
    ['[1]', /is not a JSON object/],
    ['{"hostname":"a"}', /has no text "address"/],
    ['{"hostname":"a","address":7}', /has no text "address"/],
    ['{"hostname":"a","address":"x","port":"22"}', /"port" that is no port number/],
    ['{"hostname":"a","address":"x","port":70000}', /"port" that is no port number/],
  ] as const) {
    await writeFile(deviceFilePath(home), content);
    const { status, stderr } = await run(['which']);
    assert.deepEqual([status, says.test(stderr), /mbl-cli select/.test(stderr)], [255, true, true], stderr);
  }
});

test('it may hold a password, so nobody else may read it', async (t) => {
  const { home } = await world(t);
  await saveSelectedDevice(home, { ...device, password: 'secret' });
  assert.equal((await stat(deviceFilePath(home))).mode & 0o777, 0o600);
  assert.equal(JSON.parse(await readFile(deviceFilePath(home), 'utf8')).password, 'secret');
});

test('what is written is read back; any other JSON or text is refused in a sentence', () => {
  const text = fc.string({ minLength: 1 }).filter((value) => !/[\s\0]/.test(value));
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 65_535 }), fc.string(), (name, address, port, password) => {
      const made = { name, address, username: 'root', password, ...(port === 22 ? {} : { port }) };
      assert.deepEqual(parseDeviceFile(formatDeviceFile(made), 'file'), made);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (content) => {
      try {
        parseDeviceFile(content, 'file');
      } catch (error) {
        assert.ok(isMooringError(error));
      }
    }),
  );
});
