import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeV1, encodeSignedV1 } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { describeManifest } from '../../src/updates/manifests/describe.ts';
import { type Fixture, service } from '../http/service-fixture.ts';
import { form } from './forms.ts';
import { manifestV1, manifestV3, owner, sha256 } from './manifests.ts';

const image = Buffer.alloc(3000, 'image');
const digest = Buffer.from(sha256(image)).toString('hex');

async function upload(fixture: Fixture, bytes: Uint8Array, more: Record<string, string> = {}) {
  const { body, headers } = form({ name: 'm', ...more, datafile: { bytes } });
  const answer = await fixture.app.inject({
    method: 'POST',
    url: '/v3/firmware-manifests/',
    headers: { authorization: `Bearer ${fixture.admin}`, ...headers },
    payload: body,
  });
  return { status: answer.statusCode, body: JSON.parse(answer.payload) };
}

test('manifests of both schemas are read, and filtered by what is in them', async (t) => {
  const fixture = await service(t);
  const by = owner();
  const first = await upload(fixture, await manifestV1(by, image));
  assert.equal(first.status, 201);
  assert.equal(first.body.manifest_schema_version, '1');
  assert.equal(first.body.device_class, '22222222-2222-2222-2222-222222222222');
  assert.equal(first.body.device_vendor, '11111111-1111-1111-1111-111111111111');
  assert.equal(first.body.timestamp, '2027-01-15T08:00:00.000000Z');
  assert.equal(first.body.delivered_payload_digest, digest);
  assert.equal(first.body.delivered_payload_size, 3000);
  assert.equal(first.body.signed_by, by.certificate.fingerprint);
  assert.equal(first.body.parsed_raw_manifest.resource.resource.encryptionMode, 2);
  const third = await upload(fixture, await manifestV3(by, image));
  assert.equal(third.body.manifest_schema_version, '3');
  assert.equal(third.body.component_name, 'MAIN');
  assert.equal(third.body.payload_version, '1.2.3');
  assert.equal(third.body.timestamp, null);
  const { body } = await fixture.request(
    'GET',
    '/v3/firmware-manifests?manifest_schema_version__eq=3&device_class__eq=22222222-2222-2222-2222-222222222222',
  );
  assert.deepEqual(
    body.data.map(({ id }: { id: string }) => id),
    [third.body.id],
  );
  assert.equal((await fixture.request('DELETE', `/v3/firmware-manifests/${third.body.id}`)).status, 204);
  assert.equal((await fixture.request('GET', `/v3/firmware-manifests/${third.body.id}`)).status, 404);
});

test('what every device would refuse is refused at once, with the reason', async (t) => {
  const fixture = await service(t);
  const by = owner();
  const good = await manifestV1(by, image);
  const { value, resourceTlv } = decodeV1(good);
  const changed = Buffer.from(good);
  changed[70] = (changed[70] as number) ^ 1;
  for (const [bytes, reason] of [
    [Buffer.alloc(0), /empty/],
    [image.subarray(0, 100), /not an update manifest/],
    [Buffer.alloc(2049), /2048 are the most/],
    [changed, /hash/],
    [encodeSignedV1(resourceTlv, { ...value.signature, signatures: [] }), /not signed/],
    [await manifestV1(by, image, { encryptionMode: 3 }), /none-none-sha256/],
    [await manifestV3(by, image, { payloadUri: `http://${'x'.repeat(250)}` }), /URI has 257 bytes/],
    [await manifestV3(by, image, { componentName: 'GATEWAY-MAIN' }), /component name has 12 bytes/],
    [await manifestV3(by, image, { payloadVersion: '1.2' }), /1\.2\.3/],
    [await manifestV3(by, image, { payloadFormat: 77 }), /payload format 77/],
  ] as const) {
    const { status, body } = await upload(fixture, bytes);
    assert.equal(status, 400, String(reason));
    assert.match(body.message, reason);
    assert.equal(body.fields[0].name, 'datafile');
  }
});

test('once the account has update certificates, manifests have to be signed with one of them', async (t) => {
  const fixture = await service(t);
  const [ours, stranger] = [owner(), owner()];
  const added = await fixture.request('POST', '/v3/update-certificates', {
    body: { name: 'release', certificate: ours.certificate.pem },
  });
  assert.equal(added.status, 201);
  assert.equal(added.body.certificate_fingerprint, ours.certificate.fingerprint);
  for (const make of [manifestV1, manifestV3]) {
    assert.equal((await upload(fixture, await make(ours, image))).body.signed_by, ours.certificate.fingerprint);
    const refused = await upload(fixture, await make(stranger, image));
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /none of the 1 update certificates/);
  }
  assert.equal(
    (
      await fixture.request('POST', '/v3/update-certificates', {
        body: { name: 'again', certificate: ours.certificate.pem },
      })
    ).status,
    409,
  );
  assert.equal(
    (
      await fixture.request('POST', '/v3/update-certificates', {
        key: fixture.developer,
        body: { name: 'own', certificate: stranger.certificate.pem },
      })
    ).status,
    403,
  );
  assert.equal((await fixture.request('DELETE', `/v3/update-certificates/${added.body.id}`)).status, 204);
  assert.equal((await upload(fixture, await manifestV3(stranger, image))).status, 201);
});

test('whatever is uploaded as a manifest is described or refused in words', async () => {
  const by = owner();
  const manifests = [await manifestV1(by, image), await manifestV3(by, image)];
  fc.assert(
    fc.property(
      fc.constantFrom(...manifests),
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(400),
      (manifest, changes, cut) => {
        const bytes = Buffer.from(manifest);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const given = cut < bytes.length && cut % 3 === 0 ? bytes.subarray(0, cut) : bytes;
        try {
          describeManifest(given);
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
          assert.equal(error.code, 'update.manifest.invalid');
        }
      },
    ),
    { numRuns: 2000 },
  );
});
