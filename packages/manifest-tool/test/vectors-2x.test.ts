import assert from 'node:assert/strict';
import { sameManifest } from './compare-manifests.ts';
import { replayGroup } from './replay.ts';

const compareFile = (ours: Buffer, theirs: Buffer, file: string): void => {
  if (/\.bin$/.test(file)) assert.deepEqual(ours, theirs);
  else if (/manifest$/.test(file)) sameManifest(ours, theirs);
};
const concerns = (run: { argv: string[] }) => run.argv[0] === 'manifest-tool';
const temporary = [
  /DEBUG Temporary (?:manifest|signature) file: <tmp>$/,
  /INFO Running v2-create\S+ sha256 \S+ <tmp> <tmp> to sign manifest\.$/,
];
const running = /INFO Running \.?\/?(?:sign|fail|nope)\.sh sha256 \S+ \S+to-be-signed \S+signature to sign manifest\.$/;
const since15 = { because: 'the fields of 1.5 are read', status: 0, instead: /"(?:priority|precursorDigest)": / };
const keyWords = {
  because: 'the library said something about OpenSSL',
  instead: /ERROR cert\.der holds no private key that can be used\./,
};

replayGroup('v2-keys: public-key of 2.6.2', {
  group: 'v2-keys',
  compareFile,
  deviations: {
    'public-key 2': {
      because: 'a key that devices cannot use was written in silence',
      more: [/WARNING The key is on secp384r1; /],
    },
    'public-key 4': keyWords,
  },
});
replayGroup('v2-create: create and parse of 2.6.2', {
  group: 'v2-create',
  concerns,
  compareFile,
  deviations: {
    '06-combined 5': {
      because: 'the image signature is over the installed image, and is good',
      status: 0,
      instead: /INFO Image Signature verified!\n/,
    },
    '07-delta 6': since15,
    '08-signing-tool 0': { because: 'temporary files are our own business', less: temporary, more: [running] },
    '08-signing-tool 2': { because: 'temporary files are our own business', less: temporary, more: [running] },
    '08-signing-tool 4': {
      because: 'the exit status of the tool was not looked at',
      instead: /CRITICAL Signing tool failed\.\n.*ERROR The signing tool \S+ ended with status 3\./,
    },
    '08-signing-tool 5': {
      because: 'our words',
      instead:
        /CRITICAL Signing tool failed\.\n.*ERROR The signing tool \S+ cannot be started: there is no such program\./,
    },
    '09-config-errors 20': { because: 'our words', instead: /ERROR bad-20\.json, line 2, column 1 is not YAML: / },
    '09-config-errors 21': {
      because: 'an empty config ended in a fault',
      instead: /ERROR None is not of type 'object'/,
    },
    '09-config-errors 28': {
      because: 'our parser takes it for a value, and refuses it as one',
      status: 2,
      instead: /"-1\.0\.0" is not a valid SemVer format\. Min\. 0\.0\.1/,
    },
    '09-config-errors 33': { ...keyWords },
  },
});
replayGroup('v2-create-v1: create-v1 of 2.6.2', {
  group: 'v2-create-v1',
  compareFile,
  deviations: {
    '01-raw 5': since15,
    '03-version-zero 5': since15,
    '04-encrypted 0': {
      because: 'the library said something about an integer',
      instead: /ERROR The payload format encrypted-raw does not exist in manifest schema v1\./,
    },
  },
});
