import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { fileKeyProvider, provision, SecureStorage, status } from '../../src/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { credentialSet, type FileName, names, writeSet } from './credential-set.ts';
import { today } from './terminal.ts';

const set = credentialSet();

/** A change such as a bad transfer or an unkind person makes. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant('replace' as const), bytes: fc.uint8Array({ maxLength: 400 }) }),
  fc.record({ kind: fc.constant('swap' as const), other: fc.constantFrom(...Object.values(names)) }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(data: Uint8Array, change: Mutation): Uint8Array {
  if (change.kind === 'replace') return change.bytes;
  if (change.kind === 'swap') return set[change.other];
  const at = change.at % Math.max(1, data.length);
  if (change.kind === 'cut') return data.subarray(0, at);
  if (change.kind === 'insert') return Buffer.concat([data.subarray(0, at), change.bytes, data.subarray(at)]);
  const changed = Uint8Array.from(data);
  if (changed.length > 0) changed[at] = (changed[at] as number) ^ (1 << change.bit);
  return changed;
}

test('changed .bin files: stored whole and fit for use, or an expected error and the storage as it was', async (t) => {
  const root = temporaryFolder(t);
  const certificates = join(root, 'certs');
  const folder = join(root, 'store');
  const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(`${folder}.key`) });
  const outcomes = new Map<string, number>();
  const changes = fc.array(fc.tuple(fc.constantFrom(...Object.values(names)), mutation), {
    minLength: 1,
    maxLength: 2,
  });
  await provision({ certificatesFolder: writeSet(certificates, credentialSet('before')), storage });
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const changed = { ...set };
      for (const [name, change] of list as [FileName, Mutation][]) changed[name] = mutate(changed[name], change);
      writeSet(certificates, changed);
      const before = readFileSync(storage.file);
      let outcome = 'stored';
      try {
        await provision({ certificatesFolder: certificates, storage });
        // A flipped digit can make another date, which provisioning leaves to the status.
        assert.ok([undefined, 'expired'].includes((await status(storage, today)).error?.kind));
      } catch (error) {
        if (!isMooringError(error)) throw error;
        outcome = error.code;
        assert.deepEqual(readFileSync(storage.file), before);
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual([...outcomes.keys()].sort(), ['provisioning.credentials.invalid', 'stored']);
});
