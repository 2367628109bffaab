import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type Certificate,
  createRequest,
  generateKeyPair,
  issueCertificate,
  noClockValidity,
  parseCertificate,
  pemOf,
} from '@mooring/pki';
import { isId, operator } from '../../src/accounts/index.ts';
import { admitDevice, credentialsIssued, deviceBootstrapped } from '../../src/bootstrap/credentials.ts';
import { enrolmentIdentity } from '../../src/bootstrap/enrolment-identity.ts';
import { type Denied, type Joined, type JoinRequest, joinDevice } from '../../src/bootstrap/join.ts';
import {
  createDeveloperCertificate,
  createTrustedCertificate,
  deleteDeviceCertificate,
  deleteTrustedCertificate,
  issueDeviceCertificate,
  signingAuthority,
  updateTrustedCertificate,
} from '../../src/certificates/index.ts';
import { DenialRecorder } from '../../src/registry/denials/denial.ts';
import { suspendDevice } from '../../src/registry/devices/suspension.ts';
import { getDevice } from '../../src/registry/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

interface Factory {
  certificate: Certificate;
  /** A device with a certificate of its own, DER. */
  device(name: string): Uint8Array;
}

function factory(name = 'Acme Factory'): Factory {
  const root = generateKeyPair();
  const der = issueCertificate({
    subject: { commonName: name },
    subjectKey: root.publicKey,
    key: root.privateKey,
    profile: 'authority',
    ...noClockValidity,
  });
  return {
    certificate: parseCertificate(der),
    device: (commonName) =>
      issueCertificate({
        subject: { commonName },
        subjectKey: generateKeyPair().publicKey,
        issuer: { certificate: der, key: root.privateKey },
        profile: 'developer',
        ...noClockValidity,
      }),
  };
}

interface Gate extends Fixture {
  live: Set<string>;
  join(request: Partial<JoinRequest> & { chain?: readonly Uint8Array[] }): Promise<Joined | Denied>;
  joined(request: Partial<JoinRequest> & { chain?: readonly Uint8Array[] }): Promise<Joined>;
  denials(): Promise<
    { reason: string; endpoint_name: string; trusted_certificate_id: string | null; attempts: number }[]
  >;
  recorder: DenialRecorder;
}

async function gate(t: TestContext, settings = {}): Promise<Gate> {
  const fixture = await service(t, settings);
  const { domain } = fixture;
  const recorder = new DenialRecorder(domain, (error) => assert.fail(String(error)));
  const live = new Set<string>();
  const join: Gate['join'] = ({ chain, ...request }) =>
    joinDevice(
      { domain, denials: recorder, isLive: (id) => live.has(id) },
      { server: 'bootstrap', shown: chain ? { kind: 'certificates', chain } : { kind: 'nothing' }, ...request },
    );
  return {
    ...fixture,
    live,
    recorder,
    join,
    async joined(request) {
      const outcome = await join(request);
      assert.ok('deviceId' in outcome, JSON.stringify(outcome));
      return outcome;
    },
    denials: () =>
      domain.storage.db
        .selectFrom('denials')
        .select(['reason', 'endpoint_name', 'trusted_certificate_id', 'attempts'])
        .orderBy('id')
        .execute(),
  };
}

const trust = ({ domain, accountId }: Fixture, certificate: Certificate, more = {}) =>
  createTrustedCertificate(domain, operator(accountId), {
    name: `c ${certificate.fingerprint.slice(0, 8)}`,
    certificate: certificate.pem,
    service: 'bootstrap',
    ...more,
  });

const eventsOf = async ({ domain }: Fixture, deviceId: string) =>
  (
    await domain.storage.db
      .selectFrom('device_events')
      .select('description')
      .where('device_id', '=', deviceId)
      .orderBy('id')
      .execute()
  ).map(({ description }) => description);

