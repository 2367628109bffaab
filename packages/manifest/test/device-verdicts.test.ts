import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeManifest, type FieldedDevice, sniff, verifyManifest } from '../src/index.ts';
import { vector, vectorsFolder, withoutVectors } from './vectors.ts';

interface Expected {
  status?: number;
  name?: string;
  crash_signal?: number;
  note?: string;
}

const signals = { SIGABRT: 6, SIGSEGV: 11 };

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll('-', ''), 'hex');

/** `init -d arm.com -m dev-device`, which all cases of 1.4.8 use. */
const ids148 = {
  vendorId: hex('fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe'),
  classId: hex('4d131344-feab-5a2e-84a2-0dccdd905f35'),
};

function idsOfCase(path: string): { vendorId: Uint8Array; classId: Uint8Array } {
  if (path.startsWith('v1-')) return ids148;
  const own = path.startsWith('v2-negative') ? 'v2-negative/all/out/good.manifest' : path;
  const decoded = decodeManifest(vector(own), { reading: 'tool' });
  if (decoded.schema === 'v3') return decoded.value.manifest;
  const { resource } = decoded.value.resource;
  assert.ok(!(resource instanceof Uint8Array));
  return resource;
}

function deviceOf(path: string): FieldedDevice {
  const inputs = join(path, '../../in');
  const certificate = ['update.der', 'cert.der'].find((name) => existsSync(join(vectorsFolder, inputs, name)));
  assert.ok(certificate);
  return {
    ...idsOfCase(path),
    certificates: [vector(join(inputs, certificate))],
    // The client that gave these verdicts was built with everything on.
    build: { vendorDataSize: 1024, combined: true, encryption: true },
  };
}

const expected: Record<string, Expected> = withoutVectors
  ? {}
  : JSON.parse(readFileSync(join(vectorsFolder, 'device-verdicts.json'), 'utf8')).results;

test('the FOTA client says what it said of every manifest', { skip: withoutVectors }, async (t) => {
  for (const [path, verdict] of Object.entries(expected)) {
    if (verdict.note === 'empty') continue;
    await t.test(path, () => {
      const bytes = vector(path);
      // Schema 1 or 3 as fits the manifest; what is neither went to the client of its group.
      const unread = path.startsWith('v2-negative') && !/\/(v1-|good1)/.test(path);
      const client = sniff(bytes) === 'v3' || unread ? 'fota-v3' : 'fota-v1';
      const found = verifyManifest(bytes, { mode: 'device', client, device: deviceOf(path) });
      if (verdict.crash_signal !== undefined) {
        assert.equal(found.crash && signals[found.crash], verdict.crash_signal);
        assert.equal(found.status, undefined);
      } else {
        assert.equal(found.status, verdict.status, JSON.stringify(found.checks));
        assert.equal(found.code ?? 'SUCCESS', verdict.name);
      }
      assert.equal(found.ok, verdict.status === 0);
    });
  }
});
