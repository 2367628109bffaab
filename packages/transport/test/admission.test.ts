import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Admission, networkOf, plainAddress } from '../src/admission.ts';
import { reasonOfHandshakeError, reasonOfVerification } from '../src/refusal.ts';

describe('what counts as one address', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ] as const) {
    test(`${address} is of ${network}`, () => assert.equal(networkOf(address), network));
  }

  test('IPv4 is IPv4 also on a socket for both', () => {
    assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(plainAddress('::1'), '::1');
  });
});

test('places that are given back can be had again, also by those who were refused in between', () => {
  const admission = new Admission({ connections: 3, perAddress: 2, perCertificate: 1 });
  const certificate = Uint8Array.of(1, 2, 3);
  const first = admission.enter('2001:db8::1');
  const second = admission.enter('2001:db8::2');
  assert.ok(typeof first === 'object' && typeof second === 'object');
  assert.equal(admission.enter('2001:db8::3'), 'address-limit');
  assert.equal(admission.identify(first, certificate), true);
  assert.equal(admission.identify(second, certificate), false);
  assert.equal(typeof admission.enter('192.0.2.1'), 'object');
  assert.equal(admission.enter('192.0.2.2'), 'limit');
  admission.leave(second);
  admission.leave(first);
  const third = admission.enter('2001:db8::3');
  assert.ok(typeof third === 'object');
  assert.equal(admission.identify(third, certificate), true);
});

describe('what OpenSSL says becomes a reason', () => {
  for (const [code, reason] of [
    ['ERR_SSL_NO_SHARED_CIPHER', 'nothing-in-common'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'nothing-in-common'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'alert'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'alert'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'alert'],
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'no-certificate'],
    ['ERR_SSL_BAD_SIGNATURE', 'bad-certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'malformed'],
    ['ERR_SSL_HTTP_REQUEST', 'malformed'],
    ['ECONNRESET', 'closed'],
    [undefined, 'malformed'],
  ] as const) {
    test(`${code}: ${reason}`, () => assert.equal(reasonOfHandshakeError(code, ''), reason));
  }
  for (const [code, reason] of [
    ['CERT_HAS_EXPIRED', 'expired'],
    ['CERT_NOT_YET_VALID', 'not-yet-valid'],
    ['CERT_SIGNATURE_FAILURE', 'bad-certificate'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
  ] as const) {
    test(`${code}: ${reason}`, () => assert.equal(reasonOfVerification(code), reason));
  }
});
