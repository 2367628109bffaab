import { parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { cloudErrors } from '../errors.ts';

/**
 * The certificates of a PEM file, and nothing else of it: a private key that was pasted along must not be kept.
 *
 * @throws MooringError `cloud.ca.invalid`
 */
export function certificatesIn(pem: string, file: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid(file, 'holds no certificate in PEM form');
  const certificates = blocks.map((block, index) => {
    try {
      return parseCertificate(block).pem;
    } catch (error) {
      if (!isMooringError(error)) throw error;
      throw invalid(file, `holds something else than a certificate as number ${index + 1}: ${error.message}`);
    }
  });
  return certificates.map((certificate) => `${certificate.trim()}\n`).join('');
}

function invalid(file: string, what: string) {
  return cloudErrors('cloud.ca.invalid', {
    message: `${file} ${what.replace(/\.$/, '')}.`,
    next: "Give the PEM file that 'mooring ca export' wrote.",
    data: { file },
  });
}
