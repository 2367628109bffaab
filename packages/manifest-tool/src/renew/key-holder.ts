import { createPublicKey, type KeyObject } from 'node:crypto';
import { keySigner, type Signer } from '@mooring/manifest';
import { type Certificate, generateKeyPair, spkiOf } from '@mooring/pki';
import type { CommandContext, Values } from '@mooring/terminal';
import { openArgument } from '../argument-file.ts';
import type { ManifestInputs } from '../create/inputs.ts';
import { signerFor } from '../create/signer.ts';
import { namedSigner } from '../signing/named-signer.ts';
import { privateKeyOf, requireP256 } from '../signing/private-key.ts';
import { renewErrors } from './errors.ts';
import type { OldCertificate } from './old-certificate.ts';

const command = 'manifest-tool cert renew';

/** What signs the successor, and the private key that has to be written where one is made. */
export interface KeyHolder {
  signer: Signer;
  publicKey: KeyObject;
  made?: KeyObject;
}

/** @throws MooringError `renew.key.mismatch`, `create.key.*`, `signing.*`, `manifest.argument` */
export async function keyHolder(
  context: CommandContext,
  values: Values,
  inputs: ManifestInputs,
  old: OldCertificate,
): Promise<KeyHolder> {
  const text = (name: string) => values[name] as string | undefined;
  const [keyFile, signerName, passwordFile] = [text('private_key'), text('signer'), text('password_file')];
  const isNew = values.new_key === true;
  if (isNew && keyFile === undefined && signerName === undefined) {
    const { privateKey, publicKey } = generateKeyPair();
    return { signer: keySigner(privateKey, 'the new key'), publicKey, made: privateKey };
  }
  let signer: Signer;
  if (signerName !== undefined) signer = await namedSigner(signerName, context);
  else if (keyFile === undefined) signer = await signerFor(context, inputs, undefined, passwordFile, undefined);
  else {
    const file = await openArgument(context, command, '-k/--private-key', keyFile);
    const key = requireP256(await privateKeyOf(file, { context, command, passwordFile }), keyFile);
    signer = { ...keySigner(key, `the key in ${keyFile}`), publicKey: createPublicKey(key) };
  }
  // A signing tool does not show its key: it has to be the old one.
  const publicKey = signer.publicKey ?? old.certificate.publicKey;
  if (isNew || sameKeyAs(old.certificate, publicKey)) return { signer, publicKey };
  throw mismatch(signer, old);
}

export const sameKeyAs = ({ spki }: Certificate, key: KeyObject): boolean => Buffer.compare(spki, spkiOf(key)) === 0;

export const mismatch = (signer: Signer, { name }: OldCertificate): Error =>
  renewErrors('renew.key.mismatch', {
    message: `${signer.description} is not that of the certificate in ${name}.`,
    next: 'Give the key that belongs to it; or say --new-key, if the successor is to have this one.',
    data: { certificate: name },
  });
