import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CredentialFacts,
  chooseVoucher,
  decideAdmission,
  decideJoin,
  type JoinFacts,
  type Trusted,
  type Voucher,
  vouchersFor,
} from '../../src/bootstrap/decision.ts';
import { enrolledFingerprint, enrolmentIdentity } from '../../src/bootstrap/enrolment-identity.ts';
import { certificate } from './chains.ts';

const now = new Date('2026-11-22T20:00:00Z');

const trusted = (name: string, more: Partial<Trusted> = {}): Trusted => ({
  id: name,
  accountId: 'acme',
  certificate: certificate(name),
  service: 'bootstrap',
  active: true,
  enrollmentMode: false,
  isDeveloper: false,
  authorityRetired: false,
  ...more,
});

test('who vouches for a certificate', () => {
  const developer = trusted('node-1', { id: 'dev', isDeveloper: true });
  for (const [what, shown, among, expected] of [
    ['the authority', ['node-1'], [trusted('root')], ['root']],
    ['the right one of two', ['node-2', 'factory'], [trusted('other-root'), trusted('root')], ['root']],
    ['the certificate itself', ['alone'], [trusted('alone')], ['alone']],
    ['a developer certificate', ['node-1'], [developer], ['dev']],
    ['two accounts', ['node-1'], [trusted('root'), trusted('root', { id: 'b', accountId: 'b' })], ['root', 'b']],
    [
      'the active one of two',
      ['node-1'],
      [trusted('root', { active: false }), trusted('node-1', { id: 'leaf' })],
      ['leaf'],
    ],
    ['nobody', ['node-1'], [], 'certificate-untrusted'],
    ['a stranger', ['node-4'], [trusted('root')], 'certificate-untrusted'],
    ['an inactive one', ['node-1'], [trusted('root', { active: false })], 'certificate-inactive'],
    ['one of the other server', ['node-1'], [trusted('root', { service: 'lwm2m' })], 'certificate-service'],
    ['one whose authority is retired', ['node-1'], [{ ...developer, authorityRetired: true }], 'certificate-revoked'],
    ['an expired one', ['node-expired'], [trusted('root')], 'certificate-expired'],
    // A developer certificate signs nothing.
    [
      'a developer certificate as an authority',
      ['node-2'],
      [trusted('factory', { isDeveloper: true })],
      'certificate-untrusted',
    ],
  ] as const) {
    const found = vouchersFor('bootstrap', shown.map(certificate), among, false, now);
    if (typeof expected === 'string') assert.equal('denied' in found && found.denied, expected, what);
    else assert.deepEqual('vouchers' in found && found.vouchers.map((one) => one.trusted.id), expected, what);
  }
  assert.deepEqual(vouchersFor('bootstrap', [certificate('node-1')], [trusted('root')], true, now), {
    denied: 'certificate-revoked',
  });
});

test('of several accounts the one where the device is enrolled', () => {
  const of = (accountId: string): Voucher => ({ trusted: trusted('root', { accountId }), issuerFingerprint: '' });
  const [a, b] = [of('a'), of('b')];
  const enrolment = (accountId: string) => ({ id: 'e', accountId, deviceId: null });
  assert.equal(chooseVoucher([a], undefined), a);
  assert.equal(chooseVoucher([a, b], enrolment('b')), b);
  assert.equal(chooseVoucher([a], enrolment('other')), a);
  assert.deepEqual(chooseVoucher([a, b], undefined), { denied: 'account-ambiguous' });
  assert.deepEqual(chooseVoucher([a, b], enrolment('other')), { denied: 'account-ambiguous' });
});

const developer = { id: 'dev', accountId: 'acme', isDeveloper: true, enrollmentMode: false };
const factory = { id: 'factory', accountId: 'acme', isDeveloper: false, enrollmentMode: false };
const enrolled = { id: 'e', accountId: 'acme', deviceId: null };
const device = (id: string, caId: string | null, more = {}) => ({ id, caId, blocked: false, live: false, ...more });

