import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { derOf, pemBlocks, pemOf } from '@mooring/pki';
import fc from 'fast-check';
import { fixtureText } from './fixture.ts';

test('what is written is what OpenSSL writes', () => {
  const text = fixtureText('p384.cert.pem');
  assert.equal(pemOf('CERTIFICATE', derOf(text)), text);
});

test('any bytes read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const pem = pemOf('DATA', bytes);
      assert.deepEqual(derOf(pem, 'DATA'), bytes);
      assert.ok(pem.split('\n').every((line) => line.length <= 64));
    }),
  );
});

test('text around the blocks, CRLF and indentation do not matter', () => {
  const text = `subject=CN=x\r\n${fixtureText('p384.cert.pem').replaceAll('\n', ' \r\n')}end`;
  assert.deepEqual(derOf(text), derOf(fixtureText('p384.cert.pem')));
});

test('a bundle has its blocks in order, and one can be asked for by its label', () => {
  const text = fixtureText('p256.with-parameters.pem');
  assert.deepEqual(
    pemBlocks(text).map(({ label }) => label),
    ['EC PARAMETERS', 'EC PRIVATE KEY'],
  );
  assert.equal(derOf(text, 'EC PRIVATE KEY').length, 121);
});

describe('damaged text is refused, with the line', () => {
  const cases: [string, string, RegExp][] = [
    ['no block', 'hello', /no PEM block in this text/],
    ['no end', 'x\n-----BEGIN A-----\nAAAA\n', /begins in line 2 has no end/],
    ['an end without a beginning', '-----END A-----', /^Line 1 .* no BEGIN A before/],
    ['another end', '-----BEGIN A-----\nAAAA\n-----END B-----', /^Line 3 .*END B/],
    ['a beginning inside', '-----BEGIN A-----\n-----BEGIN A-----', /^Line 2 .*inside the one of line 1/],
    ['not base64', '-----BEGIN A-----\nA*AA\n-----END A-----', /^Line 3 .*not base64/],
    ['a letter short', '-----BEGIN A-----\nAAA\n-----END A-----', /^Line 3 .*not base64/],
    ['nothing inside', '-----BEGIN A-----\n-----END A-----', /^Line 2 .*not base64/],
  ];
  for (const [name, text, message] of cases) {
    test(name, () => assert.throws(() => derOf(text), { code: 'pki.pem.malformed', message }));
  }

  test('no block of that label', () => {
    assert.throws(() => derOf(fixtureText('rsa.cert.pem'), 'PRIVATE KEY'), {
      code: 'pki.pem.malformed',
      message: /no PEM block PRIVATE KEY .* only CERTIFICATE/,
    });
  });
});
