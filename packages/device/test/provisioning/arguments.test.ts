import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reference } from '../../src/provisioning/reference.ts';
import { usage, utility } from '../../src/provisioning/utility.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { credentialSet, writeSet } from './credential-set.ts';
import { run } from './terminal.ts';

for (const [what, argv] of [
  ['no argument', []],
  ['options alone', ['--json', '--store', 'x']],
  ['an unknown option', ['--provisioning']],
  ['a beginning of an option', ['--prov']],
  ['a short option', ['-h']],
  ['a word', ['provision']],
  ['a word after an action', ['--provision', 'now']],
  ['a word behind --', ['--provision', '--', 'now']],
  ['two actions', ['--provision', '--get-pelion-status']],
  ['an action twice', ['--provision', '--provision']],
  ['an action and help', ['--provision', '--help']],
  ['an action with a value', ['--provision=yes']],
  ['an option without its value', ['--provision', '--store']],
  ['an option with an empty value', ['--provision', '--store=']],
  ['an option that swallows the next one', ['--provision', '--store', '--json']],
  ['a request without a name', ['--make-key']],
  ['the name of a request with another action', ['--provision', '--endpoint-name', 'one']],
  ['the account of a request with another action', ['--get-pelion-status', '--account-id', 'one']],
  ['json with a value', ['--provision', '--json=yes']],
] as const) {
  test(`${what}: usage, exit 2, nothing done`, async (t) => {
    const cwd = temporaryFolder(t);
    const { status, out, err } = await run(argv, { cwd });
    assert.equal(status, 2);
    assert.match(err.join('\n'), /\n\nUsage: pelion-provisioning-util ACTION/);
    if (!argv.includes('--json' as never)) assert.deepEqual(out, []);
    assert.deepEqual(readdirSync(cwd), []);
  });
}

test('wrong arguments with --json: the error as an object too', async () => {
  const { status, json } = await run(['--json', '--nothing']);
  assert.equal(status, 2);
  assert.equal((json().error as { code: string }).code, 'usage');
});

test('help goes to standard output, exit 0, and names every option', async () => {
  const { status, out, err } = await run(['--help']);
  assert.deepEqual([status, err], [0, []]);
  for (const { flag } of [...utility.actions, ...utility.options, ...utility.requestOptions, utility.jsonFlag]) {
    assert.ok(
      out.some((line) => line.includes(flag)),
      flag,
    );
  }
  assert.equal(`${out.join('\n')}\n`, usage());
});

for (const [what, argv, env] of [
  ['options', ['--certs-dir', 'certs', '--store', 'here/store', '--key-file=here/key'], {}],
  ['options with =', ['--certs-dir=certs', '--store=here/store', '--key-file', 'here/key'], {}],
  [
    'the environment',
    [],
    { MOORING_PROVISIONING_CERTS_DIR: 'certs', MOORING_STORE_DIR: 'here/store', MOORING_STORE_KEY_FILE: 'here/key' },
  ],
  [
    'options before the environment',
    ['--certs-dir', 'certs', '--store', 'here/store', '--key-file', 'here/key'],
    { MOORING_PROVISIONING_CERTS_DIR: 'a', MOORING_STORE_DIR: 'b', MOORING_STORE_KEY_FILE: 'c' },
  ],
] as const) {
  test(`folders by ${what}, relative to the working folder`, async (t) => {
    const cwd = temporaryFolder(t);
    writeSet(join(cwd, 'certs'), credentialSet());
    assert.equal((await run(['--provision', ...argv], { cwd, env })).status, 0);
    assert.deepEqual(readdirSync(join(cwd, 'here')).sort(), ['key', 'store']);
    assert.equal((await run([...argv, '--get-pelion-status'], { cwd, env })).status, 0);
  });
}

test('the key lies beside the storage folder unless it is told elsewhere', async (t) => {
  const cwd = temporaryFolder(t);
  writeSet(join(cwd, 'certs'), credentialSet());
  await run(['--provision', '--certs-dir', 'certs', '--store', 'store/'], { cwd });
  assert.ok(existsSync(join(cwd, 'store.key')));
});

test('the reference page has every option, file, text and exit status', () => {
  const page = reference();
  for (const part of [
    '--provision',
    '--key-file FILE',
    'MOORING_STORE_DIR',
    'arm_uc_class_id.bin',
    'Item does not exist',
    '| 2 |',
  ]) {
    assert.ok(page.includes(part), part);
  }
});
