import assert from 'node:assert/strict';
import { importPrivateKey, parseCertificate } from '@mooring/pki';
import { sameManifest } from './compare-manifests.ts';
import { replayGroup } from './replay.ts';

replayGroup('v1-init: cert create, and create with a signing tool', {
  group: 'v1-init',
  only: (name) => /^(?:00-identity|11-signing-tool)$/.test(name),
  uncompared: /^update_default_resources\.c$|^\.manifest_tool\.json$|^sign\.args$/,
  compareFile(ours, theirs, file) {
    if (file.endsWith('.manifest')) return sameManifest(ours, theirs);
    if (file.endsWith('.pem')) {
      assert.equal(importPrivateKey(ours).asymmetricKeyDetails?.namedCurve, 'prime256v1');
      assert.equal(ours.length, theirs.length);
      return undefined;
    }
    const [mine, old] = [parseCertificate(ours), parseCertificate(theirs)];
    assert.equal(mine.subjectText, old.subjectText);
    assert.deepEqual([mine.notBefore, mine.notAfter], [old.notBefore, old.notAfter]);
    return undefined;
  },
  deviations: {
    '11-signing-tool 5': {
      because: 'the reason is told as well',
      more: [/^The signing tool \.\/fail\.sh ended with status 3\.$/],
    },
  },
});
