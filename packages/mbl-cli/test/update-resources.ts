import { randomBytes } from 'node:crypto';
import { writeUpdateResources } from '@mooring/credentials';
import { generateKeyPair, issueCertificate, parseCertificate } from '@mooring/pki';

/** The text of an update_default_resources.c, each time with another certificate. */
export function updateResources(notBefore = new Date('2026-01-01')): string {
  const { privateKey, publicKey } = generateKeyPair();
  const certificate = issueCertificate({
    subject: { commonName: 'acme.example' },
    subjectKey: publicKey,
    key: privateKey,
    profile: 'update',
    notBefore,
    notAfter: new Date('2046-01-01'),
  });
  return writeUpdateResources({
    vendorId: randomBytes(16),
    classId: randomBytes(16),
    certificate: parseCertificate(certificate),
  });
}
