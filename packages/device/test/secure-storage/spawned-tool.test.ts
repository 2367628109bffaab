import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, spawnedTools } from '../../src/secure-storage/spawned-tool.ts';

const env = { PATH: process.env.PATH ?? '' };

test('a program that is not installed is named with what to install, and nothing is left waiting', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const run = spawnedTools(env, 'the package that has it');
  await assert.rejects(run('mooring-no-such-program', []), {
    code: 'storage.key.tool.missing',
    next: 'Install the package that has it.',
  });
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length, before);
});

test('input goes in, output and status come out', async () => {
  const run = spawnedTools(env, '');
  const { status, output, said } = await run('sh', ['-c', 'cat; echo no >&2; exit 7'], {
    input: Buffer.from('secret'),
  });
  assert.deepEqual([status, output.toString(), said], [7, 'secret', 'no\n']);
});

test('a program that says nothing is ended', async () => {
  assert.equal((await spawnedTools(env, '', 50)('sleep', ['60'])).status, 137);
});

for (const [said, line] of [
  ['', 'it said nothing'],
  ['WARNING:esys:src/x.c:3:f() TPM Error\nERROR: Esys_Load(0x1DF)', 'Esys_Load(0x1DF)'],
  [
    'WARNING:esys:src/x.c:3:f() TPM Error\nFailed to unseal: State not recoverable.',
    'Failed to unseal: State not recoverable',
  ],
  ['WARNING:esys:src/x.c:3:f() TPM Error', 'WARNING:esys:src/x.c:3:f() TPM Error'],
  ['Using slot 0\nerror: object not found', 'object not found'],
] as const) {
  test(`of ${JSON.stringify(said)} it says ${JSON.stringify(line)}`, () => assert.equal(complaint(said), line));
}
