import type {
  DeveloperCertificateResponseData,
  ServerCredentialsResponseData,
  TrustedCertificateResp,
} from '@mooring/rest';
import { timeText } from '../http/time-text.ts';
import type { DeveloperCertificate } from './developer-certificates.ts';
import type { ServerCredentials } from './server-credentials.ts';
import type { TrustedCertificate } from './trusted-certificates.ts';

export const trustedCertificateBody = (trusted: TrustedCertificate): TrustedCertificateResp => ({
  object: 'trusted-cert',
  id: trusted.id,
  etag: String(trusted.etag),
  account_id: trusted.accountId,
  owner_id: trusted.ownerId,
  name: trusted.name,
  description: trusted.description,
  service: trusted.service,
  status: trusted.status,
  device_execution_mode: trusted.isDeveloper ? 1 : 0,
  enrollment_mode: trusted.enrollmentMode,
  certificate: trusted.certificate.pem,
  certificate_fingerprint: trusted.certificate.fingerprint,
  issuer: trusted.certificate.issuerText,
  subject: trusted.certificate.subjectText,
  valid: trusted.valid,
  validity: timeText(trusted.certificate.notAfter.getTime()),
  created_at: timeText(trusted.createdAt),
  updated_at: timeText(trusted.updatedAt),
});

export const developerCertificateBody = (developer: DeveloperCertificate): DeveloperCertificateResponseData => ({
  object: 'trusted-cert',
  id: developer.id,
  etag: String(developer.etag),
  account_id: developer.accountId,
  name: developer.name,
  description: developer.description,
  developer_certificate: developer.certificate.pem,
  developer_private_key: developer.privateKeyPem,
  security_file_content: developer.credentialsFile,
  created_at: timeText(developer.createdAt),
});

export const serverCredentialsBody = (credentials: ServerCredentials): ServerCredentialsResponseData => ({
  object: 'server-credentials',
  id: credentials.id,
  etag: '1',
  server_certificate: credentials.certificate,
  server_uri: credentials.uri,
  created_at: timeText(credentials.createdAt),
});
