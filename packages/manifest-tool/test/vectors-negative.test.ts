import { rmSync } from 'node:fs';
import { sameManifest } from './compare-manifests.ts';
import { type Deviation, replayGroup } from './replay.ts';

const junk = (because: string): Deviation => ({ because, status: 1, less: [/^\[null, null\]$/] });
const misplaced: Deviation = {
  because: 'a timestamp out of bounds was named CRITICAL, and then called OK with status 0',
  status: 1,
  less: [/INFO.* Timestamp 1479772800 < /],
};
const trailing: Deviation = {
  because: 'bytes after the end were left out of account',
  status: 1,
  instead: /The manifest ends at byte 322, but \d+ more bytes follow\./,
};
const since15: Deviation = { because: 'the fields of 1.5 are read', status: 0, instead: /./ };

replayGroup('v1-negative: damaged manifests of schema v1', {
  group: 'v1-negative',
  prepare: { 'all 106': (project) => rmSync(project.at('.manifest_tool.json')) },
  uncompared: /^update_default_resources\.c$|^\.manifest_tool\.json$/,
  compareFile: (ours, theirs) => sameManifest(ours, theirs),
  deviations: {
    'all 40': trailing,
    'all 41': trailing,
    'all 42': junk('a text was taken with status 0'),
    'all 46': { because: 'BER was taken with status 0', status: 1, instead: /\[CRITICAL\].* at byte / },
    'all 47': { because: 'the field and the byte are named', instead: /\[CRITICAL\].* at byte / },
    'all 55': misplaced,
    'all 57': misplaced,
    'all 59': misplaced,
    'all 67': {
      because: 'an empty vendor id was passed over in silence',
      more: [/WARNING.* UUID vendorId is not in the manifest/],
    },
    'all 98': since15,
    'all 99': since15,
    'all 103': misplaced,
    'all 104': {
      because: 'a certificate that has expired was used in silence',
      more: [/CRITICAL.* The certificate in update\.der expired on /],
    },
    'all 108': {
      because: 'cert add works',
      status: 0,
      instead: /Certificate written to \.update-certificates\/39ec28b1/,
    },
  },
});

const unknown: Deviation = {
  because: 'versions and formats that do not exist were taken',
  status: 1,
  instead: /ERROR Malformed manifest\nIts (?:payload-format is 99|manifest-version is 4)/,
};
const follows: Deviation = {
  because: 'bytes after the end were left out of account',
  status: 1,
  instead: /ERROR Malformed manifest\nIt ends at byte \d+, but \d+ more bytes follow\./,
};

replayGroup('v2-negative: damaged manifests of both schemas', {
  group: 'v2-negative',
  compareFile: (ours, theirs) => sameManifest(ours, theirs),
  deviations: {
    'all 20': unknown,
    'all 21': unknown,
    'all 22': unknown,
    'all 23': unknown,
    'all 36': follows,
    'all 37': follows,
    'all 49': {
      because: 'the hash field was not looked at, which devices check first',
      status: 1,
      instead: /ERROR Manifest Signature verification failed\nIts hash field is not the hash of its content/,
    },
    'all 50': follows,
    'all 51': follows,
    'all 60': junk('what could not be read was taken with status 0'),
  },
});
