import { readFile } from 'node:fs/promises';
import { fileError } from '@mooring/platform';
import type { EnrollmentIdentity, RestClient, TrustedCertificateResp } from '@mooring/rest';
import { migrationErrors } from '../errors.ts';
import { isRecord, parseJson } from '../json-line.ts';

/** A certificate that devices are let in with, as the other service has it. */
export type SourceCertificate = Pick<TrustedCertificateResp, 'name' | 'certificate'> &
  Partial<
    Pick<TrustedCertificateResp, 'description' | 'service' | 'status' | 'enrollment_mode' | 'device_execution_mode'>
  >;

export type SourceEnrolment = Pick<EnrollmentIdentity, 'enrollment_identity'> &
  Partial<Pick<EnrollmentIdentity, 'claimed_at' | 'expires_at'>>;

/** What there is to copy. */
export interface Source {
  certificates: SourceCertificate[];
  enrolments: SourceEnrolment[];
}

export async function fromService(client: RestClient): Promise<Source> {
  const source: Source = { certificates: [], enrolments: [] };
  for await (const certificate of client.trustedCertificates.list()) source.certificates.push(certificate);
  for await (const enrolment of client.deviceEnrollments.list()) source.enrolments.push(enrolment);
  return source;
}

/**
 * Reads what was exported: an answer of `GET /v3/trusted-certificates` or `GET /v3/device-enrollments`, several of them
 * in a JSON list, or any text with enrolment identities in it, as the portal's CSV files have them.
 *
 * @throws MooringError `migration.source.malformed`, `file.*`
 */
export async function fromFile(path: string): Promise<Source> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  return readExport(text, path);
}

const identities = /A-[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}(?![0-9A-Fa-f:])/g;

export function readExport(text: string, path: string): Source {
  const json = parseJson(text)?.value;
  const entries = json === undefined ? identitiesIn(text) : entriesIn(json);
  const source: Source = { certificates: [], enrolments: [] };
  for (const entry of entries) {
    if (typeof entry.enrollment_identity === 'string') source.enrolments.push(entry as never);
    else if (typeof entry.name === 'string' && typeof entry.certificate === 'string') {
      source.certificates.push(entry as never);
    }
  }
  if (source.certificates.length + source.enrolments.length > 0) return source;
  throw migrationErrors('migration.source.malformed', {
    message: `${path} holds neither trusted certificates nor enrolment identities.`,
    next: "Give the answer of 'GET /v3/trusted-certificates' or 'GET /v3/device-enrollments' of the other service, or a CSV file with enrolment identities.",
    data: { path },
  });
}

/** Lists in lists, and entities in the envelope of a list. */
function entriesIn(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap(entriesIn);
  if (!isRecord(value)) return [];
  return Array.isArray(value.data) ? value.data.flatMap(entriesIn) : [value];
}

const identitiesIn = (text: string): Record<string, unknown>[] =>
  [...text.matchAll(identities)].map(([identity]) => ({ enrollment_identity: identity }));
