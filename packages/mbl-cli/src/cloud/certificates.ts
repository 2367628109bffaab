import { isMooringError } from '@mooring/platform';
import type { RestClient } from '@mooring/rest';
import { cloudErrors } from '../errors.ts';

export interface ServiceCertificate {
  id: string;
  name: string;
  /** False for an ordinary CA certificate. */
  developer: boolean;
}

/** What the service lists, in its order. One request for each page: the old tool's took one more for each item. */
export async function listCertificates(client: RestClient, filter: Record<string, string> = {}) {
  const found: ServiceCertificate[] = [];
  for await (const { id, name, device_execution_mode } of client.trustedCertificates.list(filter)) {
    found.push({ id, name, developer: Number(device_execution_mode ?? 0) > 0 });
  }
  return found;
}

/** The certificate of exactly this name. A developer certificate wins over a CA certificate. */
export async function findCertificate(client: RestClient, name: string): Promise<ServiceCertificate | undefined> {
  // Not every server takes the filter into account.
  const named = (await listCertificates(client, { name__eq: name })).filter((found) => found.name === name);
  return named.find((found) => found.developer) ?? named[0];
}

/** Id of the certificate of the device with this endpoint name. */
export async function findDeviceCertificate(client: RestClient, endpointName: string): Promise<string | undefined> {
  for await (const { id, endpoint_name } of client.deviceCertificates.list({ endpoint_name__eq: endpointName })) {
    if (endpoint_name === endpointName) return id;
  }
  return undefined;
}

export interface DeveloperSource {
  id: string;
  /** The C file. */
  source: string;
}

/** @throws MooringError `cloud.certificate.unknown`, `cloud.certificate.kind`, `rest.*` */
export async function fetchDeveloperCertificate(client: RestClient, name: string): Promise<DeveloperSource> {
  const found = await findCertificate(client, name);
  if (!found) {
    const names = (await listCertificates(client)).filter((known) => known.developer).map((known) => known.name);
    throw cloudErrors('cloud.certificate.unknown', {
      message: `The developer certificate does not exist. Available certificates: \n${names.join('\n')}`,
      next: "Add '-c' to create one of that name.",
      data: { name, available: names },
    });
  }
  if (!found.developer) {
    throw cloudErrors('cloud.certificate.kind', {
      message: `'${name}' is a CA certificate in Device Management, not a developer certificate.`,
      next: 'Use another name for the developer certificate.',
      data: { name, id: found.id },
    });
  }
  const { security_file_content: source } = await client.developerCertificates.get(found.id);
  return { id: found.id, source: checkSource(source, name) };
}

/** @throws MooringError `cloud.certificate.exists`, `rest.*` */
export async function createDeveloperCertificate(client: RestClient, name: string): Promise<DeveloperSource> {
  try {
    const { id, security_file_content: source } = await client.developerCertificates.create({ name });
    return { id: id ?? '', source: checkSource(source, name) };
  } catch (error) {
    if (isMooringError(error) && error.code === 'rest.conflict') throw certificateExists(name, error);
    throw error;
  }
}

export const certificateExists = (name: string, cause?: unknown) =>
  cloudErrors('cloud.certificate.exists', {
    message:
      'The developer certificate you are trying to create already exists in the Pelion Device Management Portal.',
    cause,
    data: { name },
  });

function checkSource(source: string | undefined, name: string): string {
  if (source) return source;
  throw cloudErrors('cloud.certificate.unusable', {
    message: `The service sent the developer certificate '${name}' without its credentials file.`,
    next: 'Check that the URL is that of a Device Management service.',
    data: { name },
  });
}
