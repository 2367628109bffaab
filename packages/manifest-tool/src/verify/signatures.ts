import { createHash } from 'node:crypto';
import { type DecodedV1, encryptionModes, verifies } from '@mooring/manifest';
import type { Clock } from '@mooring/platform';
import type { Log } from '../log.ts';
import { warnOfEnd } from '../validity/warn-of-end.ts';
import type { KnownCertificates } from './certificates.ts';
import { pythonHex, refuse } from './check.ts';

/** @throws MooringError `verify.refused` */
export function checkHash({ value, resourceTlv }: DecodedV1, log: Log): void {
  const expected = value.signature.hash;
  if (expected.length === 0) {
    throw refuse('hash', 'Manifest does not contain a hash', 'No device takes such a manifest.');
  }
  const actual = createHash('sha256').update(resourceTlv).digest();
  if (Buffer.compare(expected, actual) !== 0) {
    throw refuse(
      'hash',
      `Hash mismatch\nExpected: ${pythonHex(expected)}\nActual:   ${pythonHex(actual)}`,
      'The manifest was changed after it was made.',
    );
  }
  log.info('Maninfest hash: OK');
}

const unsigned = 3;

/**
 * Every signature has to verify with a certificate that is known. 1.4.8 looked at signatures only where the encryption
 * mode speaks of them, although the mode is not what makes a signature good.
 *
 * @throws MooringError `verify.refused`
 */
export async function checkSignatures(
  { value, resourceTlv }: DecodedV1,
  mode: number,
  known: KnownCertificates,
  clock: Clock,
  log: Log,
): Promise<string[]> {
  const modeName = encryptionModes[mode] ?? String(mode);
  const { signatures } = value.signature;
  if (signatures.length === 0) {
    throw refuse(
      'signature',
      `Signature missing, but encryption mode ${modeName} requires a signature`,
      value.signature.macs
        ? 'It is authenticated with pre-shared keys: `verify --psk-table TABLE` checks the records of that table.'
        : 'Nothing proves who made it.',
    );
  }
  const signers: string[] = [];
  for (const { signature, certificates } of signatures) {
    const first = certificates[0];
    if (!first) {
      throw refuse(
        'signature',
        'A certificate reference is mandatory in a signature',
        'Devices cannot tell who signed.',
      );
    }
    if (first.fingerprint.length === 0) {
      throw refuse('signature', 'A fingerprint is mandatory in a certificate', 'Devices cannot tell who signed.');
    }
    const name = Buffer.from(first.fingerprint).toString('hex');
    const found = await known.find(certificates.map(({ fingerprint }) => fingerprint));
    if (!found) {
      throw refuse(
        'signature',
        `Could not find certificate chain matching ${name}`,
        '`manifest-tool cert add -c CERTIFICATE` makes it known.',
      );
    }
    if (!verifies(found.certificate.publicKey, resourceTlv, signature)) {
      throw refuse('signature', 'Signature verification failed', `It is not one by the certificate in ${found.file}.`);
    }
    log.info(`Signature by ${name}: OK`);
    warnOfEnd(found.certificate, found.file, clock.now(), log);
    signers.push(found.certificate.fingerprint);
  }
  if (mode === unsigned) {
    log.warning(
      `The signature is good, but the encryption mode ${modeName} says that there is none: devices refuse it.`,
    );
  }
  return signers;
}
