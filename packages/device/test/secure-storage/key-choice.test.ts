import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { parseKeyChoice } from '../../src/secure-storage/key-choice.ts';
import { decodeSealed } from '../../src/secure-storage/sealed-form.ts';

const module = '/usr/lib/token.so';

for (const [text, choice] of [
  ['file', { kind: 'file' }],
  ['file:keys/one', { kind: 'file', path: 'keys/one' }],
  ['tpm', { kind: 'tpm' }],
  ['tpm:0x018ABCDE', { kind: 'tpm', index: '0x018abcde' }],
  ['systemd-creds', { kind: 'systemd-creds' }],
  ['systemd-creds:host+tpm2', { kind: 'systemd-creds', seal: 'host+tpm2' }],
  [
    `pkcs11:token=a%20b;object=key;type=private?module-path=${module}&pin-source=file:/etc/pin`,
    { kind: 'pkcs11', uri: { module, token: 'a b', object: 'key', pinFile: '/etc/pin' } },
  ],
  [`pkcs11:token=a;id=%0a%FF?module-path=${module}`, { kind: 'pkcs11', uri: { module, token: 'a', id: '0aff' } }],
] as const) {
  test(`--key ${text}`, () => assert.deepEqual(parseKeyChoice(text), choice));
}

for (const [what, text, says] of [
  ['an unknown kind', 'yubikey', /file\[:PATH\], tpm/],
  ['a beginning', 'tp', /one of/],
  ['file without a path', 'file:', /one of/],
  ['a counter that is not the owner’s', 'tpm:0x01c00002', /0x01800000/],
  ['a counter in decimal', 'tpm:25165824', /0x01800000/],
  ['the seal that protects nothing', 'systemd-creds:tpm2-absent', /one of/],
  ['a token without a module', 'pkcs11:token=a;object=b', /module-path/],
  ['a relative module', 'pkcs11:token=a;object=b?module-path=token.so', /module-path/],
  ['a token without a name', `pkcs11:object=b?module-path=${module}`, /token/],
  ['no key pair', `pkcs11:token=a?module-path=${module}`, /object/],
  ['an attribute we do not know', `pkcs11:token=a;object=b;serial=1?module-path=${module}`, /serial is not supported/],
  ['an attribute twice', `pkcs11:token=a;token=b;object=c?module-path=${module}`, /twice/],
  ['a broken percent', `pkcs11:token=%2;object=c?module-path=${module}`, /"%"/],
  ['a PIN for everybody to see', `pkcs11:token=a;object=b?module-path=${module}&pin-value=1234`, /pin-source/],
  ['a relative PIN file', `pkcs11:token=a;object=b?module-path=${module}&pin-source=pin`, /absolute/],
] as const) {
  test(`--key refused: ${what}`, () => {
    assert.throws(
      () => parseKeyChoice(text),
      (error: unknown) => {
        assert.ok(isMooringError(error) && error.code === 'storage.key.setting');
        assert.match(`${error.message} ${error.next}`, says);
        assert.ok(!error.message.includes('1234'));
        return true;
      },
    );
  });
}

test('any text is a choice or a setting that is not one', () => {
  const words = fc.constantFrom(
    'tpm',
    'file',
    'pkcs11:',
    'systemd-creds',
    ':',
    ';',
    '=',
    '?',
    '&',
    '%',
    'token',
    'id',
    '0x01',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parseKeyChoice(text);
        } catch (error) {
          assert.ok(isMooringError(error) && error.code === 'storage.key.setting', String(error));
        }
      },
    ),
  );
});

test('any bytes as a sealed key: read or refused by that name', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        try {
          decodeSealed(bytes, ['a']);
        } catch (error) {
          assert.ok(isMooringError(error) && error.code === 'storage.key.malformed', String(error));
        }
      },
    ),
  );
});
