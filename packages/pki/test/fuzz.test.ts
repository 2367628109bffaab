import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  derOf,
  generateKeyPair,
  issueCertificate,
  noClockValidity,
  parseCertificate,
  parseRequest,
} from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { fixtureText } from './fixture.ts';

/** A valid input that somebody changed: bytes set, cut out, doubled, put in. */
function mutations(source: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    kind: fc.constantFrom('set', 'flip', 'cut', 'insert', 'double', 'truncate'),
    at: fc.nat(source.length - 1),
    length: fc.integer({ min: 1, max: 16 }),
    value: fc.nat(255),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let bytes = Buffer.from(source);
    for (const { kind, at, length, value } of edits) {
      if (at >= bytes.length) continue;
      const head = bytes.subarray(0, at);
      const tail = bytes.subarray(at);
      if (kind === 'set') bytes[at] = value;
      else if (kind === 'flip') bytes[at] = (bytes[at] as number) ^ (1 << (value & 7));
      else if (kind === 'cut') bytes = Buffer.concat([head, tail.subarray(length)]);
      else if (kind === 'insert') bytes = Buffer.concat([head, Buffer.alloc(length, value), tail]);
      else if (kind === 'double') bytes = Buffer.concat([head, tail.subarray(0, length), tail]);
      else bytes = Buffer.from(head);
    }
    return new Uint8Array(bytes);
  });
}

function expectOwnErrors(input: Uint8Array | string, parse: (input: Uint8Array | string) => unknown): void {
  try {
    parse(input);
  } catch (error) {
    assert.ok(isMooringError(error) && error.code.startsWith('pki.'), `${error}`);
  }
}

const { privateKey, publicKey } = generateKeyPair();
const ours = issueCertificate({
  subject: { country: 'GB', commonName: 'fuzz' },
  subjectKey: publicKey,
  key: privateKey,
  profile: 'server',
  dnsNames: ['a.example'],
  ipAddresses: ['::1'],
  ...noClockValidity,
});

const certificates = ['rsa', 'p384', 'ed25519', 'rsa-pss', 'many', 'name'].map((name) =>
  derOf(fixtureText(`${name}.cert.pem`)),
);

for (const [index, source] of [ours, ...certificates].entries()) {
  test(`a changed certificate is read or refused in our own words (${index})`, () => {
    fc.assert(
      fc.property(mutations(source), (input) => expectOwnErrors(input, parseCertificate)),
      { numRuns: 400 },
    );
  });
}

test('a changed request is read or refused in our own words', () => {
  fc.assert(
    fc.property(mutations(derOf(fixtureText('request.pem'))), (input) => expectOwnErrors(input, parseRequest)),
    { numRuns: 300 },
  );
});

test('changed PEM text is read or refused in our own words', () => {
  fc.assert(
    fc.property(mutations(Buffer.from(fixtureText('bundle.pem'))), (input) => {
      expectOwnErrors(input, parseCertificate);
      expectOwnErrors(Buffer.from(input).toString('utf8'), parseCertificate);
    }),
    { numRuns: 300 },
  );
});
