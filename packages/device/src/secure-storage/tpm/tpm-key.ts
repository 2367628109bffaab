import { createHash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { KeyProvider, OpenKey } from '../key-provider.ts';
import { decodeSealed, encodeSealed } from '../sealed-form.ts';
import { storageErrors } from '../storage-errors.ts';
import { isOwnersIndex, makeCounter, type NvIndex, removeCounter, tpmCounter } from './counter.ts';
import { type SealedKey, sealKey, unsealKey } from './sealed-key.ts';
import type { Tpm } from './tools.ts';

/**
 * The counter's index goes with the storage's folder: a storage that is made again after a wipe goes on counting where
 * the old one was, so that an old copy of it is refused; another storage of the same TPM has its own.
 */
export function defaultIndex(folder: string): NvIndex {
  const digest = createHash('sha256').update(resolve(folder)).digest();
  return `0x01804${(digest.readUInt16BE() >> 4).toString(16).padStart(3, '0')}`;
}

interface Sealed extends SealedKey {
  readonly counter: NvIndex;
}

function encode(sealed: Sealed): Uint8Array {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return encodeSealed({
    counter: sealed.counter,
    public: base64(sealed.public),
    private: base64(sealed.private),
  });
}

function decode(bytes: Uint8Array): Sealed {
  const fields = decodeSealed(bytes, ['counter', 'public', 'private']);
  if (!isOwnersIndex(fields.counter)) {
    throw storageErrors('storage.key.malformed', {
      message: 'The secure storage names a counter that no TPM has for this use.',
      next: 'Put the latest copy of the storage back, or move its folder away and provision the device again.',
    });
  }
  return {
    counter: fields.counter,
    public: Buffer.from(fields.public, 'base64'),
    private: Buffer.from(fields.private, 'base64'),
  };
}

export interface TpmKeyOptions {
  readonly tpm: Tpm;
  /** NV index of the counter for a new storage; an existing one says itself which it has. */
  readonly index: NvIndex;
  /** Where the private folder for the tools' files is made; best in memory. */
  readonly temporary: string;
}

/**
 * The key sealed by the device's TPM 2.0, with a counter in the TPM that the storage moves along: a copy of the storage
 * is of no use elsewhere, and an old one is refused here.
 */
export function tpmKeyProvider({ tpm, index, temporary }: TpmKeyOptions): KeyProvider {
  const open = (bytes: Uint8Array, sealed: Uint8Array, counter: NvIndex): OpenKey => ({
    bytes,
    sealed,
    place: `tpm:${counter}`,
    sees: { copies: true, rollback: true },
    generation: tpmCounter(tpm, counter),
  });
  return {
    kind: 'tpm',
    description: 'the TPM of this device',
    async load(bytes) {
      const sealed = decode(bytes);
      const key = await unsealKey(tpm, sealed, temporary);
      // All the rest is derived from it; a shorter one would be somebody else's object.
      if (key.length < 32) {
        throw storageErrors('storage.key.elsewhere', {
          message: 'What the TPM unsealed is not the key of a secure storage.',
          next: 'Put the latest copy of the storage back, or move its folder away and provision the device again.',
        });
      }
      return open(key, bytes, sealed.counter);
    },
    async loadOrMake() {
      const key = randomBytes(32);
      const sealed = await sealKey(tpm, key, temporary);
      await makeCounter(tpm, index);
      return open(key, encode({ ...sealed, counter: index }), index);
    },
    async retire(bytes) {
      await removeCounter(tpm, decode(bytes).counter);
      return undefined;
    },
  };
}
