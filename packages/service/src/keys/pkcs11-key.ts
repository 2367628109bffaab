import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, readFileIfExists, writeFileAtomic } from '@mooring/platform';
import { masterKeyErrors } from '../errors.ts';
import type { MasterKeyProvider } from './master-key.ts';
import type { Token } from './pkcs11-tool.ts';
import type { Pkcs11Uri } from './pkcs11-uri.ts';
import { masterKeyLength, openVault } from './vault.ts';

/** In the data folder: the master key, encrypted so that only the token can open it. */
export const wrappedKeyFileName = 'master-key.pkcs11.json';

interface WrappedKey {
  format: 1;
  keyId: string;
  /** SHA-1, the one hash of OAEP that every token takes; what OAEP needs of it does not suffer from its collisions. */
  wrapping: 'rsa-oaep-sha1';
  wrapped: string;
}

function parseWrappedKey(content: Buffer, path: string): WrappedKey {
  try {
    const found = JSON.parse(content.toString('utf8')) as WrappedKey;
    const fits =
      found.format === 1 &&
      found.wrapping === 'rsa-oaep-sha1' &&
      [found.keyId, found.wrapped].every((v) => typeof v === 'string');
    if (fits) return found;
  } catch {
    // Not JSON; said below.
  }
  throw masterKeyErrors('master.key.malformed', {
    message: `${path} does not hold a master key wrapped by a PKCS#11 token.`,
    next: 'Restore it from a backup.',
    data: { path },
  });
}

async function pinOf(uri: Pkcs11Uri, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if (uri.pinFile === undefined) {
    if (env.MOORING_PKCS11_PIN) return env.MOORING_PKCS11_PIN;
    throw masterKeyErrors('master.key.uri.malformed', {
      message: 'The PIN of the PKCS#11 token is not known.',
      next: 'Name a file that holds it with pin-source=file:/PATH in the URI, or set MOORING_PKCS11_PIN.',
    });
  }
  try {
    return (await readFile(uri.pinFile, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw fileError(error, uri.pinFile);
  }
}

/** A random master key that only an RSA key inside a token can unwrap (RFC 8017 §7.1). */
export function pkcs11MasterKey(options: {
  uri: Pkcs11Uri;
  token: Token;
  dataFolder: string;
  env: Readonly<Record<string, string | undefined>>;
  place: string;
}): MasterKeyProvider {
  const { uri, token, env, place } = options;
  const path = join(options.dataFolder, wrappedKeyFileName);

  async function unwrap({ wrapped, keyId }: WrappedKey): Promise<Uint8Array> {
    const key = await token.decrypt(Buffer.from(wrapped, 'base64'), await pinOf(uri, env));
    if (key.length === masterKeyLength && openVault(key).keyId === keyId) return key;
    throw masterKeyErrors('master.key.wrong', {
      message: `The key in ${place} does not unwrap master key ${keyId} of ${path}.`,
      next: 'Name the token and key pair that the data folder was made with.',
      data: { neededKeyId: keyId },
    });
  }

  return {
    place,
    async load() {
      const content = await readFileIfExists(path);
      return content && unwrap(parseWrappedKey(content, path));
    },
    async create() {
      const publicKey = createPublicKey({ key: await token.publicKey(), format: 'der', type: 'spki' });
      if (publicKey.asymmetricKeyType !== 'rsa') {
        throw masterKeyErrors('master.key.token.failed', {
          message: `The key pair in ${place} is not an RSA one, and only RSA can wrap a key.`,
          next: 'Make one: pkcs11-tool --module MODULE --login --keypairgen --key-type rsa:3072 --label LABEL',
        });
      }
      const key = randomBytes(masterKeyLength);
      const padding = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
      const wrapped: WrappedKey = {
        format: 1,
        keyId: openVault(key).keyId,
        wrapping: 'rsa-oaep-sha1',
        wrapped: publicEncrypt(padding, key).toString('base64'),
      };
      // Nothing is sealed under a key before the token has shown that it can give it back.
      await unwrap(wrapped);
      await writeFileAtomic(path, `${JSON.stringify(wrapped, null, 2)}\n`, 0o600);
      return key;
    },
  };
}
