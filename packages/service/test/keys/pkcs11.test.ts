import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { openMasterKey } from '../../src/keys/master-key.ts';
import { pkcs11MasterKey, wrappedKeyFileName } from '../../src/keys/pkcs11-key.ts';
import type { Token } from '../../src/keys/pkcs11-tool.ts';
import { type Pkcs11Uri, parsePkcs11Uri } from '../../src/keys/pkcs11-uri.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const how = '?module-path=/usr/lib/m.so';
const accepted: [what: string, uri: string, expected: Pkcs11Uri][] = [
  [
    'everything',
    'pkcs11:token=mooring;object=master?module-path=/usr/lib/m.so&pin-source=file:/etc/pin',
    { module: '/usr/lib/m.so', token: 'mooring', object: 'master', pinFile: '/etc/pin' },
  ],
  [
    'spaces and other letters are percent-encoded',
    `pkcs11:token=My%20Token;object=Schl%C3%BCssel${how}`,
    { module: '/usr/lib/m.so', token: 'My Token', object: 'Schlüssel' },
  ],
  ['an id is bytes', `pkcs11:token=t;id=%01%FF${how}`, { module: '/usr/lib/m.so', token: 't', id: '01ff' }],
  ['an id may be letters', `pkcs11:token=t;id=ab${how}`, { module: '/usr/lib/m.so', token: 't', id: '6162' }],
  ['a slot', `pkcs11:slot-id=7;object=o${how}`, { module: '/usr/lib/m.so', slot: 7, object: 'o' }],
  [
    'the kind of object',
    `pkcs11:token=t;object=o;type=private${how}`,
    { module: '/usr/lib/m.so', token: 't', object: 'o' },
  ],
  [
    'a file URI with host',
    `pkcs11:token=t;object=o${how}&pin-source=file://localhost/etc/pin`,
    { module: '/usr/lib/m.so', token: 't', object: 'o', pinFile: '/etc/pin' },
  ],
  [
    'a plain path for the PIN',
    `pkcs11:token=t;object=o${how}&pin-source=/etc/pin`,
    { module: '/usr/lib/m.so', token: 't', object: 'o', pinFile: '/etc/pin' },
  ],
];

for (const [what, uri, expected] of accepted) {
  test(`URI: ${what}`, () => assert.deepEqual(parsePkcs11Uri(uri), expected));
}

const refused: [what: string, uri: string, says: RegExp][] = [
  ['no module', 'pkcs11:token=t;object=o', /module-path/],
  ['a module that is looked for somewhere', 'pkcs11:token=t;object=o?module-path=m.so', /module-path/],
  ['no token', `pkcs11:object=o${how}`, /token/],
  ['no key', `pkcs11:token=t${how}`, /object/],
  ['the PIN itself', `pkcs11:token=t;object=o${how}&pin-value=1234`, /every user of the machine/],
  ['an attribute that would choose another key', `pkcs11:token=t;object=o;serial=1${how}`, /serial is not supported/],
  ['an attribute twice', `pkcs11:token=t;token=u;object=o${how}`, /twice/],
  ['half an escape', `pkcs11:token=t%2;object=o${how}`, /%/],
  ['a PIN from a command', `pkcs11:token=t;object=o${how}&pin-source=%7Ccat`, /absolute path/],
];

for (const [what, uri, says] of refused) {
  test(`URI refused: ${what}`, async () => {
    const { message } = await failure('master.key.uri.malformed', () => parsePkcs11Uri(uri));
    assert.match(message, says);
    assert.doesNotMatch(message, /1234/);
  });
}

test('no text breaks the reader of URIs', () => {
  const part = fc.constantFrom(
    'token',
    'object',
    'id',
    '=',
    ';',
    '?',
    '&',
    '%',
    '%41',
    'module-path',
    '/m',
    'x',
    'pin-source',
    'file:',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (rest) => {
        try {
          assert.ok(parsePkcs11Uri(`pkcs11:${rest}`).module.startsWith('/'));
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
        }
      },
    ),
  );
});

/** A token as this program needs one, with a key pair of its own. */
function tokenOf(pin: string): Token & { pins: string[] } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pins: string[] = [];
  return {
    pins,
    publicKey: async () => publicKey.export({ type: 'spki', format: 'der' }),
    async decrypt(wrapped, given) {
      pins.push(given);
      assert.equal(given, pin);
      return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, wrapped);
    },
  };
}

const uri: Pkcs11Uri = { module: '/m.so', token: 't', object: 'o' };
const env = { MOORING_PKCS11_PIN: '5678' };

test('the master key lies in the data folder, wrapped so that only the token opens it', async (t) => {
  const dataFolder = temporaryFolder(t);
  const token = tokenOf('5678');
  const provider = pkcs11MasterKey({ uri, token, dataFolder, env, place: 'the token' });
  assert.equal(await provider.load(), undefined);
  const made = await openMasterKey(provider, undefined);
  const file = join(dataFolder, wrappedKeyFileName);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).keyId, made.keyId);
  assert.equal((await openMasterKey(provider, made.keyId)).keyId, made.keyId);

  const other = pkcs11MasterKey({
    uri,
    token: { ...tokenOf('5678'), decrypt: async () => Buffer.alloc(32) },
    dataFolder,
    env,
    place: 'the token',
  });
  await failure('master.key.wrong', () => openMasterKey(other, made.keyId));
});

test('the PIN comes out of its file, without the line end', async (t) => {
  const dataFolder = temporaryFolder(t);
  const pinFile = join(dataFolder, 'pin');
  writeFileSync(pinFile, '5678\n');
  const token = tokenOf('5678');
  await pkcs11MasterKey({ uri: { ...uri, pinFile }, token, dataFolder, env: {}, place: 'the token' }).create();
  assert.deepEqual(token.pins, ['5678']);
  const without = pkcs11MasterKey({ uri, token, dataFolder, env: {}, place: 'the token' });
  await failure('master.key.uri.malformed', () => without.load());
});

test('a token that does not give the key back gets nothing to keep', async (t) => {
  const dataFolder = temporaryFolder(t);
  const token: Token = { ...tokenOf('5678'), decrypt: async () => Buffer.alloc(0) };
  await failure('master.key.wrong', () =>
    pkcs11MasterKey({ uri, token, dataFolder, env, place: 'the token' }).create(),
  );
  assert.equal(existsSync(join(dataFolder, wrappedKeyFileName)), false);
});

test('a wrapped key that was damaged is a sentence', async (t) => {
  const dataFolder = temporaryFolder(t);
  for (const content of ['', '{}', 'null', '[1]', '{"format":2}']) {
    writeFileSync(join(dataFolder, wrappedKeyFileName), content);
    const provider = pkcs11MasterKey({ uri, token: tokenOf('5678'), dataFolder, env, place: 'the token' });
    await failure('master.key.malformed', () => provider.load());
  }
});
