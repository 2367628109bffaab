import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classIdOf, formatUuid, parseUuid, vendorIdOf } from '@mooring/credentials';

test('vendor and class ids are those of manifest-tool', () => {
  const vendor = vendorIdOf('arm.com');
  assert.equal(formatUuid(vendor), 'fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe');
  assert.equal(formatUuid(classIdOf(vendor, 'dev-device')), '4d131344-feab-5a2e-84a2-0dccdd905f35');
});

test('ids are read in every form that uuid.UUID of Python takes', () => {
  const id = '82458cc8-9f7a-7daf-b43a-dc4fc7af3626';
  for (const form of [id, id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, `urn:uuid:${id}`]) {
    assert.equal(formatUuid(parseUuid(form)), id, form);
  }
  for (const form of ['', 'not-a-uuid', '1234', `${id}0`, `${id.slice(1)}g`]) {
    assert.throws(() => parseUuid(form), { code: 'credentials.uuid.malformed' }, form);
  }
});
