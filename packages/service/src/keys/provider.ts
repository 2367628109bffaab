import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileMasterKey } from './file-key.ts';
import type { MasterKeyProvider } from './master-key.ts';
import { pkcs11MasterKey } from './pkcs11-key.ts';
import { pkcs11Token } from './pkcs11-tool.ts';
import { parsePkcs11Uri } from './pkcs11-uri.ts';
import { credentialName, systemdMasterKey } from './systemd-key.ts';

/** Beside the data folder and not in it: whoever copies the folder has not copied the key. */
export function defaultKeyFile(dataFolder: string): string {
  return `${resolve(dataFolder)}.master-key`;
}

/**
 * Chooses where the master key is kept: what was set, else the systemd credential if there is one, else the file
 * beside the data folder.
 *
 * @param setting absolute path of a file, or a `pkcs11:` URI
 * @throws MooringError `master.key.uri.malformed`
 */
export function masterKeyProvider(options: {
  setting: string | undefined;
  dataFolder: string;
  env: Readonly<Record<string, string | undefined>>;
}): MasterKeyProvider {
  const { setting, dataFolder, env } = options;
  if (setting?.startsWith('pkcs11:')) {
    const uri = parsePkcs11Uri(setting);
    const place = `the PKCS#11 token ${uri.token ?? `in slot ${uri.slot}`}`;
    return pkcs11MasterKey({ uri, token: pkcs11Token(uri, env, place), dataFolder, env, place });
  }
  if (setting !== undefined) return fileMasterKey(setting);
  const credentials = env.CREDENTIALS_DIRECTORY;
  if (credentials && existsSync(join(credentials, credentialName))) return systemdMasterKey(credentials);
  return fileMasterKey(defaultKeyFile(dataFolder));
}
