import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  developerVariableNames,
  items,
  lwm2mCredentialItems,
  provisioningItems,
  updateVariableNames,
} from '@mooring/credentials';

test('provisioning stores 15 items, each from a file except the switch that provisioning sets', () => {
  assert.equal(provisioningItems.length, 15);
  const withoutSource = provisioningItems.filter(({ source }) => !source).map(({ name }) => name);
  assert.deepEqual(withoutSource, ['mbed.UseBootstrap']);
});

test('the files are those that the utility reads, and no account id', () => {
  const sources = provisioningItems.flatMap(({ source }) => source ?? []);
  assert.equal(new Set(sources).size, 14);
  const known: string[] = [...developerVariableNames, ...updateVariableNames];
  assert.ok(sources.every((source) => known.includes(source)));
  assert.ok(!sources.includes('MBED_CLOUD_DEV_ACCOUNT_ID'));
  assert.ok(!sources.includes('MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE'));
});

test('what is cleared is not what is stored, and names are there once', () => {
  const stored = new Set(provisioningItems.map(({ name }) => name));
  assert.ok(lwm2mCredentialItems.every(({ name }) => !stored.has(name)));
  assert.equal(new Set(items.map(({ name }) => name)).size, items.length);
});

test('certificates and keys are told from plain settings', () => {
  const of = (type: string) => items.filter((item) => item.type === type).map(({ name }) => name);
  assert.deepEqual(of('private-key'), ['mbed.BootstrapDevicePrivateKey', 'mbed.LwM2MDevicePrivateKey']);
  assert.deepEqual(of('certificate'), [
    'mbed.BootstrapDeviceCert',
    'mbed.BootstrapServerCACert',
    'mbed.UpdateAuthCert',
    'mbed.LwM2MServerCACert',
    'mbed.LwM2MDeviceCert',
  ]);
});
