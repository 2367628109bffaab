import { createPublicKey, type KeyObject } from 'node:crypto';
import { isP256 } from '@mooring/manifest';
import { keyTypeOf } from '@mooring/pki';
import type { Finding } from '../finding.ts';
import type { Item, Source } from '../item.ts';
import { keyDigest } from '../key-digest.ts';

const keyFacts = (publicKey: KeyObject) => ({
  keyType: keyTypeOf(publicKey),
  publicKeySha256: keyDigest(publicKey),
});

function unsuitable(publicKey: KeyObject, file: string): Finding[] {
  if (isP256(publicKey)) return [];
  const text = `it is ${keyTypeOf(publicKey)}: devices check updates with P-256 only`;
  return [{ weight: 'problem', code: 'key.unsuitable', files: [file], text }];
}

/** Of a file with a secret in it. */
export function accessFindings({ file, mode }: Pick<Source, 'file' | 'mode'>): Finding[] {
  if (mode === undefined || (mode & 0o077) === 0) return [];
  const who = (mode & 0o007) === 0 ? 'its group' : 'every user of this machine';
  const text = `${who} can read it (mode ${mode.toString(8)}): chmod 600 ${file}`;
  return [{ weight: (mode & 0o007) === 0 ? 'note' : 'warning', code: 'key.access', files: [file], text }];
}

export function privateKeyItem(source: Source, key: KeyObject): Item {
  const publicKey = createPublicKey(key);
  const facts = keyFacts(publicKey);
  return {
    file: source.file,
    kind: 'private-key',
    title: 'private key',
    facts: [['key', `${facts.keyType}, SHA-256 of its public half ${facts.publicKeySha256}`]],
    details: { ...facts, protected: false },
    findings: [...accessFindings(source), ...unsuitable(publicKey, source.file)],
    publicKey,
  };
}

/** A password would open it; nothing here is worth asking for one. */
export const protectedKeyItem = (source: Source): Item => ({
  file: source.file,
  kind: 'private-key',
  title: 'private key, protected by a password',
  facts: [['key', 'not looked into: `manifest-tool public-key` shows its public half']],
  details: { protected: true },
  findings: [],
});

export function publicKeyItem({ file }: Source, publicKey: KeyObject): Item {
  const facts = keyFacts(publicKey);
  return {
    file,
    kind: 'public-key',
    title: 'public key',
    facts: [['key', `${facts.keyType}, SHA-256 ${facts.publicKeySha256}`]],
    details: facts,
    findings: unsuitable(publicKey, file),
    publicKey,
  };
}
