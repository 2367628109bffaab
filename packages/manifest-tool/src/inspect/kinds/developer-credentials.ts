import { readDeveloperCredentials } from '@mooring/credentials';
import { type Certificate, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { visible } from '../../visible.ts';
import type { Item, Source } from '../item.ts';
import { validityText } from './certificate.ts';
import { accessFindings } from './key.ts';

/** `mbed_cloud_dev_credentials.c`: what a device connects with. The private key in it is not shown. */
export function developerCredentialsItem(source: Source, text: string, now: Date): Item {
  const { file } = source;
  const base = { file, kind: 'developer-credentials', title: 'developer credentials, in C' } as const;
  try {
    const found = readDeveloperCredentials(text, file);
    const certificate: Certificate = parseCertificate(found.deviceCertificate);
    return {
      ...base,
      facts: [
        ['endpoint', visible(found.endpointName)],
        ['account', visible(found.accountId)],
        ['bootstrap', visible(found.bootstrapServerUri)],
        ['certificate', `SHA-256 ${certificate.fingerprint}`],
        ['valid', validityText(certificate, now)],
        ['issuer', visible(certificate.issuerText)],
        ['private key', 'that of the certificate (not shown)'],
      ],
      details: {
        endpointName: found.endpointName,
        accountId: found.accountId,
        bootstrapServerUri: found.bootstrapServerUri,
        fingerprint: certificate.fingerprint,
        issuer: certificate.issuerText,
        notBefore: certificate.notBefore.toISOString(),
        notAfter: certificate.notAfter.toISOString(),
      },
      findings: accessFindings(source),
    };
  } catch (error) {
    if (!isMooringError(error)) throw error;
    const text = error.message.replace(`${file}, `, '').replace(/\.$/, '');
    return {
      ...base,
      facts: [],
      details: {},
      findings: [{ weight: 'problem', code: 'resources.check', files: [file], text }],
    };
  }
}