test('devices that share a developer certificate each have an id of their own, and keep it', async (t) => {
  const g = await gate(t);
  const { domain, accountId, live } = g;
  const { certificate, id } = await createDeveloperCertificate(domain, operator(accountId), { name: 'dev' });
  const chain = [certificate.der];
  const request = { chain, endpointName: id, accountId };
  const first = await g.joined(request);
  const second = await g.joined(request);
  assert.ok(isId(first.deviceId));
  assert.notEqual(first.deviceId, second.deviceId);
  assert.deepEqual({ ...first, deviceId: '' }, { accountId, deviceId: '', endpointName: id, mode: 1, isNew: true });
  const device = await getDevice(domain, { accountId }, first.deviceId);
  assert.deepEqual(
    [device.state, device.ca_id, device.endpoint_name, device.device_execution_mode, device.issuer_fingerprint],
    ['cloud_enrolling', id, id, 1, certificate.fingerprint.toUpperCase()],
  );

  const again = await g.joined({ ...request, internalEndpoint: first.deviceId, address: '192.0.2.9' });
  assert.deepEqual([again.deviceId, again.isNew], [first.deviceId, false]);
  live.add(first.deviceId);
  assert.deepEqual(await g.join({ ...request, internalEndpoint: first.deviceId }), {
    denied: 'identity-live',
    accountId,
  });
  const other = await g.joined({ ...request, internalEndpoint: 'not an id' });
  assert.ok(other.isNew);
  assert.deepEqual(await eventsOf(g, first.deviceId), [
    'Device record created',
    'Device sent this id with a certificate that others share',
  ]);
  assert.deepEqual(await g.denials(), [
    { reason: 'identity-live', endpoint_name: id, trusted_certificate_id: id, attempts: 1 },
  ]);
});

test('of two copies of one device that come at once, one becomes it', async (t) => {
  const g = await gate(t);
  const { certificate } = await createDeveloperCertificate(g.domain, operator(g.accountId), { name: 'dev' });
  const chain = [certificate.der];
  const { deviceId: internalEndpoint } = await g.joined({ chain });
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => g.join({ chain, internalEndpoint })));
  assert.equal(outcomes.filter((outcome) => 'deviceId' in outcome).length, 1);
  assert.equal(outcomes.filter((outcome) => 'denied' in outcome && outcome.denied === 'identity-live').length, 4);
  await g.joined({ chain, internalEndpoint });
});

test('a device with a certificate of its own is itself, whatever it says and whoever says its id', async (t) => {
  const g = await gate(t);
  const { domain, accountId } = g;
  const acme = factory();
  const { id: caId } = await trust(g, acme.certificate);
  const chain = [acme.device('node-1')];
  const node = await g.joined({ chain, endpointName: 'node-1', accountId });
  assert.equal(node.mode, 5);
  assert.equal((await g.joined({ chain, accountId })).deviceId, node.deviceId, 'after a factory reset');
  const renewed = await g.joined({ chain: [acme.device('node-1')], accountId });
  assert.equal(renewed.deviceId, node.deviceId, 'with a renewed certificate');
  const device = await getDevice(domain, { accountId }, node.deviceId);
  assert.equal(device.ca_id, caId);
  assert.deepEqual((await eventsOf(g, node.deviceId)).slice(-1), ['Device came with another certificate']);

  const { certificate, id } = await createDeveloperCertificate(domain, operator(accountId), { name: 'dev' });
  const thief = await g.joined({ chain: [certificate.der], endpointName: id, internalEndpoint: node.deviceId });
  assert.ok(thief.isNew && thief.deviceId !== node.deviceId);
  assert.deepEqual((await eventsOf(g, thief.deviceId)).slice(-1), [
    'Device sent the id of another device, and was not believed',
  ]);
  const wrong = await g.join({ chain: [certificate.der], endpointName: 'node-1', internalEndpoint: node.deviceId });
  assert.deepEqual(wrong, { denied: 'endpoint-name-foreign', accountId });
});

test('a device that an operator has put there is recognised when it comes', async (t) => {
  const g = await gate(t);
  const { request, accountId } = g;
  const acme = factory();
  await trust(g, acme.certificate);
  const der = acme.device('node-1');
  const expected = (await request('POST', '/v3/devices', { body: { device_key: parseCertificate(der).fingerprint } }))
    .body;
  assert.equal((await g.joined({ chain: [der], accountId })).deviceId, expected.id);
  const named = (await request('POST', '/v3/devices', { body: { endpoint_name: 'node-2', name: 'kitchen' } })).body;
  const joined = await g.joined({ chain: [acme.device('node-2')], accountId });
  assert.equal(joined.deviceId, named.id);
  const after = (await request('GET', `/v3/devices/${named.id}`)).body;
  assert.deepEqual([after.name, after.state, after.device_execution_mode], ['kitchen', 'cloud_enrolling', 5]);
});

