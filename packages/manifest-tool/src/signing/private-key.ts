import { createPrivateKey, type KeyObject } from 'node:crypto';
import { importPrivateKey } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { type ArgumentFile, openArgument } from '../argument-file.ts';
import { signingErrors } from './errors.ts';
import { passwordVariable } from './password-option.ts';

/** Where the password of a key may come from; never from the command line, which every user of a machine can read. */
export interface PasswordSource {
  context: CommandContext;
  /** As argparse would name the command: `manifest-tool create`. */
  command: string;
  passwordFile: string | undefined;
}

async function passwordFor({ context, command, passwordFile }: PasswordSource, file: string): Promise<string> {
  if (passwordFile !== undefined) {
    const { data } = await openArgument(context, command, '--password-file', passwordFile);
    return Buffer.from(data).toString('utf8').split(/\r?\n/, 1)[0] as string;
  }
  const told = context.env[passwordVariable];
  if (told !== undefined) return told;
  if (context.prompt.interactive) return await context.prompt.askSecret(`Password of ${file}: `);
  throw signingErrors('signing.password.missing', {
    message: `The private key in ${file} is protected by a password.`,
    next: `Name a file that holds it with --password-file, or set ${passwordVariable}.`,
    data: { path: file },
  });
}

function decrypt(data: Uint8Array, file: string, passphrase: string): KeyObject {
  const isPem = Buffer.from(data.subarray(0, 4096)).includes('-----BEGIN ');
  try {
    return isPem
      ? createPrivateKey({ key: Buffer.from(data), format: 'pem', passphrase })
      : createPrivateKey({ key: Buffer.from(data), format: 'der', type: 'pkcs8', passphrase });
  } catch (cause) {
    throw signingErrors('signing.password.wrong', {
      message: `The private key in ${file} does not open with this password.`,
      next: 'Check the password; it is the one that `openssl pkey -in FILE` asks for.',
      cause,
      data: { path: file },
    });
  }
}

/**
 * The private key of a file: PEM or DER, SEC1 or PKCS#8, also protected by a password.
 *
 * @throws MooringError `signing.key.unreadable`, `signing.password.*`
 */
export async function privateKeyOf({ file, data }: ArgumentFile, password: PasswordSource): Promise<KeyObject> {
  try {
    return importPrivateKey(data);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    if (cause.code === 'pki.key.encrypted') return decrypt(data, file, await passwordFor(password, file));
    throw signingErrors('signing.key.unreadable', {
      message: `${file} holds no private key that can be used. ${data.length === 0 ? 'The file is empty.' : cause.message}`,
      next: 'Give the private key of the update certificate: PEM or DER, SEC1 or PKCS#8.',
      cause,
      data: { path: file },
    });
  }
}

/**
 * A key that devices can check signatures of.
 *
 * @throws MooringError `signing.key.unsuitable` unless it is on P-256
 */
export function requireP256(key: KeyObject, file: string): KeyObject {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? key.type;
  throw signingErrors('signing.key.unsuitable', {
    message: `The key in ${file} is ${kind}; devices check updates with P-256 only.`,
    next: 'Use the key of the certificate that the devices were given.',
    data: { path: file, kind },
  });
}