const facts = (more: Partial<JoinFacts>): JoinFacts => ({
  names: ['node-1'],
  endpointName: 'node-1',
  account: { suspended: false, room: true },
  trusted: factory,
  certificateRoom: true,
  enrolment: undefined,
  recognised: undefined,
  claimed: undefined,
  ...more,
});

const joins = { endpointName: 'node-1', deviceId: undefined, claims: undefined, note: undefined };

test('who joins, and as whom', () => {
  for (const [what, given, expected] of [
    ['a new device with a certificate of its own', {}, { ...joins, mode: 5 }],
    ['a new device with a developer certificate', { trusted: developer }, { ...joins, mode: 1 }],
    ['a new device with a pre-shared key', { trusted: undefined }, { ...joins, mode: 0 }],
    ['one without an endpoint name is named by its certificate', { endpointName: undefined }, { ...joins, mode: 5 }],
    [
      'one whose certificate has no name says its own',
      { names: [], endpointName: 'urn:x' },
      { ...joins, mode: 5, endpointName: 'urn:x' },
    ],
    [
      'one of several names',
      { names: ['a', 'urn-node'], endpointName: 'urn-node' },
      { ...joins, mode: 5, endpointName: 'urn-node' },
    ],
    [
      'one that is known by its certificate',
      { recognised: device('d1', 'factory') },
      { ...joins, mode: 5, deviceId: 'd1' },
    ],
    [
      'one that is known stays itself whatever id it sends, also if that is connected',
      { recognised: device('d1', 'factory'), claimed: device('d2', 'factory', { live: true }) },
      { ...joins, mode: 5, deviceId: 'd1', note: 'foreign' },
    ],
    [
      'one that is known and sends its id',
      { recognised: device('d1', 'factory'), claimed: device('d1', 'factory', { live: true }) },
      { ...joins, mode: 5, deviceId: 'd1' },
    ],
    [
      'a new one with a certificate of its own does not become the device whose id it sends',
      { claimed: device('d2', 'factory') },
      { ...joins, mode: 5, note: 'foreign' },
    ],
    [
      'one with a developer certificate is believed its id',
      { trusted: developer, claimed: device('d1', 'dev') },
      { ...joins, mode: 1, deviceId: 'd1', note: 'claimed' },
    ],
    [
      'but not while that device is connected',
      { trusted: developer, claimed: device('d1', 'dev', { live: true }) },
      { denied: 'identity-live' },
    ],
    [
      'and not the id of a device with another developer certificate',
      { trusted: developer, claimed: device('d1', 'other') },
      { ...joins, mode: 1, note: 'foreign' },
    ],
    [
      'nor of a device with a certificate of its own, connected or not',
      { trusted: developer, claimed: device('d1', 'factory', { live: true }) },
      { ...joins, mode: 1, note: 'foreign' },
    ],
    [
      'nor one that a certificate of that name is recognised as',
      { trusted: developer, recognised: device('d1', 'factory') },
      { ...joins, mode: 1 },
    ],
    [
      'nor of a device with a pre-shared key',
      { trusted: developer, claimed: device('d1', null) },
      { ...joins, mode: 1, note: 'foreign' },
    ],
    [
      'a device that is enrolled claims its enrolment',
      { trusted: { ...factory, enrollmentMode: true }, enrolment: enrolled },
      { ...joins, mode: 5, claims: 'e' },
    ],
    ['also where that is not asked for', { enrolment: enrolled }, { ...joins, mode: 5, claims: 'e' }],
    [
      'also one with a developer certificate',
      { trusted: { ...developer, enrollmentMode: true }, enrolment: enrolled },
      { ...joins, mode: 1, claims: 'e' },
    ],
    ['not enrolled', { trusted: { ...factory, enrollmentMode: true } }, { denied: 'not-enrolled' }],
    [
      'not enrolled, although known',
      { trusted: { ...factory, enrollmentMode: true }, recognised: device('d1', 'factory') },
      { denied: 'not-enrolled' },
    ],
    [
      'enrolled in another account',
      { trusted: { ...factory, enrollmentMode: true }, enrolment: { ...enrolled, accountId: 'other' } },
      { denied: 'not-enrolled' },
    ],
    ['an account that is suspended', { account: { suspended: true, room: true } }, { denied: 'account-suspended' }],
    ['a name that is not in the certificate', { endpointName: 'node-2' }, { denied: 'endpoint-name-foreign' }],
    ['another letter case is another name', { endpointName: 'NODE-1' }, { denied: 'endpoint-name-foreign' }],
    ['no name at all', { names: [], endpointName: '' }, { denied: 'endpoint-name-malformed' }],
    [
      'a name too long for the device itself',
      { names: [], endpointName: 'x'.repeat(64) },
      { denied: 'endpoint-name-malformed' },
    ],
    ['a name with a line break', { names: ['a\nb'], endpointName: 'a\nb' }, { denied: 'endpoint-name-malformed' }],
    ['a suspended device', { recognised: device('d1', 'factory', { blocked: true }) }, { denied: 'device-suspended' }],
    [
      'a suspended device with a developer certificate',
      { trusted: developer, claimed: device('d1', 'dev', { blocked: true }) },
      { denied: 'device-suspended' },
    ],
    ['one device too many', { account: { suspended: false, room: false } }, { denied: 'device-limit' }],
    [
      'one device too many for the certificate',
      { trusted: developer, certificateRoom: false },
      { denied: 'device-limit' },
    ],
    [
      'a known device needs no room',
      { account: { suspended: false, room: false }, recognised: device('d1', 'factory') },
      { ...joins, mode: 5, deviceId: 'd1' },
    ],
  ] as const) {
    assert.deepEqual(decideJoin(facts(given)), expected, what);
  }
});

