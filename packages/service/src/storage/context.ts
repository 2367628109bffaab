import { join } from 'node:path';
import type { Clock } from '@mooring/platform';
import type { Vault } from '../keys/vault.ts';
import { RegistryEvents } from '../registry/bus.ts';
import { Usage } from '../registry/usage/usage.ts';
import type { ServiceSettings } from '../serve/settings.ts';
import { type Blobs, folderBlobs, memoryBlobs } from '../updates/images/blobs.ts';
import { blobsFolderName } from './data-folder.ts';
import type { Storage } from './storage.ts';

/** What every rule of the service works with. */
export interface Domain {
  readonly storage: Storage;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly settings: ServiceSettings;
  /** Tells those in this process that listen. */
  readonly bus: RegistryEvents;
  readonly usage: Usage;
  /** Firmware images. */
  readonly blobs: Blobs;
}

/** @param failed told what a listener of the bus threw */
export function domainOf(
  parts: Pick<Domain, 'storage' | 'vault' | 'clock' | 'settings'>,
  failed?: (error: unknown) => void,
): Domain {
  const { folder } = parts.storage;
  return {
    ...parts,
    bus: new RegistryEvents(failed),
    usage: new Usage(parts.storage, parts.clock),
    blobs: folder === ':memory:' ? memoryBlobs() : folderBlobs(join(folder, blobsFolderName)),
  };
}

/** Who does something, for permissions and the audit record. */
export interface Actor {
  /** An operator is someone with access to the data folder or its admin socket. */
  readonly kind: 'api-key' | 'operator' | 'user';
  readonly id: string;
  readonly accountId: string;
  readonly permissions: ReadonlySet<string>;
  readonly requestId?: string;
  /** Of a user who is signed in. */
  readonly session?: string;
}