test('a certificate in enrolment mode lets in who is enrolled, and the enrolment is claimed', async (t) => {
  const g = await gate(t);
  const { domain, accountId } = g;
  const acme = factory();
  const { id: trusted_certificate_id } = await trust(g, acme.certificate, { enrollmentMode: true });
  const der = acme.device('node-1');
  const request = { chain: [der], endpointName: 'node-1', accountId };
  assert.deepEqual(await g.join(request), { denied: 'not-enrolled', accountId });
  const { fingerprint } = parseCertificate(der);
  await domain.storage.db
    .insertInto('enrolments')
    .values({
      id: 'e'.repeat(32),
      account_id: accountId,
      identity: enrolmentIdentity(fingerprint),
      fingerprint,
      created_at: 1,
      claimed_at: null,
      device_id: null,
      expires_at: null,
      etag: 1,
    })
    .execute();
  const { deviceId } = await g.joined(request);
  await g.joined(request);
  const enrolment = await domain.storage.db.selectFrom('enrolments').selectAll().executeTakeFirstOrThrow();
  assert.deepEqual(
    [enrolment.device_id, enrolment.claimed_at, enrolment.etag],
    [deviceId, domain.clock.now().getTime(), 2],
  );
  assert.equal((await getDevice(domain, { accountId }, deviceId)).enrolled_at, enrolment.claimed_at);
  assert.deepEqual(await g.denials(), [
    { reason: 'not-enrolled', endpoint_name: 'node-1', trusted_certificate_id, attempts: 1 },
  ]);
});

test('a device that names no account is known by who trusts its certificate', async (t) => {
  const g = await gate(t);
  const { domain, accountId } = g;
  const acme = factory();
  await trust(g, acme.certificate);
  const other = '0'.repeat(32);
  const row = await domain.storage.db.selectFrom('accounts').selectAll().executeTakeFirstOrThrow();
  await domain.storage.db
    .insertInto('accounts')
    .values({ ...row, id: other, account_id: other })
    .execute();
  const chain = [acme.device('node-1')];
  assert.equal((await g.joined({ chain })).accountId, accountId);
  await trust({ ...g, accountId: other }, acme.certificate);
  assert.deepEqual(await g.join({ chain }), { denied: 'account-ambiguous', accountId: undefined });
  assert.equal((await g.joined({ chain, accountId: other })).accountId, other);
});

test('who is not let in, why, and what is recorded of it', async (t) => {
  const g = await gate(t, { limits: { ...defaultLimits, developerDevices: 1 } });
  const { domain, accountId } = g;
  const actor = operator(accountId);
  const [acme, stranger, meter] = [factory(), factory(), factory('Meters')];
  await trust(g, acme.certificate);
  const inactive = await trust(g, meter.certificate, { status: 'INACTIVE' });
  const direct = factory('Direct');
  await trust(g, direct.certificate, { service: 'lwm2m' });
  const deleted = await createDeveloperCertificate(domain, actor, { name: 'gone' });
  await deleteTrustedCertificate(domain, actor, deleted.id);
  const developer = await createDeveloperCertificate(domain, actor, { name: 'dev' });
  const { issuer } = await signingAuthority(domain, accountId, 'developer');
  const forged = issueCertificate({
    subject: { organizationalUnit: accountId, commonName: developer.id },
    subjectKey: generateKeyPair().publicKey,
    issuer,
    profile: 'developer',
    ...noClockValidity,
  });
  const suspended = await g.joined({ chain: [acme.device('blocked')] });
  await suspendDevice(domain, actor, suspended.deviceId, {});
  await g.joined({ chain: [developer.certificate.der] });
  for (const [what, request, denied] of [
    ['no certificate', {}, 'certificate-missing'],
    ['an empty chain', { chain: [] }, 'certificate-missing'],
    ['garbage', { chain: [new Uint8Array([1, 2, 3])] }, 'certificate-malformed'],
    ['garbage after a good one', { chain: [acme.device('a'), new Uint8Array([0x30])] }, 'certificate-malformed'],
    ['a stranger of the same name', { chain: [stranger.device('node-1')] }, 'certificate-untrusted'],
    ['an unknown account', { chain: [acme.device('a')], accountId: 'f'.repeat(32) }, 'certificate-untrusted'],
    ['a deleted developer certificate', { chain: [deleted.certificate.der] }, 'certificate-revoked'],
    ['one signed by our key that we have not made', { chain: [forged] }, 'certificate-untrusted'],
    ['one that was set inactive', { chain: [meter.device('m')] }, 'certificate-inactive'],
    ['one for the other server', { chain: [direct.device('d')] }, 'certificate-service'],
    ['a foreign name', { chain: [acme.device('a')], endpointName: 'b' }, 'endpoint-name-foreign'],
    ['a suspended device', { chain: [acme.device('blocked')] }, 'device-suspended'],
    ['one too many', { chain: [developer.certificate.der] }, 'device-limit'],
  ] as const) {
    const outcome = await g.join(request);
    assert.equal('denied' in outcome ? outcome.denied : 'let in', denied, what);
  }
  await g.recorder.flush();
  const recorded = await g.denials();
  assert.equal(
    recorded.reduce((sum, { attempts }) => sum + attempts, 0),
    12,
    'all but that of an unknown account',
  );
  assert.equal(recorded.find(({ reason }) => reason === 'certificate-inactive')?.trusted_certificate_id, inactive.id);
  await updateTrustedCertificate(domain, actor, inactive.id, { status: 'ACTIVE' });
  await g.joined({ chain: [meter.device('m')] });
});

