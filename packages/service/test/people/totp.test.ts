import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base32, totpCode, totpStep, totpStepOf, totpUri } from '../../src/people/totp.ts';
import { service } from '../http/service-fixture.ts';
import { administrator, Browser, password } from '../sessions/browser.ts';

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const secret = ascii('12345678901234567890');

test('the codes of RFC 6238, appendix B (SHA-1), to six digits', () => {
  for (const [seconds, code] of [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ] as const) {
    assert.equal(totpCode(secret, totpStep(seconds * 1000)), code, String(seconds));
  }
});

test('base32 as in RFC 4648 §10, without padding', () => {
  for (const [text, encoded] of [
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ] as const) {
    assert.equal(base32(ascii(text)), encoded);
  }
});

test('a code is good in its step and the two beside it, and once', () => {
  const now = 1_111_111_111_000;
  const step = totpStep(now);
  for (const [other, found] of [
    [-2, undefined],
    [-1, step - 1],
    [0, step],
    [1, step + 1],
    [2, undefined],
  ] as const) {
    assert.equal(totpStepOf(secret, totpCode(secret, step + other), now, 0), found, String(other));
  }
  const code = totpCode(secret, step);
  assert.equal(totpStepOf(secret, `${code.slice(0, 3)} ${code.slice(3)}`, now, 0), step);
  assert.equal(totpStepOf(secret, code, now, step), undefined);
  for (const wrong of ['', '12345', '1234567', 'abcdef', '¹²³⁴⁵⁶'])
    assert.equal(totpStepOf(secret, wrong, now, 0), undefined);
});

test('the address for a QR code names account and user', () => {
  assert.equal(
    totpUri(secret, { issuer: 'Acme & Sons', user: 'ada@example.com' }),
    `otpauth://totp/Acme%20%26%20Sons:ada%40example.com?secret=${base32(secret)}&issuer=Acme%20%26%20Sons`,
  );
});

const fromBase32 = (text: string): Uint8Array => {
  const bits = [...text].map((each) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(each).toString(2).padStart(5, '0'));
  return Uint8Array.from(bits.join('').match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
};

test('a second factor is set up, asked for, replaced by a scratch code, and turned off', async (t) => {
  const fixture = await service(t);
  const { clock } = fixture;
  const browser = await administrator(fixture);
  const other = new Browser(fixture);
  const sign = (more = {}) => other.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password, ...more });
  await sign();
  const proof = { current_password: password };
  assert.equal((await browser.ask('POST', '/v3/portal/totp', { current_password: 'wrong' })).status, 400);
  const { body: setup } = await browser.ask('POST', '/v3/portal/totp', proof);
  assert.match(setup.uri, /^otpauth:\/\/totp\/Acme:Ada%40Example\.com\?secret=[A-Z2-7]{32}&issuer=Acme$/);
  const code = () => totpCode(fromBase32(setup.secret), totpStep(clock.now().getTime()));
  assert.equal((await sign()).status, 200, 'nothing is asked for until it is confirmed');
  assert.equal((await browser.ask('POST', '/v3/portal/totp/confirm', { code: '000000' })).status, 400);
  const confirmed = await browser.ask('POST', '/v3/portal/totp/confirm', { code: code() });
  assert.equal(confirmed.body.codes.length, 10);
  assert.equal((await other.ask('GET', '/v3/devices')).status, 401, 'the other sessions end');
  await fixture.request('PUT', '/v3/accounts/me', { body: { mfa_status: 'enforced' } });
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 200, 'this one has shown it');

  const without = await sign();
  assert.deepEqual([without.status, without.body.type], [401, 'second_factor_required']);
  assert.equal((await sign({ code: code() })).status, 401, 'the code was used to confirm');
  clock.set('2026-11-22T20:03:20Z');
  assert.equal((await sign({ code: code() })).status, 200);
  assert.equal((await sign({ code: code() })).status, 401, 'each is good once');
  const [scratch] = confirmed.body.codes;
  assert.match(scratch, /^[A-Z2-7]{5}-[A-Z2-7]{5}$/);
  assert.equal((await sign({ code: scratch.toLowerCase().replace('-', ' ') })).status, 200);
  assert.equal((await sign({ code: scratch })).status, 401);
  const { codes } = (await browser.ask('POST', '/v3/portal/totp/scratch-codes', proof)).body;
  assert.equal((await sign({ code: confirmed.body.codes[1] })).status, 401);
  assert.equal((await sign({ code: codes[1] })).status, 200);

  assert.equal((await browser.ask('POST', '/v3/portal/totp', proof)).status, 400, 'it is on already');
  assert.equal((await browser.ask('POST', '/v3/portal/totp/end', proof)).status, 204);
  assert.equal((await sign()).status, 200);
});

test('an administrator takes a second factor away from one who has lost it, and gives none', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  const { body: setup } = await browser.ask('POST', '/v3/portal/totp', { current_password: password });
  const code = totpCode(fromBase32(setup.secret), totpStep(fixture.clock.now().getTime()));
  await browser.ask('POST', '/v3/portal/totp/confirm', { code });
  const { id } = (await browser.ask('GET', '/v3/users/me')).body;
  const put = (is_totp_enabled: boolean) => fixture.request('PUT', `/v3/users/${id}`, { body: { is_totp_enabled } });
  assert.equal((await put(false)).body.is_totp_enabled, false);
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 401, 'and its sessions end');
  assert.deepEqual((await put(true)).body.fields[0].name, 'is_totp_enabled');
  assert.equal((await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password })).status, 200);
});
