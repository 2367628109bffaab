import type { Certificate } from '@mooring/pki';
import { daysText, remainingOf, utc } from '../../validity/remaining.ts';
import { visible } from '../../visible.ts';
import type { Finding, Weight } from '../finding.ts';
import type { Fact, Item } from '../item.ts';
import { keyDigest } from '../key-digest.ts';

const weights: Readonly<Record<string, Weight>> = {
  notice: 'note',
  warning: 'warning',
  urgent: 'warning',
  expired: 'problem',
};

/** `2019-12-29 10:56:04 UTC, in 61 days` */
export function validityText({ notBefore, notAfter }: Certificate, now: Date): string {
  const { days } = remainingOf({ notAfter }, now);
  const left = days < 0 ? `EXPIRED ${daysText(-days)} ago` : `${daysText(days)} left`;
  return `${utc(notBefore)} to ${utc(notAfter)}, ${notBefore > now ? 'NOT YET' : left}`;
}

/** @param file for findings; that of the C file where the certificate is in one */
export function certificateFindings(certificate: Certificate, file: string, now: Date): Finding[] {
  const { keyType, signatureAlgorithm, notBefore, notAfter } = certificate;
  const findings: Finding[] = [];
  const add = (weight: Weight, code: Finding['code'], text: string) =>
    findings.push({ weight, code, files: [file], text });
  if (keyType !== 'P-256' || !/SHA256/i.test(signatureAlgorithm)) {
    add(
      'problem',
      'certificate.unsuitable',
      `its key is ${keyType} and its signature ${signatureAlgorithm}: devices check updates with P-256 and SHA-256 only`,
    );
  }
  if (notBefore > now)
    add('problem', 'certificate.validity', `it is valid from ${utc(notBefore)} on, which is not yet`);
  const { days, urgency } = remainingOf(certificate, now);
  const weight = weights[urgency];
  if (weight) {
    const when =
      urgency === 'expired' ? `expired on ${utc(notAfter)}` : `ends on ${utc(notAfter)}, in ${daysText(days)}`;
    add(weight, 'certificate.validity', `it ${when}: \`manifest-tool cert renew\` makes its successor`);
  }
  return findings;
}

export function certificateFacts(certificate: Certificate, now: Date): Fact[] {
  const { subjectText, issuerText, selfSigned, fingerprint, keyType, subjectKeyIdentifier } = certificate;
  const id = Buffer.from(subjectKeyIdentifier ?? []).toString('hex');
  return [
    ['subject', visible(subjectText)],
    ['issuer', selfSigned ? 'itself' : visible(issuerText)],
    ['fingerprint', `SHA-256 ${fingerprint}`],
    ['key', `${keyType}, SHA-256 ${keyDigest(certificate.publicKey)}`],
    ['key id', id || 'none'],
    ['valid', validityText(certificate, now)],
  ];
}

export const certificateDetails = (certificate: Certificate, now: Date) => ({
  fingerprint: certificate.fingerprint,
  subject: certificate.subjectText,
  issuer: certificate.issuerText,
  selfSigned: certificate.selfSigned,
  keyType: certificate.keyType,
  publicKeySha256: keyDigest(certificate.publicKey),
  signatureAlgorithm: certificate.signatureAlgorithm,
  subjectKeyIdentifier: Buffer.from(certificate.subjectKeyIdentifier ?? []).toString('hex') || null,
  notBefore: certificate.notBefore.toISOString(),
  notAfter: certificate.notAfter.toISOString(),
  daysLeft: remainingOf(certificate, now).days,
});

/** @param certificates of one file; a PEM bundle has several, the leaf first */
export function certificateItem(file: string, certificates: readonly Certificate[], now: Date): Item {
  const [first, ...more] = certificates as [Certificate, ...Certificate[]];
  return {
    file,
    kind: 'certificate',
    title: more.length > 0 ? `certificate, with ${more.length} more behind it` : 'certificate',
    facts: [
      ...certificateFacts(first, now),
      ...more.map((one): Fact => ['behind it', `${visible(one.subjectText)}, SHA-256 ${one.fingerprint}`]),
    ],
    details: {
      ...certificateDetails(first, now),
      ...(more.length > 0 ? { more: more.map((one) => certificateDetails(one, now)) } : {}),
    },
    findings: certificateFindings(first, file, now),
    certificates,
  };
}
