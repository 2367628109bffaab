import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientFileName, isBootstrapped } from '../src/index.ts';

// Seen in the folder of a real client.
for (const [name, type, file] of [
  ['mbed.MemoryTotalKB', 'config', '#pn5eqZN'],
  ['mbed.BootstrapDeviceCert', 'certificate', '4iiZZ2xW'],
] as const) {
  test(`the client's file for ${name} is ${file}`, () => assert.equal(clientFileName({ name, type }), file));
}

test('a client is bootstrapped if it has the URI of an LwM2M server', () => {
  const bootstrap = clientFileName({ name: 'mbed.BootstrapServerURI', type: 'config' });
  const lwm2m = clientFileName({ name: 'mbed.LwM2MServerURI', type: 'config' });
  assert.equal(isBootstrapped([]), false);
  assert.equal(isBootstrapped([bootstrap, '#pn5eqZN']), false);
  assert.equal(isBootstrapped([bootstrap, lwm2m]), true);
});
