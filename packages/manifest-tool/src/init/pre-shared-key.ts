import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ProjectFolder, projectFiles } from '../project-folder.ts';
import type { Identifiers } from './identifiers.ts';
import type { Trust } from './trust.ts';

const variable = 'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME';
const definition = /const\s+char\s+MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME\[\]\s*=\s*"([^"]*)";/;
const credentialsFile = 'mbed_cloud_dev_credentials.c';
const searched = ['.', 'source'];

async function sourcesIn(folder: ProjectFolder, place: string): Promise<string[]> {
  try {
    return (await readdir(folder.at(place)))
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(place, name))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fileError(error, place);
  }
}

const noEndpoint = (message: string, next: string) => manifestToolErrors('init.psk.endpoint', { message, next });

/**
 * The endpoint name in the developer credentials of `.` or `source`.
 *
 * @throws MooringError `init.psk.endpoint` unless exactly one line there defines it
 */
async function endpointName(folder: ProjectFolder): Promise<string> {
  const found: { file: string; line: string }[] = [];
  for (const place of searched) {
    for (const file of await sourcesIn(folder, place)) {
      const text = (await folder.read(file))?.toString('utf8') ?? '';
      for (const line of text.split('\n')) if (line.includes(variable)) found.push({ file, line });
    }
  }
  if (found.length > 1) {
    throw manifestToolErrors('init.psk.endpoints', {
      message: `Multiple endpoint name definitions found: ${found.map(({ file }) => file).join(', ')}.`,
      next: 'Leave one developer credentials file in the project folder and its folder source.',
    });
  }
  const name = definition.exec(found[0]?.line ?? '')?.[1];
  if (!name) {
    throw noEndpoint(
      `An endpoint name must be populated in ${credentialsFile}`,
      `Put the ${credentialsFile} of the device into the project folder or its folder source.`,
    );
  }
  if (name === '0') {
    throw noEndpoint(
      `An endpoint name in ${credentialsFile} must be initialized (not '0') and must be different for each device.`,
      `Put the ${credentialsFile} of the device into the project folder or its folder source.`,
    );
  }
  return name;
}

/** What makes the name a poor identity for a pre-shared key, or undefined: a warning only. */
function reservation(urn: string): string | undefined {
  const [scheme, kind, part] = urn.split(':');
  if (scheme !== 'urn' || part === undefined) return `PSK Identity does not appear to be a valid URN: '${urn}'`;
  if (!['dev', 'uuid', 'imei', 'esn', 'meid', 'imei-msisdn', 'imei-imsi'].includes(kind as string)) {
    return `'${urn}' is not a recommended URN class for PSK identities`;
  }
  if (kind === 'dev' && part !== 'ops') return 'ops-type URNs are recommended dev-class URNs for PSK identities';
  return undefined;
}

/** 16 bytes of HKDF-SHA256 (RFC 5869): salt master key, input endpoint name, info `Authentication` ‖ vendor id ‖ class id. */
export function deviceKey(masterKey: Uint8Array, endpoint: string, { vendorId, classId }: Identifiers): Uint8Array {
  const info = Buffer.concat([Buffer.from('Authentication'), vendorId, classId]);
  return new Uint8Array(hkdfSync('sha256', Buffer.from(endpoint, 'utf8'), masterKey, info, 16));
}

/**
 * Trust in the key of the device whose credentials lie in the project, from the master key, which is made if there is none.
 *
 * @param recorded endpoint names of earlier runs
 */
export async function preSharedKeyTrust(
  folder: ProjectFolder,
  identifiers: Identifiers,
  recorded: readonly string[],
  force: boolean,
  log: Log,
): Promise<Trust> {
  const endpoint = await endpointName(folder);
  if (recorded.includes(endpoint)) {
    log.warning(`Device URN '${endpoint}' already exists in ${projectFiles.settings}. Is it unique?`);
  }
  const doubt = reservation(endpoint);
  if (doubt) log.warning(doubt);
  const existing = await folder.read(projectFiles.masterKey);
  if (existing?.length === 0) {
    throw manifestToolErrors('init.key.unreadable', {
      message: `The master key in ${projectFiles.masterKey} is empty.`,
      next: 'Put the right one back, or remove the file for a new one; devices with keys of the old one then take no more updates.',
      data: { path: projectFiles.masterKey },
    });
  }
  if (existing && force) {
    log.warning(`Using existing master key in '${projectFiles.masterKey}'. Not generating a new master key.`);
  }
  const masterKey = existing ?? randomBytes(32);
  const pskId = new Uint8Array(createHash('sha256').update(masterKey).digest());
  return {
    settings: { 'psk-master-key': projectFiles.masterKey },
    urns: [...new Set([...recorded, endpoint])],
    resources: { psk: deviceKey(masterKey, endpoint, identifiers), pskId },
    files: existing ? [] : [{ path: projectFiles.masterKey, data: masterKey, mode: 0o600 }],
    copies: [],
    done: existing
      ? [`Reading master key out of ${projectFiles.masterKey}`]
      : ['Generating a new 256-bit master key', `Storing master key to '${projectFiles.masterKey}'`],
    result: {
      preSharedKey: {
        masterKey: projectFiles.masterKey,
        id: Buffer.from(pskId).toString('hex'),
        endpointName: endpoint,
      },
    },
  };
}
