import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DerReader, generateKeyPair, issueCertificate, issueRevocationList, noClockValidity } from '@mooring/pki';

const { privateKey, publicKey } = generateKeyPair();
const certificate = issueCertificate({
  subject: { commonName: 'CA' },
  subjectKey: publicKey,
  key: privateKey,
  profile: 'authority',
  ...noClockValidity,
});
const template = {
  issuer: { certificate, key: privateKey },
  revoked: [],
  number: 1,
  thisUpdate: new Date('2024-01-01T00:00:00Z'),
  nextUpdate: new Date('2024-02-01T00:00:00Z'),
};

test('serials and dates stand in the list as they were given', () => {
  const list = issueRevocationList({
    ...template,
    revoked: [
      { serial: Uint8Array.of(0xff, 1), at: new Date('2023-12-01T00:00:00Z') },
      { serial: Uint8Array.of(1), at: new Date('2050-12-01T00:00:00Z') },
    ],
  });
  const body = new DerReader(list, 'the list').enter().enter();
  assert.equal(body.number('the version'), 1);
  body.next();
  body.next();
  assert.deepEqual([body.time(), body.time()], [template.thisUpdate, template.nextUpdate]);
  const entries = body.enter();
  const first = entries.enter();
  assert.equal(first.integer(), 0xff01n);
  assert.deepEqual(first.time(), new Date('2023-12-01T00:00:00Z'));
  const second = entries.enter();
  assert.equal(second.integer(), 1n);
  assert.deepEqual(second.time(), new Date('2050-12-01T00:00:00Z'));
  entries.finish();
});

test('a list without entries has no field for them (RFC 5280 §5.1.2.6)', () => {
  const body = new DerReader(issueRevocationList(template), 'the list').enter().enter();
  body.number('the version');
  body.next();
  body.next();
  body.time();
  body.time();
  assert.equal(body.peek(), 0xa0);
});

describe('what makes no sense is refused', () => {
  const other = generateKeyPair();
  const cases: [string, Parameters<typeof issueRevocationList>[0], string][] = [
    ['another key', { ...template, issuer: { certificate, key: other.privateKey } }, 'pki.issuer.mismatch'],
    ['a negative number', { ...template, number: -1 }, 'pki.serial.invalid'],
    ['half a number', { ...template, number: 1.5 }, 'pki.serial.invalid'],
    [
      'the serial zero',
      { ...template, revoked: [{ serial: new Uint8Array(1), at: new Date(0) }] },
      'pki.serial.invalid',
    ],
    ['an end before the start', { ...template, nextUpdate: new Date(0) }, 'pki.validity.invalid'],
  ];
  for (const [name, input, code] of cases) test(name, () => assert.throws(() => issueRevocationList(input), { code }));
});