test('a device with a pre-shared key joins under its name alone', async (t) => {
  const g = await gate(t);
  const { accountId } = g;
  const endpointName = 'my-endpoint-0001';
  const shown = { kind: 'pre-shared-key', accountId, endpointName } as const;
  const first = await g.joined({ shown, endpointName });
  assert.deepEqual([first.mode, first.endpointName, first.isNew], [0, endpointName, true]);
  assert.equal((await g.joined({ shown })).deviceId, first.deviceId);
  assert.deepEqual(await g.join({ shown, endpointName: 'another-endpoint' }), {
    denied: 'endpoint-name-foreign',
    accountId,
  });
  const acme = factory();
  await trust(g, acme.certificate);
  const other = await g.joined({ chain: [acme.device(endpointName)] });
  assert.notEqual(other.deviceId, first.deviceId, 'a certificate of that name is another device');
});

test('credentials for the LwM2M server count until newer ones are used', async (t) => {
  const g = await gate(t);
  const { domain, accountId, recorder, clock } = g;
  const acme = factory();
  await trust(g, acme.certificate);
  const { deviceId } = await g.joined({ chain: [acme.device('node-1')] });
  const authority = await signingAuthority(domain, accountId, 'lwm2m');
  const give = async () => {
    const der = issueCertificate({
      subject: { locality: deviceId, organizationalUnit: accountId, commonName: 'node-1' },
      subjectKey: generateKeyPair().publicKey,
      issuer: authority.issuer,
      profile: 'developer',
      ...noClockValidity,
    });
    const { fingerprint, serial, notAfter } = parseCertificate(der);
    await credentialsIssued(domain, {
      deviceId,
      accountId,
      authorityId: authority.id,
      fingerprint,
      serial: Buffer.from(serial).toString('hex'),
      notAfter,
    });
    clock.set(new Date(clock.now().getTime() + 1000));
    return der;
  };
  const admit = (der: Uint8Array) => admitDevice({ domain, denials: recorder }, der, '192.0.2.1');
  const admitted = {
    deviceId,
    accountId,
    endpointName: 'node-1',
    notAfter: Date.parse('9999-12-31T23:59:59Z'),
    isFirstUse: true,
  };
  const again = { ...admitted, isFirstUse: false };

  const first = await give();
  await deviceBootstrapped(domain, deviceId, parseCertificate(first));
  const device = await getDevice(domain, { accountId }, deviceId);
  assert.deepEqual([device.state, device.connector_expiration], ['bootstrapped', Date.parse('9999-12-31T00:00:00Z')]);
  assert.deepEqual(await admit(first), admitted);
  const second = await give();
  assert.deepEqual(await admit(first), again, 'the new ones may never have arrived');
  assert.deepEqual(await admit(second), admitted);
  assert.equal(await admit(first), undefined);
  const late = await g.join({ server: 'lwm2m', chain: [first] });
  assert.deepEqual(late, { denied: 'credentials-unknown', accountId });

  clock.set(new Date(clock.now().getTime() - 86_400_000));
  const third = await give();
  assert.deepEqual(await admit(third), admitted, 'newer than the others, though the clock was set back');
  assert.equal(await admit(second), undefined);

  assert.equal(await admit(acme.device('node-1')), undefined, 'not ours: for joinDevice to decide');
  await suspendDevice(domain, operator(accountId), deviceId, {});
  assert.deepEqual(await admit(third), { denied: 'device-suspended' });
  for (let count = 0; count < 20; count++) await give();
  const { rows } = await domain.storage.db
    .selectFrom('device_credentials')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(rows), 6, 'what was never used is not kept for ever');
});

