// The key of the secure storage in a real TPM 2.0 implementation: swtpm through tpm2-tools
// (Debian: apt install swtpm tpm2-tools).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { missing } from '../../../test/peers/missing.ts';
import { defaultIndex } from '../src/secure-storage/tpm/tpm-key.ts';
import { credentialSet, writeSet } from '../test/provisioning/credential-set.ts';
import { run } from '../test/provisioning/terminal.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { type SoftwareTpm, softwareTpm } from './software-tpm.ts';

const skip = missing(['swtpm', 'tpm2_createprimary'], 'swtpm tpm2-tools');
const main = join(import.meta.dirname, '../src/provisioning/main.ts');
const sets = [credentialSet('first'), credentialSet('second')] as const;

async function board(t: TestContext) {
  const tpm = await softwareTpm(t);
  const cwd = temporaryFolder(t);
  const scratch = join(cwd, 'scratch');
  mkdirSync(scratch);
  const env = { ...tpm.env, TMPDIR: scratch };
  const command = (argv: string[], device: SoftwareTpm = tpm) =>
    run([...argv, '--store', 'store', '--certs-dir', 'certs'], { cwd, env: { ...env, ...device.env } });
  const provision = (set: (typeof sets)[number], ...more: string[]) => {
    writeSet(join(cwd, 'certs'), set);
    return command(['--provision', ...more]);
  };
  const endpoint = async () => {
    const { err, json } = await command(['--get-pelion-status', '--json']);
    return json().endpointName ?? err.join('\n');
  };
  return {
    tpm,
    cwd,
    env,
    scratch,
    store: join(cwd, 'store'),
    index: defaultIndex(join(cwd, 'store')),
    command,
    provision,
    endpoint,
  };
}

test('provisioned with a TPM: key and counter are in it, and the status has nothing to warn of', {
  skip,
}, async (t) => {
  const { cwd, scratch, command, provision, tpm } = await board(t);
  const done = await provision(sets[0], '--key', 'tpm');
  assert.deepEqual([done.status, done.err], [0, []]);
  assert.deepEqual(readdirSync(cwd).sort(), ['certs', 'scratch', 'store'], 'no key file');
  assert.deepEqual(readdirSync(scratch), [], 'no file of the tools');
  await tpm.cutPower();
  // --key is not needed any more: the storage says what it needs.
  const { status, err, out } = await command(['--get-pelion-status']);
  assert.equal(status, 0, err.join('\n'));
  assert.equal(out.at(-1), 'Device is configured correctly. You can connect to Pelion Cloud!');
  assert.doesNotMatch(err.join('\n'), /key of the secure storage/);
  const { key } = (await command(['--get-pelion-status', '--json'])).json() as { key: Record<string, unknown> };
  assert.deepEqual([key.provider, key.seesCopies, key.seesRollback], ['tpm', true, true]);
});

for (const [what, harm, says] of [
  ['edited', ({ store }) => flip(join(store, 'store')), /is damaged/],
  ['with an edited seal', ({ store }) => flip(join(store, 'store'), 300), /is damaged: its header was changed/],
  [
    'with another seal of the same TPM',
    async ({ cwd, env, store }) => {
      const options = ['--key', 'tpm:0x01800100', '--store', 'other', '--certs-dir', 'certs'];
      assert.equal((await run(['--provision', ...options], { cwd, env })).status, 0);
      const [own, other] = [join(store, 'store'), join(cwd, 'other/store')].map((path) => readFileSync(path)) as [
        Buffer,
        Buffer,
      ];
      writeFileSync(join(store, 'store'), withSealOf(own, other));
    },
    /written with another key/,
  ],
  [
    'rolled back',
    async ({ cwd, store, provision }) => {
      cpSync(store, join(cwd, 'copy'), { recursive: true });
      assert.equal((await provision(sets[1])).status, 0);
      rmSync(store, { recursive: true });
      cpSync(join(cwd, 'copy'), store, { recursive: true });
    },
    /an old copy was put back/,
  ],
  [
    'rolled back behind a wipe',
    async ({ cwd, store, provision }) => {
      cpSync(store, join(cwd, 'copy'), { recursive: true });
      rmSync(store, { recursive: true });
      assert.equal((await provision(sets[1], '--key', 'tpm')).status, 0);
      rmSync(store, { recursive: true });
      cpSync(join(cwd, 'copy'), store, { recursive: true });
    },
    /an old copy was put back/,
  ],
  ['of a TPM that was cleared', ({ tpm }) => tpm.tool('tpm2_clear'), /did not seal the key .* or was cleared/],
  [
    'whose counter is gone',
    ({ tpm, index }) => tpm.tool('tpm2_nvundefine', '-C', 'o', index),
    /counter 0x01804.* cannot be used: it is not there/,
  ],
  [
    'whose counter is an ordinary index of the same number',
    ({ tpm, index, cwd }) => {
      tpm.tool('tpm2_nvundefine', '-C', 'o', index);
      tpm.tool('tpm2_nvdefine', '-C', 'o', '-s', '8', '-a', 'ownerread|ownerwrite', index);
      const number = join(cwd, 'number');
      writeFileSync(number, Buffer.from('0000000000000002', 'hex'));
      tpm.tool('tpm2_nvwrite', '-C', 'o', '-i', number, index);
    },
    /something else is in its place/,
  ],
] as const satisfies readonly [string, (here: Awaited<ReturnType<typeof board>>) => unknown, RegExp][]) {
  test(`a storage ${what} is refused, and not touched`, { skip }, async (t) => {
    const here = await board(t);
    assert.equal((await here.provision(sets[0], '--key', 'tpm')).status, 0);
    await harm(here);
    const before = readFileSync(join(here.store, 'store'));
    const { status, err } = await here.command(['--get-pelion-status']);
    assert.equal(status, 1);
    assert.equal(err[0], 'Internal storage error:');
    assert.match(err.join('\n'), says);
    assert.deepEqual(readdirSync(here.scratch), []);
    assert.deepEqual(readFileSync(join(here.store, 'store')), before);
  });
}

