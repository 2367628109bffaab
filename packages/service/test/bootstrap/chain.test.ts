import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { traceChain } from '../../src/bootstrap/chain.ts';
import { certificate } from './chains.ts';

const now = new Date('2026-11-22T20:00:00Z');

const trace = (shown: readonly string[], anchors: readonly string[], at = now) =>
  traceChain(
    shown.map(certificate),
    anchors.map((name) => ({ name, certificate: certificate(name) })),
    at,
  );

test('a leaf leads to the authority that signed it, itself or by way of others', () => {
  for (const [shown, anchors, anchor, issuer] of [
    [['node-1'], ['root'], 'root', 'root'],
    [['node-1'], ['other-root', 'root'], 'root', 'root'],
    [['node-2', 'factory'], ['root'], 'root', 'factory'],
    [['node-2', 'root', 'factory'], ['root'], 'root', 'factory'],
    [['node-2'], ['factory'], 'factory', 'factory'],
    [['node-3'], ['line'], 'line', 'line'],
    [['node-plain'], ['root'], 'root', 'root'],
    [['node-client'], ['root'], 'root', 'root'],
    [['node-any'], ['root'], 'root', 'root'],
    [['node-private'], ['root'], 'root', 'root'],
    [['node-1'], ['node-1'], 'node-1', 'node-1'],
    [['node-4'], ['node-4', 'root'], 'node-4', 'node-4'],
    [['alone'], ['alone'], 'alone', 'alone'],
  ] as const) {
    const traced = trace(shown, anchors);
    assert.ok('anchor' in traced, `${shown} to ${anchors}: ${JSON.stringify(traced)}`);
    assert.equal(traced.anchor.name, anchor, `${shown}`);
    assert.equal(traced.issuer.fingerprint, certificate(issuer).fingerprint, `${shown}`);
  }
});

test('what does not lead to an anchor is told by what is worst about it', () => {
  for (const [shown, anchors, fault] of [
    [[], ['root'], 'certificate-untrusted'],
    [['node-1'], [], 'certificate-untrusted'],
    [['node-4'], ['root'], 'certificate-untrusted'],
    [['alone'], ['root'], 'certificate-untrusted'],
    [['node-2'], ['root'], 'certificate-untrusted'],
    // The factory may have no authority below it.
    [['node-3', 'line', 'factory'], ['root'], 'certificate-untrusted'],
    [['node-3', 'line'], ['factory'], 'certificate-untrusted'],
    // A leaf is no authority, whatever it has signed.
    [['node-by-leaf', 'leaf-as-issuer'], ['root'], 'certificate-untrusted'],
    [['node-by-leaf'], ['leaf-as-issuer'], 'certificate-untrusted'],
    [['node-5', 'expired-authority'], ['root'], 'certificate-expired'],
    [['node-5'], ['expired-authority'], 'certificate-expired'],
    [['node-expired'], ['root'], 'certificate-expired'],
    [['node-expired'], ['node-expired'], 'certificate-expired'],
    [['node-future'], ['root'], 'certificate-not-yet-valid'],
    [['node-server'], ['root'], 'certificate-purpose'],
    [['node-encrypts'], ['root'], 'certificate-purpose'],
    [['node-critical'], ['root'], 'certificate-unsupported'],
    [['node-sha1'], ['root'], 'certificate-unsupported'],
  ] as const) {
    assert.deepEqual(trace(shown, anchors), { fault }, `${shown} to ${anchors}`);
  }
  assert.deepEqual(trace(['node-1'], ['root'], new Date('2061-01-01')), { fault: 'certificate-expired' });
});

test('whatever is shown in whatever order, only a way to an anchor is trusted, and it ends', () => {
  const names = [
    'root',
    'factory',
    'line',
    'other-root',
    'node-1',
    'node-2',
    'node-3',
    'node-4',
    'alone',
    'node-by-leaf',
  ];
  const good: Readonly<Record<string, readonly string[]>> = { 'node-1': [], 'node-2': ['factory'], root: [] };
  const some = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(some, (shown) => {
      const traced = trace(shown, ['root']);
      const [leaf = '', ...others] = shown;
      const needed = good[leaf];
      const shouldPass = needed?.every((name) => others.slice(0, 5).includes(name)) ?? leaf === 'factory';
      // The authorities among them may not sign for a client: their key is for certificates alone.
      const expected = shouldPass && !['root', 'factory'].includes(leaf);
      assert.equal('anchor' in traced, expected, `${shown}: ${JSON.stringify(traced)}`);
    }),
    { numRuns: 300 },
  );
});
