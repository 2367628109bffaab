import { join } from 'node:path';
import { readFileIfExists } from '@mooring/platform';
import { masterKeyErrors } from '../errors.ts';
import { parseMasterKey } from './key-text.ts';
import type { MasterKeyProvider } from './master-key.ts';

/** Name of the credential in the unit: `LoadCredentialEncrypted=mooring-master-key:…`. */
export const credentialName = 'mooring-master-key';

/** A credential that systemd decrypts for this unit alone (systemd.exec(5), `$CREDENTIALS_DIRECTORY`). */
export function systemdMasterKey(credentialsDirectory: string): MasterKeyProvider {
  const path = join(credentialsDirectory, credentialName);
  const place = `the systemd credential ${credentialName}`;
  return {
    place,
    async load() {
      const content = await readFileIfExists(path);
      return content && parseMasterKey(content, place);
    },
    async create() {
      throw masterKeyErrors('master.key.missing', {
        message: `There is no ${place}, and only systemd can make one.`,
        next: `Make it with: head -c 32 /dev/urandom | base64 | systemd-creds encrypt --name=${credentialName} - FILE`,
      });
    },
  };
}
