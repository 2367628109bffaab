import { type Certificate, derOf, parseCertificate, pemBlocks } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { certificateErrors } from './errors.ts';

const refuse = (reason: string, next: string, cause?: unknown) =>
  certificateErrors('certificate.invalid', {
    message: `The certificate cannot be used: ${reason}`,
    next,
    ...(cause === undefined ? {} : { cause }),
    data: { fields: [{ name: 'certificate', message: reason }] },
  });

/**
 * Reads an uploaded certificate: PEM (of a chain the first one) or DER in base64.
 *
 * @throws MooringError `certificate.invalid`
 */
export function readUpload(text: string, now: Date): Certificate {
  let certificate: Certificate;
  try {
    certificate = parse(text.trim());
  } catch (error) {
    if (!isMooringError(error) || error.code === 'certificate.invalid') throw error;
    throw refuse(error.message, error.next ?? 'Check the certificate.', error);
  }
  if (certificate.notAfter.getTime() < now.getTime()) {
    throw refuse(
      `It expired on ${certificate.notAfter.toISOString().slice(0, 10)}.`,
      'Upload one that is valid; check the clock of the service if this one is.',
    );
  }
  return certificate;
}

function parse(text: string): Certificate {
  // JSON that was put together by a shell often has its line ends as two characters.
  const unescaped = text.includes('\n') ? text : text.replaceAll('\\n', '\n');
  if (!unescaped.includes('-----')) {
    const base64 = unescaped.replace(/\s+/g, '');
    if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
      throw refuse('It is neither PEM nor base64.', 'Give the text of the .pem or .crt file.');
    }
    return parseCertificate(Buffer.from(base64, 'base64'));
  }
  if (pemBlocks(unescaped).some(({ label }) => label.endsWith('PRIVATE KEY'))) {
    throw refuse(
      'It comes with a private key, which the service has no use for. Nothing was stored.',
      'Give the certificate alone, and consider the key as known to others.',
    );
  }
  return parseCertificate(derOf(unescaped, 'CERTIFICATE'));
}
