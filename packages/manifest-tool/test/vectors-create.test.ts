import assert from 'node:assert/strict';
import { sameManifest } from './compare-manifests.ts';
import { replayGroup } from './replay.ts';

/** `m.c` and `m.hex` hold a manifest in other forms. */
function bytesOf(file: string, data: Buffer): Buffer {
  if (/\.hex\.c$/.test(file)) return Buffer.from(cBytes(data).toString('latin1'), 'hex');
  if (/\.c$/.test(file)) return cBytes(data);
  return /\.hex$/.test(file) ? Buffer.from(data.toString('latin1'), 'hex') : data;
}

const cBytes = (data: Buffer): Buffer =>
  Buffer.from(
    [...data.toString('latin1').matchAll(/0x([0-9a-f]{2})/g)].map(([, digits]) =>
      Number.parseInt(digits as string, 16),
    ),
  );

const expired = /CRITICAL.* The certificate in \S+ expired on 2019-01-11 00:00:00 UTC/;

replayGroup('v1-create: create, parse, verify, sign of 1.4.8', {
  group: 'v1-create',
  uncompared: /^update_default_resources\.c$|^\.manifest_tool\.json$/,
  deviations: {
    '03-fixed-nonce-timestamp 4': {
      because: 'a timestamp in the future was named CRITICAL, and then called OK with status 0',
      status: 1,
      less: [/Timestamp 1479772800 < 1576457518 < 1569840964: OK$/],
    },
    '08-mode-none-none 4': {
      because: 'the signature is there and was not looked at',
      more: [/Signature by 39ec28b1[0-9a-f]*: OK$/, /says that there is none: devices refuse it\.$/],
    },
    '09-mode-bogus 1': {
      because: 'a name that is no encryption mode was replaced in silence',
      more: [/WARNING.* "rot13" is not an encryption mode; none-ecc-secp256r1-sha256 is used\.$/],
    },
    '15-timestamp-large 4': {
      because: 'the timestamp codes firmware version 1.2.12 and is no time in the far future',
      more: [/Timestamp 36029896530722828 is firmware version 1\.2\.12: OK$/],
      less: [
        /MUST not be timestamped in the future/,
        /^Expected timestamp/,
        /^Actual timestamp/,
        /Timestamp 1479772800 < 36/,
      ],
    },
    '16-output-forms 4': {
      because: 'the signature is another one',
      instead: /^3082014[0-9a-f]+3081ad0a01003081a70a01010204/,
    },
    '17-second-signature 2': { because: 'an expired certificate was used in silence', more: [expired] },
    '17-second-signature 5': { because: 'an expired certificate was used in silence', more: [expired] },
    '17-second-signature 7': {
      because: 'the key of the settings is used; 1.4.8 crashed',
      status: 0,
      less: [/python traceback/],
      more: [/Signing manifest\.\.\.$/, /Verifying signature with supplied certificate\.\.\.$/],
    },
    '18-create-errors 9': {
      because: 'an empty payload was taken in silence',
      more: [/WARNING.* The payload is empty; devices and `verify` refuse it\.$/],
    },
  },
  compareFile(ours, theirs, file) {
    if (file.endsWith('.c')) {
      const head = (data: Buffer) => data.toString('latin1').split('\n').slice(0, 2);
      assert.deepEqual(head(ours), head(theirs));
    }
    sameManifest(bytesOf(file, ours), bytesOf(file, theirs));
  },
});
