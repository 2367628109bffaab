import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeveloperCredentials, readDeveloperCredentials } from '@mooring/credentials';
import { fileError } from '@mooring/platform';
import { RestClient } from '@mooring/rest';
import { simulateErrors } from '../errors.ts';

/** The developer certificate that simulated devices share; made once for a service. */
const certificateName = 'mooring-simulate';

/** The C file that a path names, or the one in a folder that holds developer credentials. */
async function cFileOf(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const files = (await readdir(path)).filter((name) => name.endsWith('.c')).map((name) => join(path, name));
  for (const file of files) if ((await readFile(file, 'utf8')).includes('MBED_CLOUD_DEV_')) return file;
  throw simulateErrors('simulate.credentials.missing', {
    message: `${path} holds no developer credentials (mbed_cloud_dev_credentials.c).`,
    next: 'Name the file, or let the service make a certificate: --service and an API key.',
    data: { path },
  });
}

/** @throws MooringError `credentials.*`, `file.*`, `simulate.credentials.missing` */
export async function credentialsFrom(path: string): Promise<DeveloperCredentials> {
  try {
    const file = await cFileOf(path);
    return readDeveloperCredentials(await readFile(file, 'utf8'), file);
  } catch (error) {
    throw fileError(error, path);
  }
}

export interface ServicePlace {
  readonly url: string;
  readonly apiKey: string;
  /** PEM. */
  readonly ca?: string;
  readonly caFingerprint?: string;
}

/** Those of the developer certificate for simulations, which is made if it is not there. @throws MooringError `rest.*` */
export async function credentialsOf(place: ServicePlace, signal: AbortSignal): Promise<DeveloperCredentials> {
  const client = new RestClient({ ...place, userAgent: 'mooring-simulate', signal });
  try {
    let id: string | undefined;
    for await (const { id: found } of client.trustedCertificates.list({ name__eq: certificateName })) id ??= found;
    const developer =
      id === undefined
        ? await client.developerCertificates.create({
            name: certificateName,
            description: 'For the devices of mooring simulate',
          })
        : await client.developerCertificates.get(id);
    return readDeveloperCredentials(developer.security_file_content ?? '', certificateName);
  } finally {
    client.close();
  }
}
