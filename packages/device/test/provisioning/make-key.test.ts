import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair, keyIdentifierOf, matches, parseCertificate, parseRequest, spkiOf } from '@mooring/pki';
import { fileKeyProvider, type KeyRequest, pendingKeyItem, SecureStorage } from '../../src/index.ts';
import { readPrivateKey } from '../../src/provisioning/device-certificate.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  accountId,
  type CredentialSet,
  certificate,
  credentialSet,
  names,
  without,
  writeSet,
} from './credential-set.ts';
import { run } from './terminal.ts';

const key = 'mbed.BootstrapDevicePrivateKey';

function device(t: Pick<TestContext, 'after'>) {
  const root = temporaryFolder(t);
  const certificates = join(root, 'certs');
  const store = join(root, 'store');
  const options = ['--certs-dir', certificates, '--store', store];
  const makeKey = (name: string, ...more: string[]) =>
    run(['--make-key', '--endpoint-name', name, '--json', ...options, ...more]);
  const item = async (name: string): Promise<Buffer | undefined> => {
    const storage = await SecureStorage.open({ folder: store, keyProvider: fileKeyProvider(`${store}.key`) });
    const found = await storage.get(name);
    return found && Buffer.from(found.data);
  };
  return {
    root,
    store,
    options,
    certificates,
    makeKey,
    item,
    request: async (name: string, ...more: string[]) => (await makeKey(name, ...more)).json() as unknown as KeyRequest,
    provision(set: Partial<CredentialSet>, ...more: string[]) {
      writeSet(certificates, set);
      return run(['--provision', ...options, ...more]);
    },
    status: async () => (await run(['--get-pelion-status', ...options])).status,
  };
}

const authority = generateKeyPair();
const issuer = {
  certificate: parseCertificate(certificate('CA', authority.privateKey, { profile: 'authority' })).der,
  key: authority.privateKey,
};

/** What a service that got the request would send: no private key. */
function answerTo({ csr }: KeyRequest, name: string): Partial<CredentialSet> {
  const made = certificate(name, parseRequest(csr).publicKey, { issuer });
  return without({ ...credentialSet(name), [names.certificate]: made }, names.key);
}

test('a key is made, certified and used, and is nowhere but in the storage', async (t) => {
  const { request, provision, item, status, store, certificates } = device(t);
  const made = await request('endpoint-1', '--account-id', accountId);
  const { subject, spki, keyType } = parseRequest(made.csr);
  assert.deepEqual(subject, { organizationalUnit: accountId, commonName: 'endpoint-1' });
  assert.equal(keyType, 'P-256');
  assert.equal(made.keyId, Buffer.from(keyIdentifierOf(spki)).toString('hex'));
  assert.match(made.csr, /^-----BEGIN CERTIFICATE REQUEST-----\n/);
  const done = await provision(answerTo(made, 'endpoint-1'), '--json');
  assert.equal(done.status, 0, done.err.join('\n'));
  assert.equal(done.json().keyMadeHere, true);
  assert.equal(await status(), 0);
  assert.equal(await item(pendingKeyItem), undefined);
  const stored = readPrivateKey(key, (await item(key)) ?? Buffer.alloc(0));
  const sent = parseCertificate(readFileSync(join(certificates, `${names.certificate}.bin`)));
  assert.ok('asymmetricKeyType' in stored && matches(stored, sent));
  assert.ok(!readFileSync(join(store, 'store')).includes((await item(key)) as Buffer));
});

test('for people: the request on standard output, and what comes next beside it', async (t) => {
  const { options } = device(t);
  const { status, out, err } = await run(['--make-key', '--endpoint-name', 'endpoint-1', ...options]);
  assert.equal(status, 0);
  assert.equal(out.at(-1), '-----END CERTIFICATE REQUEST-----');
  assert.equal(parseRequest(out.join('\n')).subject.commonName, 'endpoint-1');
  assert.match(err.join('\n'), /waits in the secure storage.*[0-9a-f]{40}/);
});

test('while a key waits, every request is for it', async (t) => {
  const { request, provision, status } = device(t);
  const [first, second, other] = [await request('one'), await request('one'), await request('two')];
  assert.deepEqual([second.keyId, other.keyId], [first.keyId, first.keyId]);
  assert.equal((await provision(answerTo(first, 'one'))).status, 0, 'the first answer, after the later requests');
  assert.equal(await status(), 0);
  assert.notEqual((await request('one')).keyId, first.keyId, 'the next device key is a new one');
});