function flip(path: string, at = -5): void {
  const bytes = readFileSync(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] as number) ^ 1;
  writeFileSync(path, bytes);
}

/** The storage `own` with the sealed key of `other`, and a checksum that fits. */
function withSealOf(own: Buffer, other: Buffer): Buffer {
  const [end, otherEnd] = [own, other].map((bytes) => 96 + bytes.readUInt16BE(94)) as [number, number];
  const header = Buffer.concat([own.subarray(0, 94), other.subarray(94, otherEnd)]);
  return Buffer.concat([header, createHash('sha256').update(header).digest().subarray(0, 16), own.subarray(end + 16)]);
}

test('copied to another board it is refused there', { skip }, async (t) => {
  const here = await board(t);
  await here.provision(sets[0], '--key', 'tpm');
  const { status, err } = await here.command(['--get-pelion-status'], await softwareTpm(t));
  assert.equal(status, 1);
  assert.match(err.join('\n'), /The TPM of this device did not seal the key/);
});

test('a board without the TPM says what it misses', { skip }, async (t) => {
  const here = await board(t);
  await here.provision(sets[0], '--key', 'tpm');
  const gone = { ...here.tpm, env: { ...here.tpm.env, TPM2TOOLS_TCTI: 'device:/dev/no-tpm' } };
  const { status, err } = await here.command(['--get-pelion-status'], gone);
  assert.equal(status, 1);
  assert.match(err.join('\n'), /Check that the device has a TPM \(\/dev\/tpmrm0\)/);
});

test('an owner hierarchy with a password is named', { skip }, async (t) => {
  const here = await board(t);
  here.tpm.tool('tpm2_changeauth', '-c', 'owner', 'secret');
  const { status, err } = await here.provision(sets[0], '--key', 'tpm');
  assert.equal(status, 1);
  assert.match(err.join('\n'), /owner hierarchy of the TPM has a password/);
  assert.equal(existsSync(join(here.store, 'store')), false);
});

test('from a key file to the TPM and back', { skip }, async (t) => {
  const here = await board(t);
  await here.provision(sets[0]);
  const copy = join(here.cwd, 'copy');
  const to = await here.command(['--migrate-key', '--key', 'tpm']);
  assert.equal(to.status, 0, to.err.join('\n'));
  assert.equal(existsSync(`${here.store}.key`), false, 'the key file is gone');
  assert.equal(await here.endpoint(), 'first');
  cpSync(here.store, copy, { recursive: true });
  const back = await here.command(['--migrate-key', '--key', 'file']);
  assert.equal(back.status, 0, back.err.join('\n'));
  assert.equal(await here.endpoint(), 'first');
  rmSync(here.store, { recursive: true });
  cpSync(copy, here.store, { recursive: true });
  const old = await here.command(['--get-pelion-status']);
  assert.match(old.err.join('\n'), /counter .* is not there/, 'the old copy of the TPM time is refused');
});

test('kill -9 of the program, and power cuts of the TPM, at any time: old or new, and the next run completes', {
  skip,
}, async (t) => {
  const here = await board(t);
  await here.provision(sets[0], '--key', 'tpm');
  let known = 'first';
  const seen = new Set<string>();
  for (let round = 1; round <= 8; round += 1) {
    const next = round % 2 === 1 ? 'second' : 'first';
    writeSet(join(here.cwd, 'certs'), sets[round % 2] as (typeof sets)[number]);
    const child = spawn(process.execPath, [main, '--provision', '--store', 'store', '--certs-dir', 'certs'], {
      cwd: here.cwd,
      env: here.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    await Promise.race([sleep(Math.random() * 250), ended]);
    child.kill('SIGKILL');
    await ended;
    // A tool that it had started may still be talking to the TPM.
    await here.tpm.cutPower();
    const found = String(await here.endpoint());
    assert.ok([known, next].includes(found), `round ${round}: ${found}`);
    seen.add(found === next ? 'new' : 'old');
    if (found !== next) {
      const again = await here.command(['--provision']);
      assert.equal(again.status, 0, again.err.join('\n'));
      assert.equal(await here.endpoint(), next);
    }
    known = next;
  }
  assert.ok(seen.size > 0);
});
