import { lwm2mCredentialItems } from '@mooring/credentials';
import { isSameItem, type StoredItem } from '../secure-storage/item.ts';
import type { SecureStorage, Snapshot } from '../secure-storage/storage.ts';
import { checkCredentials } from './credential-check.ts';
import { credentialFiles, readCredentialFiles } from './credential-files.ts';
import { timeItems } from './device-time.ts';
import { findingData } from './findings.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { readServerUri } from './server-uri.ts';

/**
 * What belongs to an earlier service or claim and must not outlive new credentials: the device would go on talking to
 * the old service (mbl-device.md §9), or check the new one against the old one's revocations.
 */
const serviceItems: readonly string[] = [
  ...lwm2mCredentialItems.map(({ name }) => name),
  'mbed.AccountID',
  'mbed.FirstToClaim',
  'mbed.BootstrapServerCRL',
];

export interface ProvisionOptions {
  /** Folder of the 14 `.bin` files. */
  readonly certificatesFolder: string;
  readonly storage: SecureStorage;
  /** For a relative folder. */
  readonly cwd?: string;
}

export interface Provisioned {
  readonly endpointName: string;
  readonly accountId: string;
  readonly bootstrapServerUri: string;
  /** The very same credentials were there before: the registration was kept. */
  readonly repeated: boolean;
  /** Names of items that were removed. */
  readonly cleared: readonly string[];
}

/**
 * Checks all files, then stores them as factory items in one transaction that also clears what belongs to an earlier
 * service. The very same credentials again (a repeated command after a lost connection) leave the registration alone:
 * in developer mode a new bootstrap would give the device another id. The time a device believes is cleared in any
 * case, which is the cure for a wrong one.
 *
 * @throws MooringError `provisioning.files.missing`, `provisioning.credentials.invalid`, `storage.*`, `file.*`
 */
export async function provision({ certificatesFolder, storage, cwd = '.' }: ProvisionOptions): Promise<Provisioned> {
  const files = new Map(credentialFiles(certificatesFolder).map(({ item, path }) => [item.name, path]));
  const { items, problems } = checkCredentials(await readCredentialFiles(certificatesFolder, cwd));
  if (problems.length > 0) {
    throw provisioningErrors('provisioning.credentials.invalid', {
      message: `The credentials in ${certificatesFolder} are not fit for use; nothing was stored.`,
      next: 'Make the credentials anew (mbl-cli provision-pelion with -c, manifest-tool init) and provision again.',
      data: {
        folder: certificatesFolder,
        problems: problems.map((problem) => ({
          ...findingData(problem),
          group: problem.group,
          file: files.get(problem.item) ?? problem.item,
        })),
      },
    });
  }
  let repeated = false;
  let cleared: readonly string[] = [];
  await storage.transaction(async (current) => {
    repeated = await holdsAll(current, items);
    const unwanted = new Set<string>(repeated ? timeItems : [...timeItems, ...serviceItems]);
    cleared = current.items.map(({ name }) => name).filter((name) => unwanted.has(name));
    return { put: items, remove: cleared };
  });
  const text = (name: string) => Buffer.from(items.find((item) => item.name === name)?.data ?? []).toString();
  return {
    endpointName: text('mbed.EndpointName'),
    accountId: readServerUri(Buffer.from(text('mbed.BootstrapServerURI'))).accountId ?? '',
    bootstrapServerUri: text('mbed.BootstrapServerURI'),
    repeated,
    cleared,
  };
}

async function holdsAll(current: Snapshot, items: readonly StoredItem[]): Promise<boolean> {
  for (const item of items) {
    const found = await current.get(item.name);
    if (!found || !isSameItem(found, item)) return false;
  }
  return true;
}
