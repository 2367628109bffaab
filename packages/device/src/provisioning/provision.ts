import { lwm2mCredentialItems } from '@mooring/credentials';
import { isSameItem, type StoredItem } from '../secure-storage/item.ts';
import type { SecureStorage, Snapshot } from '../secure-storage/storage.ts';
import { checkCredentials } from './credential-check.ts';
import { type CredentialFile, credentialFiles, filesMissing, readCredentialFiles } from './credential-files.ts';
import { timeItems } from './device-time.ts';
import { findingData } from './findings.ts';
import { keyMadeHere, pendingKeyItem } from './pending-key.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { securityObjects } from './security-objects.ts';
import { readServerUri } from './server-uri.ts';

/**
 * What belongs to an earlier service or claim and must not outlive new credentials: the device would go on talking to
 * the old service otherwise, or check the new one against the old one's revocations.
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
  /** The private key came not with the credentials: this device made it, and it never left. */
  readonly keyMadeHere: boolean;
  /** Names of items that were removed. */
  readonly cleared: readonly string[];
}

/**
 * Checks all files, then stores them as factory items in one transaction that also clears what belongs to an earlier
 * service. The very same credentials again (a repeated command after a lost connection) leave the registration alone:
 * in developer mode a new bootstrap would give the device another id. The time a device believes is cleared in any
 * case, which is the cure for a wrong one. Credentials without a private key take the one that the device made.
 *
 * @throws MooringError `provisioning.files.missing`, `provisioning.key.unknown`, `provisioning.credentials.invalid`,
 * `storage.*`, `file.*`
 */
export async function provision({ certificatesFolder, storage, cwd = '.' }: ProvisionOptions): Promise<Provisioned> {
  const files = new Map(credentialFiles(certificatesFolder).map(({ item, path }) => [item.name, path]));
  const { contents, missing } = await readCredentialFiles(certificatesFolder, cwd);
  const ownKey = await ownKeyFor(storage, contents, missing);
  if (ownKey) contents.set(keyName, ownKey);
  else if (missing.length > 0) throw filesMissing(certificatesFolder, missing);
  const { items, problems } = checkCredentials(contents);
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
    // Whatever waited for a certificate waits no more: this is the device's key now, or another took its place.
    return { put: items, remove: [...cleared, pendingKeyItem] };
  });
  const text = (name: string) => Buffer.from(items.find((item) => item.name === name)?.data ?? []).toString();
  return {
    endpointName: text('mbed.EndpointName'),
    accountId: readServerUri(Buffer.from(text('mbed.BootstrapServerURI'))).accountId ?? '',
    bootstrapServerUri: text('mbed.BootstrapServerURI'),
    repeated,
    keyMadeHere: ownKey !== undefined,
    cleared,
  };
}

const { certificate: certificateName, key: keyName } = securityObjects.bootstrap;

/** Only if nothing but the private key is missing. */
async function ownKeyFor(
  storage: SecureStorage,
  contents: ReadonlyMap<string, Uint8Array>,
  missing: readonly CredentialFile[],
): Promise<Uint8Array | undefined> {
  const certificate = contents.get(certificateName);
  const onlyKey = missing.length === 1 && missing[0]?.item.name === keyName;
  return onlyKey && certificate ? storage.read((current) => keyMadeHere(current, certificate)) : undefined;
}

async function holdsAll(current: Snapshot, items: readonly StoredItem[]): Promise<boolean> {
  for (const item of items) {
    const found = await current.get(item.name);
    if (!found || !isSameItem(found, item)) return false;
  }
  return true;
}
