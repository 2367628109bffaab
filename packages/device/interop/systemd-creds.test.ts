// The key of the secure storage sealed by the real systemd-creds, with a host secret and with a swtpm
// (Debian: apt install systemd swtpm libtss2-tcti-swtpm0).
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing, notTested } from '../../../test/peers/missing.ts';
import { credentialSet, writeSet } from '../test/provisioning/credential-set.ts';
import { run } from '../test/provisioning/terminal.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { softwareTpm } from './software-tpm.ts';

const root = process.getuid?.() === 0;
const skip = missing(['systemd-creds'], 'systemd') || (!root && notTested('systemd-creds needs root'));
const skipTpm = skip || missing(['swtpm', 'tpm2_pcrextend'], 'swtpm tpm2-tools');
const sets = [credentialSet('first'), credentialSet('second')] as const;

/** A host whose secret is a file of its own, as systemd lets tests have it. */
function host(t: TestContext, more: Record<string, string> = {}) {
  const cwd = temporaryFolder(t);
  const env = { PATH: process.env.PATH ?? '', SYSTEMD_CREDENTIAL_SECRET: join(cwd, 'host-secret'), ...more };
  const command = (argv: string[], changed: Record<string, string> = {}) =>
    run([...argv, '--store', 'store', '--certs-dir', 'certs'], { cwd, env: { ...env, ...changed } });
  const provision = (set: (typeof sets)[number], ...argv: string[]) => {
    writeSet(join(cwd, 'certs'), set);
    return command(['--provision', ...argv]);
  };
  return { cwd, env, command, provision, store: join(cwd, 'store/store') };
}

test('sealed with the secret of the host: no key file, and the status says what it does not see', {
  skip,
}, async (t) => {
  const { cwd, provision, command } = host(t);
  const done = await provision(sets[0], '--key', 'systemd-creds');
  assert.equal(done.status, 0, done.err.join('\n'));
  assert.deepEqual(readdirSync(cwd).sort(), ['certs', 'host-secret', 'store']);
  const { status, err } = await command(['--get-pelion-status']);
  assert.equal(status, 0);
  assert.match(err.join('\n'), /sealed with the host's secret, which is a file too: neither copying/);
  assert.equal((await provision(sets[1])).status, 0, 'it is opened again, and changed');
  const { key } = (await command(['--get-pelion-status', '--json'])).json() as { key: Record<string, unknown> };
  assert.deepEqual([key.provider, key.seesCopies, key.seesRollback], ['systemd-creds', false, false]);
});

test('on another host it is refused, and not touched', { skip }, async (t) => {
  const { cwd, provision, command, store } = host(t);
  await provision(sets[0], '--key', 'systemd-creds');
  const before = readFileSync(store);
  const { status, err } = await command(['--get-pelion-status'], {
    SYSTEMD_CREDENTIAL_SECRET: join(cwd, 'another-secret'),
  });
  assert.equal(status, 1);
  assert.match(err.join('\n'), /systemd-creds does not open the key.*\n.*on the host that wrote it/);
  assert.deepEqual(readFileSync(store), before);
});

test('an edited seal is refused', { skip }, async (t) => {
  const { provision, command, store } = host(t);
  await provision(sets[0], '--key', 'systemd-creds');
  const bytes = readFileSync(store);
  bytes[300] = (bytes[300] as number) ^ 1;
  writeFileSync(store, bytes);
  const { status, err } = await command(['--get-pelion-status']);
  assert.equal(status, 1);
  assert.match(err.join('\n'), /is damaged: its header was changed/);
});

test('from a key file to systemd-creds: the key file is gone', { skip }, async (t) => {
  const { cwd, provision, command } = host(t);
  await provision(sets[0]);
  assert.ok(existsSync(join(cwd, 'store.key')));
  const done = await command(['--migrate-key', '--key', 'systemd-creds:host']);
  assert.equal(done.status, 0, done.err.join('\n'));
  assert.equal(existsSync(join(cwd, 'store.key')), false);
  assert.equal((await command(['--get-pelion-status'])).status, 0);
});

test('sealed with a TPM: a copy is refused on another board', { skip: skipTpm }, async (t) => {
  const [own, other] = [await softwareTpm(t), await softwareTpm(t)];
  const { provision, command } = host(t, own.env);
  const done = await provision(sets[0], '--key', 'systemd-creds:tpm2');
  assert.equal(done.status, 0, done.err.join('\n'));
  const { status, err } = await command(['--get-pelion-status']);
  assert.equal(status, 0);
  assert.match(err.join('\n'), /A copy .* is of no use elsewhere, but putting an older copy back/);
  const copied = await command(['--get-pelion-status'], other.env);
  assert.equal(copied.status, 1);
  assert.match(copied.err.join('\n'), /does not open the key/);
});

test('sealed with a TPM: another state of secure boot is named', { skip: skipTpm }, async (t) => {
  const tpm = await softwareTpm(t);
  const { provision, command } = host(t, tpm.env);
  await provision(sets[0], '--key', 'systemd-creds:host+tpm2');
  tpm.tool('tpm2_pcrextend', `7:sha256=${'1'.padStart(64, '0')}`);
  const { status, err } = await command(['--get-pelion-status']);
  assert.equal(status, 1);
  assert.match(err.join('\n'), /The state of secure boot \(PCR 7\)/);
});

test('without a TPM the seal with one is not made, and nothing is stored', { skip: skipTpm }, async (t) => {
  const { cwd, provision } = host(t, { TPM2TOOLS_TCTI: 'device:/dev/no-tpm' });
  const { status, err } = await provision(sets[0], '--key', 'systemd-creds:tpm2');
  assert.equal(status, 1);
  assert.match(err.join('\n'), /did not seal a key/);
  assert.equal(existsSync(join(cwd, 'store/store')), false);
});
