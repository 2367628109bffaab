import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileError } from '@mooring/platform';
import type { KeyProvider, OpenKey } from '../key-provider.ts';
import { decodeSealed, encodeSealed } from '../sealed-form.ts';
import type { RunTool } from '../spawned-tool.ts';
import { storageErrors } from '../storage-errors.ts';
import { pkcs11Token } from './token.ts';
import type { Pkcs11Uri } from './uri.ts';

const keyLength = 32;
export const pinVariable = 'MOORING_PKCS11_PIN';

async function pinOf({ pinFile }: Pkcs11Uri, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if (pinFile === undefined) {
    const pin = env[pinVariable];
    if (pin) return pin;
    throw storageErrors('storage.key.setting', {
      message: 'The PIN of the PKCS#11 token is not known.',
      next: `Name a file that holds it with pin-source=file:/PATH in the URI, or set ${pinVariable}.`,
    });
  }
  try {
    return (await readFile(pinFile, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw fileError(error, pinFile);
  }
}

/**
 * A random key that only an RSA key pair inside a token can unwrap (RFC 8017 §7.1).
 *
 * @param uri is needed for an existing storage too. That has the token's name for the message, but not the module's
 * path: who could change the storage could have any library loaded.
 */
export function pkcs11KeyProvider(
  run: RunTool,
  uri: Pkcs11Uri | undefined,
  env: Readonly<Record<string, string | undefined>>,
): KeyProvider {
  const place = ({ token, object, id }: Pkcs11Uri) =>
    `pkcs11:token=${token};${object ? `object=${object}` : `id=${id}`}`;
  const open = (bytes: Uint8Array, sealed: Uint8Array, of: Pkcs11Uri): OpenKey => ({
    bytes,
    sealed,
    place: place(of),
    sees: { copies: true, rollback: false },
  });

  async function unwrap(of: Pkcs11Uri, wrapped: Uint8Array): Promise<Uint8Array> {
    const key = await pkcs11Token(run, of).decrypt(wrapped, await pinOf(of, env));
    if (key.length === keyLength) return key;
    throw storageErrors('storage.key.elsewhere', {
      message: `What the PKCS#11 token ${of.token} unwrapped is not the key of a secure storage.`,
      next: 'Use the token that the storage was written with.',
    });
  }

  return {
    kind: 'pkcs11',
    description: uri ? `the PKCS#11 token ${uri.token}` : 'a PKCS#11 token',
    async load(bytes) {
      const { token, wrapped } = decodeSealed(bytes, ['token', 'wrapped']);
      if (!uri) throw unnamed(token);
      return open(await unwrap(uri, Buffer.from(wrapped, 'base64')), bytes, uri);
    },
    async loadOrMake() {
      if (!uri) throw unnamed('');
      const publicKey = createPublicKey({
        key: Buffer.from(await pkcs11Token(run, uri).publicKey()),
        format: 'der',
        type: 'spki',
      });
      if (publicKey.asymmetricKeyType !== 'rsa') {
        throw storageErrors('storage.key.tool.failed', {
          message: `The key pair in the PKCS#11 token ${uri.token} is not an RSA one, and only RSA can wrap a key.`,
          next: 'Make one: pkcs11-tool --module MODULE --login --keypairgen --key-type rsa:3072 --label LABEL',
        });
      }
      const key = randomBytes(keyLength);
      const padding = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
      const wrapped = publicEncrypt(padding, key);
      // Nothing is encrypted with a key before the token has shown that it can give it back.
      if (!key.equals(await unwrap(uri, wrapped))) {
        throw storageErrors('storage.key.tool.failed', {
          message: `The PKCS#11 token ${uri.token} did not give back what its own public key had wrapped.`,
          next: 'Check that "object" or "id" names one key pair, not a public key and a private key of two.',
        });
      }
      return open(key, encodeSealed({ token: uri.token, wrapped: wrapped.toString('base64') }), uri);
    },
  };
}

function unnamed(token: string): Error {
  return storageErrors('storage.key.setting', {
    message: `The secure storage was written with a key of the PKCS#11 token ${JSON.stringify(token)}, and its URI was not given.`,
    next: 'Name it with --key pkcs11:… or MOORING_STORE_KEY.',
    data: { token },
  });
}
