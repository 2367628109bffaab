import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { masterKeyErrors } from '../errors.ts';

/** Keeps secrets in the database unreadable without the master key. */
export interface Vault {
  /** Tells which master key this is, without telling the key: 16 hexadecimal digits. */
  readonly keyId: string;
  /** @param context where it is kept (`authorities/<id>/private_key`); it opens nowhere else */
  seal(context: string, plain: Uint8Array): Uint8Array;
  /** @throws MooringError `master.key.wrong`, `master.key.damaged` */
  open(context: string, sealed: Uint8Array): Uint8Array;
}

/*
 * Sealed: format (1 byte, 1) | key id (8) | nonce (12) | ciphertext | tag (16). AES-256-GCM (NIST SP 800-38D); the
 * additional data is what stands before the nonce, then the context. The random nonce is good for 2^32 seals (§8.3).
 */
const format = 1;
const keyIdLength = 8;
const nonceLength = 12;
const tagLength = 16;
const headLength = 1 + keyIdLength;

/** Length of the master key in bytes. */
export const masterKeyLength = 32;

function derive(masterKey: Uint8Array, use: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(0), `mooring vault ${use}`, length));
}

/** The key id in front of a sealed value, or undefined if it is none of ours. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  if (sealed[0] !== format || sealed.length < headLength + nonceLength + tagLength) return undefined;
  return Buffer.from(sealed.subarray(1, headLength)).toString('hex');
}

/** @param masterKey 32 random bytes */
export function openVault(masterKey: Uint8Array): Vault {
  if (masterKey.length !== masterKeyLength) throw new RangeError(`a master key has ${masterKeyLength} bytes`);
  const key = derive(masterKey, 'encryption', 32);
  const head = Buffer.concat([Uint8Array.of(format), derive(masterKey, 'key id', keyIdLength)]);
  const keyId = head.subarray(1).toString('hex');
  const additionalData = (context: string) => Buffer.concat([head, Buffer.from(context, 'utf8')]);

  return {
    keyId,
    seal(context, plain) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
      cipher.setAAD(additionalData(context));
      return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(context, sealed) {
      const found = keyIdOf(sealed);
      if (found === undefined) {
        throw masterKeyErrors('master.key.damaged', {
          message: `The secret ${context} in the database is cut off or of an unknown format.`,
          next: 'Restore a backup.',
          data: { context },
        });
      }
      if (found !== keyId) {
        throw masterKeyErrors('master.key.wrong', {
          message: `The secret ${context} was sealed under master key ${found}; the one given is ${keyId}.`,
          next: 'Give the master key that this data folder was made with (--master-key).',
          data: { context, neededKeyId: found, givenKeyId: keyId },
        });
      }
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(headLength, headLength + nonceLength), {
        authTagLength: tagLength,
      });
      decipher.setAAD(additionalData(context));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
      try {
        return Buffer.concat([
          decipher.update(sealed.subarray(headLength + nonceLength, sealed.length - tagLength)),
          decipher.final(),
        ]);
      } catch (error) {
        throw masterKeyErrors('master.key.damaged', {
          message: `The secret ${context} in the database was changed or belongs to another place.`,
          next: 'Restore a backup.',
          cause: error,
          data: { context },
        });
      }
    },
  };
}
