import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { provisioningItems } from '@mooring/credentials';
import { fileKeyProvider, SecureStorage } from '@mooring/device';
import { Transcript } from '../src/quickstart/transcript.ts';
import { verifyStorage } from '../src/quickstart/verification.ts';
import { temporaryFolder } from './bench.ts';

const issued = provisioningItems.flatMap(({ source }) => (source ? [{ name: source, data: Buffer.from(source) }] : []));
const stored = provisioningItems.map(({ name, type, source }) => {
  return { name, type, factory: true, data: source ? Buffer.from(source) : Buffer.from([1, 0, 0, 0]) };
});

async function verify(t: TestContext, items: typeof stored): Promise<number> {
  const folder = await temporaryFolder(t);
  const storage = await SecureStorage.open({
    folder: join(folder, 'store'),
    keyProvider: fileKeyProvider(join(folder, 'key')),
  });
  await storage.transaction({ put: items });
  const transcript = new Transcript(new PassThrough().resume());
  await verifyStorage(storage, issued, transcript);
  return transcript.checks;
}

test('a storage that holds what was issued passes, each item by itself', async (t) => {
  assert.equal(await verify(t, stored), 16);
});

test('one byte, one item or one type that differs is found', async (t) => {
  for (const item of stored) {
    const others = stored.filter((one) => one !== item);
    const changed = Buffer.from(item.data);
    changed[0] = (changed[0] as number) ^ 1;
    await assert.rejects(verify(t, [...others, { ...item, data: changed }]), new RegExp(`${item.name} .* not what`));
    await assert.rejects(verify(t, others), new RegExp(`no ${item.name}`));
    const type = item.type === 'config' ? 'certificate' : 'config';
    await assert.rejects(verify(t, [...others, { ...item, type }]), new RegExp(`${item.name} is stored as`));
  }
});

test('what an earlier service gave the device is found', async (t) => {
  const left = {
    name: 'mbed.LwM2MServerURI',
    type: 'config',
    factory: false,
    data: Buffer.from('coaps://old'),
  } as const;
  await assert.rejects(verify(t, [...stored, left]), /mbed\.LwM2MServerURI of an earlier service/);
});
