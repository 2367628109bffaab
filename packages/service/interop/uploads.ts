import { generateKeyPair, issueCertificate, pemOf } from '@mooring/pki';

/** PEM of authorities of someone else, to upload. */
export function foreignAuthorities(...names: string[]): string[] {
  return names.map((commonName) => {
    const { privateKey, publicKey } = generateKeyPair();
    const der = issueCertificate({
      subject: { organization: 'Acme', commonName },
      subjectKey: publicKey,
      key: privateKey,
      profile: 'authority',
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2049-12-31T23:59:59Z'),
    });
    return pemOf('CERTIFICATE', der);
  });
}
