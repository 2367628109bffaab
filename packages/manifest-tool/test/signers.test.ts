import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { parsePkcs11Uri } from '../src/signing/pkcs11-uri.ts';
import { projectWithManifest, projectWithManifestV3 } from './manifests.ts';

const module = '/usr/lib/token.so';

test('a PKCS#11 URI names module, token, key and where the PIN is', () => {
  const uri = `pkcs11:token=My%20HSM;object=update;id=%0A%ff;type=private?module-path=${module}&pin-source=file:///etc/pin`;
  assert.deepEqual(parsePkcs11Uri(uri), {
    module,
    token: 'My HSM',
    object: 'update',
    id: '0aff',
    pinFile: '/etc/pin',
  });
  assert.deepEqual(parsePkcs11Uri(`pkcs11:slot-id=3;id=k?module-path=${module}&pin-source=file:/p`), {
    module,
    slot: '3',
    id: '6b',
    pinFile: '/p',
  });
});

const refused: [name: string, uri: string, says: RegExp][] = [
  ['no module', 'pkcs11:token=a;object=b', /module-path/],
  ['a module somewhere', 'pkcs11:token=a;object=b?module-path=token.so', /module-path, the absolute path/],
  ['no token', `pkcs11:object=b?module-path=${module}`, /token, the label/],
  ['no key', `pkcs11:token=a?module-path=${module}`, /object, the label/],
  ['a PIN in the URI', `pkcs11:token=a;object=b?module-path=${module}&pin-value=1234`, /would show the PIN/],
  ['an unknown attribute', `pkcs11:token=a;object=b;serial=1?module-path=${module}`, /serial is not supported/],
  ['one attribute twice', `pkcs11:token=a;token=b;object=b?module-path=${module}`, /token is given twice/],
  ['a broken escape', `pkcs11:token=%zz;object=b?module-path=${module}`, /not followed by two digits/],
  ['no value', `pkcs11:token=;object=b?module-path=${module}`, /token is empty/],
  ['a relative PIN file', `pkcs11:token=a;object=b?module-path=${module}&pin-source=file:pin`, /pin-source/],
  ['no name', `pkcs11:=a;object=b?module-path=${module}`, /name=value/],
];
for (const [name, uri, says] of refused) {
  test(`a PKCS#11 URI is refused: ${name}`, () => {
    assert.throws(
      () => parsePkcs11Uri(uri),
      (error) => isMooringError(error) && says.test(error.message) && !error.message.includes('1234'),
    );
  });
}

test('any text as a PKCS#11 URI is read or refused in words', () => {
  const part = fc.constantFrom(
    'token=',
    'object=',
    'id=',
    'module-path=/',
    'pin-source=',
    ';',
    '?',
    '&',
    '%',
    'a',
    '=',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parsePkcs11Uri(`pkcs11:${text}`);
        } catch (error) {
          assert.ok(isMooringError(error));
        }
      },
    ),
  );
});

test('a signer that is none is refused, and so is one beside a key', async (t) => {
  const project = await projectWithManifest(t);
  for (const signer of ['update.key.pem', 'ssh-agent:', 'hsm:7']) {
    const { status, stderr } = await project.run(['create', '-p', 'fw.bin', '-o', 'out', '--signer', signer]);
    assert.equal(status, 1);
    assert.match(stderr, /names no signer/);
  }
  const both = await project.run(['create', '-p', 'fw.bin', '-o', 'out', '-k', 'update.key.pem', '--signer', 'x']);
  assert.equal(both.status, 2);
  assert.match(both.stderr, /not allowed with argument/);
  assert.ok(!project.files().includes('out'));
});

test('without a key and a signer the words are those of argparse', async (t) => {
  const project = await projectWithManifestV3(t);
  const { status, stderr } = await project.run(['create', '-c', 'c.json', '-v', '1.2.3', '-o', 'out']);
  assert.equal(status, 2);
  assert.match(stderr, /manifest-tool create: error: the following arguments are required: -k\/--key\n/);
});