test('a device that works goes on with its old credentials until the new ones come', async (t) => {
  const { request, provision, item, status } = device(t);
  await provision(credentialSet('old'));
  const before = await item(key);
  const made = await request('new');
  assert.deepEqual(await item(key), before);
  assert.equal(await status(), 0);
  assert.equal((await provision(answerTo(made, 'new'))).status, 0);
  assert.notDeepEqual(await item(key), before);
  assert.equal(await status(), 0);
});

test('the same answer once more is the same provisioning once more', async (t) => {
  const { request, provision } = device(t);
  const answer = answerTo(await request('one'), 'one');
  await provision(answer);
  const again = (await provision(answer, '--json')).json();
  assert.deepEqual([again.repeated, again.keyMadeHere], [true, true]);
});

test('credentials that bring a key end the waiting', async (t) => {
  const { request, provision, item } = device(t);
  const made = await request('one');
  const { json } = await provision(credentialSet('one'), '--json');
  assert.deepEqual([json().keyMadeHere, await item(pendingKeyItem)], [false, undefined]);
  assert.equal((await provision(answerTo(made, 'one'))).status, 1);
});

test('a certificate for another key is refused, with an old line, and the key goes on waiting', async (t) => {
  const { request, provision, item, store } = device(t);
  const made = await request('one');
  const before = readFileSync(join(store, 'store'));
  const { status, err, json } = await provision(without(credentialSet('one'), names.key), '--json');
  assert.equal(status, 1);
  assert.equal((json().error as { code: string }).code, 'provisioning.key.unknown');
  assert.deepEqual(err.slice(1, 3), [
    'Error status is: Certificate public key validation failed:',
    'Developer Certificate Provisioning failed.',
  ]);
  assert.deepEqual(readFileSync(join(store, 'store')), before);
  assert.ok(await item(pendingKeyItem));
  assert.equal((await request('one')).keyId, made.keyId);
});

test('without a key that waits, a missing key file is a missing file as ever, and nothing is made', async (t) => {
  const { provision, store } = device(t);
  const { status, err } = await provision(without(credentialSet(), names.key));
  assert.equal(status, 1);
  assert.match(err[0] ?? '', /DEVICE_PRIVATE_KEY\.bincould not be opened$/);
  assert.equal(existsSync(store), false);
});

test('a key that waits does not stand in for other files', async (t) => {
  const { request, provision } = device(t);
  const { [names.uri]: _, ...rest } = answerTo(await request('one'), 'one');
  const { err } = await provision(rest);
  assert.equal(err.filter((line) => line.endsWith('could not be opened')).length, 2);
});

test('a certificate that cannot be read is named as such', async (t) => {
  const { request, provision } = device(t);
  const answer = { ...answerTo(await request('one'), 'one'), [names.certificate]: Buffer.from('0x30') };
  assert.equal((await provision(answer)).err[0], 'Error status is: Certificate parse failed:');
});

for (const [what, name, code] of [
  ['longer than 64 bytes', 'ä'.repeat(33), 'provisioning.name.invalid'],
  ['with a line end', 'one\ntwo', 'provisioning.name.invalid'],
  ['with half a character', 'one\ud800', 'pki.name.invalid'],
] as const) {
  test(`an endpoint name ${what} is refused, and no key is made`, async (t) => {
    const { makeKey, item } = device(t);
    const { status, json } = await makeKey(name);
    assert.equal(status, 1);
    assert.equal((json().error as { code: string }).code, code);
    assert.equal(await item(pendingKeyItem), undefined);
  });
}

test('kill -9 while a key is made: none or one, and the next request has it', async (t) => {
  const { root, options, request, item } = device(t);
  const main = join(import.meta.dirname, '../../src/provisioning/main.ts');
  let known: Buffer | undefined;
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, [main, '--make-key', '--endpoint-name', 'one', ...options], {
      cwd: root,
      stdio: 'ignore',
    });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    await Promise.race([sleep(80 + Math.random() * 160), ended]);
    child.kill('SIGKILL');
    await ended;
    const found = await item(pendingKeyItem);
    if (known) assert.deepEqual(found, known);
    known = found;
  }
  const { keyId } = await request('one');
  const waiting = readPrivateKey(key, (await item(pendingKeyItem)) ?? Buffer.alloc(0));
  assert.ok('asymmetricKeyType' in waiting);
  assert.equal(Buffer.from(keyIdentifierOf(spkiOf(waiting))).toString('hex'), keyId);
  assert.equal((await request('one')).keyId, keyId);
});