test('a device may come to the LwM2M server without a bootstrap, if its account trusts that', async (t) => {
  const g = await gate(t);
  const { domain, accountId } = g;
  const acme = factory();
  await trust(g, acme.certificate, { service: 'lwm2m' });
  const chain = [acme.device('node-1')];
  const { deviceId } = await g.joined({ server: 'lwm2m', chain });
  assert.equal((await getDevice(domain, { accountId }, deviceId)).state, 'bootstrapped');
  assert.deepEqual(await g.join({ chain }), { denied: 'certificate-service', accountId });
});

test('who tries again and again is one record with a count; ever new strangers are recorded up to a rate', async (t) => {
  const g = await gate(t);
  const { clock, recorder } = g;
  const stranger = factory('Stranger').device('x');
  for (let count = 0; count < 5; count++) await g.join({ chain: [stranger] });
  assert.deepEqual(
    (await g.denials()).map(({ attempts }) => attempts),
    [1],
  );
  clock.set('2026-11-22T20:04:00Z');
  await g.join({ chain: [stranger] });
  assert.deepEqual(
    (await g.denials()).map(({ attempts }) => attempts),
    [6],
  );
  await g.join({ chain: [stranger] });
  await recorder.flush();
  assert.deepEqual(
    (await g.denials()).map(({ attempts }) => attempts),
    [7],
  );
  clock.set('2026-11-24T20:04:00Z');
  await g.join({ chain: [stranger] });
  assert.equal((await g.denials()).length, 2, 'another day, another record');

  const record = (index: number) =>
    recorder.record({ accountId: g.accountId, endpointName: `n${index}\u001b`, reason: 'not-enrolled' });
  await Promise.all(Array.from({ length: 1000 }, (_, index) => record(index)));
  const rows = await g.denials();
  assert.ok(rows.length <= 202, String(rows.length));
  assert.equal(recorder.unrecorded, 1002 - rows.length);
  assert.ok(rows.every(({ endpoint_name }) => !endpoint_name.includes('\u001b')));
  clock.set('2026-11-24T20:05:00Z');
  await record(5000);
  assert.equal((await g.denials()).length, rows.length + 1);
});

test('a device with a certificate of its own is itself and nobody else, and stays it when that is replaced', async (t) => {
  const { domain, accountId, join, joined, denials } = await gate(t);
  const actor = operator(accountId);
  const own = async (endpointName: string, replaces?: string) => {
    const request = createRequest({ subject: { commonName: endpointName }, key: generateKeyPair().privateKey });
    const input = { endpointName, request: pemOf('CERTIFICATE REQUEST', request), replaces };
    const { id, certificate } = await issueDeviceCertificate(domain, actor, input);
    return { id, chain: [certificate.der] };
  };
  const kitchen = await own('kitchen');
  const hall = await own('hall');
  const first = await joined({ chain: kitchen.chain, endpointName: 'kitchen' });
  const other = await joined({ chain: hall.chain, endpointName: 'hall' });
  assert.notEqual(first.deviceId, other.deviceId);
  assert.deepEqual([first.mode, first.isNew, first.endpointName], [5, true, 'kitchen']);

  // Neither another device of its kind nor one with a shared certificate can pass for it.
  const shared = await createDeveloperCertificate(domain, actor, { name: 'shared' });
  for (const chain of [hall.chain, [shared.certificate.der]]) {
    assert.deepEqual(await join({ chain, endpointName: 'kitchen', internalEndpoint: first.deviceId }), {
      denied: 'endpoint-name-foreign',
      accountId,
    });
  }
  assert.equal((await joined({ chain: hall.chain, internalEndpoint: first.deviceId })).deviceId, other.deviceId);

  const renewed = await own('kitchen', kitchen.id);
  const again = await joined({ chain: renewed.chain, endpointName: 'kitchen' });
  assert.deepEqual([again.deviceId, again.isNew], [first.deviceId, false]);
  assert.deepEqual(await join({ chain: kitchen.chain, endpointName: 'kitchen' }), {
    denied: 'certificate-revoked',
    accountId,
  });
  await deleteDeviceCertificate(domain, actor, kitchen.id);
  assert.ok('denied' in (await join({ chain: renewed.chain, endpointName: 'kitchen' })));
  assert.ok((await denials()).some(({ reason }) => reason === 'certificate-revoked'));
});