test('who may talk to the LwM2M server', () => {
  const good: CredentialFacts = {
    now,
    device: { id: 'd1', caId: 'factory', blocked: false, originInactive: false },
    account: { suspended: false },
    credentials: { issuedAt: 1000, notAfter: now.getTime(), authorityRetired: false },
    newestUsed: 1000,
  };
  const known = { id: 'd1', caId: null, blocked: false, originInactive: false };
  for (const [what, given, expected] of [
    ['its newest credentials', {}, { deviceId: 'd1' }],
    ['newer ones than it has used', { newestUsed: 500 }, { deviceId: 'd1' }],
    ['its first ones', { newestUsed: undefined }, { deviceId: 'd1' }],
    ['older ones than it has used', { newestUsed: 1001 }, { denied: 'credentials-superseded' }],
    ['a device that was deleted', { device: undefined }, { denied: 'credentials-unknown' }],
    ['a suspended device', { device: { ...known, blocked: true } }, { denied: 'device-suspended' }],
    [
      'one whose certificate was set inactive',
      { device: { ...known, originInactive: true } },
      { denied: 'certificate-inactive' },
    ],
    ['a suspended account', { account: { suspended: true } }, { denied: 'account-suspended' }],
    [
      'expired ones',
      { credentials: { ...good.credentials, notAfter: now.getTime() - 1 } },
      { denied: 'credentials-expired' },
    ],
    [
      'those of an authority that counts no longer',
      { credentials: { ...good.credentials, authorityRetired: true } },
      { denied: 'credentials-unknown' },
    ],
  ] as const) {
    assert.deepEqual(decideAdmission({ ...good, ...given }), expected, what);
  }
});

test('an enrolment identity says the fingerprint of a certificate', () => {
  const fingerprint = 'ab01'.repeat(16);
  const identity = enrolmentIdentity(fingerprint);
  assert.match(identity, /^A-AB:01:AB:01(:[0-9A-F]{2}){28}$/);
  assert.equal(enrolledFingerprint(identity), fingerprint);
  assert.equal(enrolledFingerprint(`A-${identity.slice(2).toLowerCase()}`), fingerprint);
  for (const wrong of [
    '',
    'A-',
    identity.slice(2),
    `${identity}:00`,
    identity.replace(':', ''),
    identity.replace('AB', 'GB'),
  ]) {
    assert.equal(enrolledFingerprint(wrong), undefined, wrong);
  }
});
