import { createPublicKey, type KeyObject } from 'node:crypto';
import { isP256 } from '@mooring/manifest';
import { parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { openArgument } from '../argument-file.ts';
import { privateKeyOf } from '../signing/private-key.ts';
import { configErrors } from './errors.ts';

/** What the signature of a manifest is checked with. */
export interface VerificationKey {
  publicKey: KeyObject;
  /** SHA-256 of the certificate, where that was given: manifests of schema v1 name it. */
  fingerprint?: Uint8Array;
}

const command = 'manifest-tool parse';
/** SubjectPublicKeyInfo of P-256 up to the point. */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

function pointKey(data: Uint8Array, file: string): KeyObject {
  const isPoint = data.length === 65 && data[0] === 4;
  try {
    if (isPoint) return createPublicKey({ key: Buffer.concat([spkiHead, data]), format: 'der', type: 'spki' });
    return createPublicKey(
      Buffer.from(data.subarray(0, 64)).includes('-----BEGIN PUBLIC KEY')
        ? Buffer.from(data)
        : { key: Buffer.from(data), format: 'der', type: 'spki' },
    );
  } catch (cause) {
    throw configErrors('public.key.malformed', {
      message: 'Unsupported elliptic curve point type',
      next: `${file} has to hold a P-256 public key: its 65 bytes as \`manifest-tool public-key\` writes them, PEM or DER.`,
      cause,
      data: { path: file },
    });
  }
}

function ofCertificate(data: Uint8Array, file: string): VerificationKey {
  try {
    const { publicKey, fingerprint } = parseCertificate(data);
    return { publicKey, fingerprint: new Uint8Array(Buffer.from(fingerprint, 'hex')) };
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw configErrors('config.certificate.malformed', {
      message: 'Malformed certificate',
      next: `${file}: ${cause.message}`,
      cause,
      data: { path: file },
    });
  }
}

/**
 * The key of `-k`, `-c` or `-p`; undefined where none was given.
 *
 * @throws MooringError `config.certificate.malformed`, `public.key.malformed`, `signing.*`, `manifest.argument`
 */
export async function verificationKey(context: CommandContext, values: Values): Promise<VerificationKey | undefined> {
  const text = (name: string) => values[name] as string | undefined;
  const [privateFile, certificateFile, publicFile] = ['private_key', 'certificate', 'public_key'].map(text);
  let key: VerificationKey | undefined;
  if (privateFile !== undefined) {
    const file = await openArgument(context, command, '-k/--private-key', privateFile);
    const privateKey = await privateKeyOf(file, { context, command, passwordFile: text('password_file') });
    key = { publicKey: createPublicKey(privateKey) };
  } else if (certificateFile !== undefined) {
    const { data, file } = await openArgument(context, command, '-c/--certificate', certificateFile);
    key = ofCertificate(data, file);
  } else if (publicFile !== undefined) {
    const { data, file } = await openArgument(context, command, '-p/--public-key', publicFile);
    key = { publicKey: pointKey(data, file) };
  }
  if (!key || isP256(key.publicKey)) return key;
  throw configErrors('public.key.malformed', {
    message: 'The key is not on P-256, which is what devices check manifests with.',
    next: 'Give the key of the update certificate.',
  });
}
