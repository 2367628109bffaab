import { createHash } from 'node:crypto';
import { withLock } from '@mooring/platform';
import { readConfig, storeLock, writeConfig } from './config-file.ts';

export interface SavedKey {
  apiKey: string;
  /** Where the key was accepted; absent if another tool saved the key. */
  service?: { url: string; ca?: string | undefined };
}

const keyId = (apiKey: string) => createHash('sha256').update(apiKey).digest('hex').slice(0, 16);

/** Holds one API key, and with it the service it is for. */
export class UserStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The saved key, or undefined if there is none. */
  async read(): Promise<SavedKey | undefined> {
    const { apiKey, service } = await readConfig(this.folder);
    if (apiKey.trim() === '') return undefined;
    const key = { apiKey: apiKey.trim() };
    if (!service || service.keyId !== keyId(key.apiKey)) return key;
    return { ...key, service: { url: service.url, ca: service.ca } };
  }

  /** Replaces key, URL and CA as a whole. */
  async save({ apiKey, service }: Required<SavedKey>): Promise<void> {
    await withLock(storeLock(this.folder), async () => {
      const config = await readConfig(this.folder);
      config.apiKey = apiKey;
      config.service = { ...service, keyId: keyId(apiKey) };
      await writeConfig(this.folder, config, { config: 0o600 });
    });
  }
}
