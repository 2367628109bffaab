import { join, resolve } from 'node:path';
import type { Command } from '@mooring/terminal';
import { configSetting, optionOf, settings } from '../serve/settings-table.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Make a data folder from a backup.',
  description:
    'Verifies a backup and puts it into a new data folder. The service then has the account, keys, authorities and firmware images that it had, so that the same devices and clients go on working. What it needs besides is the master key: the file that was beside the old data folder, or the passphrase that the backup was made with.',
  positionals: [{ name: 'file', metavar: 'FILE', help: 'The backup file.' }],
  options: [
    { ...optionOf('data', settings.data), help: 'The data folder to make; it must not exist, or be empty.' },
    {
      ...optionOf('masterKey', settings.masterKey),
      help: 'Where the master key is; with --passphrase-file, the file to put it into. Default: the file DATA.master-key beside the data folder.',
    },
    {
      flags: ['--passphrase-file'],
      name: 'passphraseFile',
      metavar: 'F',
      help: 'Take the master key out of the backup, with the passphrase in the first line of this file.',
    },
    optionOf('config', configSetting),
  ],
  examples: [
    {
      run: 'mooring restore mooring.tar.gz --data /srv/mooring --master-key /root/old.master-key',
      does: 'with the master key in a file',
    },
    {
      run: 'mooring restore mooring.tar.gz --data /srv/mooring --passphrase-file /root/passphrase',
      does: 'with the one in the backup',
    },
  ],
  async run(context, values) {
    const { resolveSettings } = await import('../serve/settings.ts');
    const { restoreBackup } = await import('../backup/restore.ts');
    const { readPassphrase } = await import('../backup/sealed-key.ts');
    const { defaultKeyFile, masterKeyProvider } = await import('../keys/provider.ts');
    const { wrappedKeyFileName } = await import('../keys/pkcs11-key.ts');
    const { blobsFolderName } = await import('../storage/data-folder.ts');
    const { output, cwd, env } = context;
    const { data, masterKey } = await resolveSettings({ options: values, ...context });
    const isToken = masterKey?.startsWith('pkcs11:') ?? false;
    const from = values.passphraseFile;
    const { manifest, absentImages, ...key } = await restoreBackup({
      file: resolve(cwd, String(values.file)),
      folder: data,
      // What is looked for beside the folder is beside the one that will be, not the one that is being filled.
      provider: (staged) =>
        masterKeyProvider({
          setting: masterKey,
          dataFolder: isToken ? staged : data,
          env,
        }),
      keyFile: isToken ? undefined : (masterKey ?? defaultKeyFile(data)),
      passphrase: from === undefined ? undefined : await readPassphrase(resolve(cwd, String(from))),
      keyIsNamed: masterKey !== undefined,
    });
    output.line(`${data} is restored: account ${manifest.account?.id ?? '–'}, as of ${manifest.createdAt}.`);
    if (manifest.handedOut) {
      output.line(
        `Devices connect to ${manifest.handedOut.bootstrapUri} and ${manifest.handedOut.lwm2mUri}: let these names lead here, and give the same --public-host and ports.`,
      );
    }
    if (absentImages.length > 0) {
      output.line(
        `Firmware images whose files are not in the backup: ${absentImages.length}. Upload them again, or put their files, from the folder blobs of the old data folder, into ${join(data, blobsFolderName)}:`,
      );
      for (const { id, name } of absentImages) output.line(`  ${id} ${JSON.stringify(name)}`);
    }
    const wrapped = manifest.files.some(({ name }) => name === wrappedKeyFileName);
    if (key.masterKey === 'present') output.line(`Its master key ${manifest.masterKeyId} is in ${key.place}.`);
    else if (wrapped) {
      output.line(
        `Its master key ${manifest.masterKeyId} is in the data folder, wrapped by a PKCS#11 token: name that token with --master-key when you serve it.`,
      );
    } else {
      output.line(
        `It needs master key ${manifest.masterKeyId}: put it into ${key.place} before "mooring serve", or name its place with --master-key.`,
      );
    }
    return {
      data,
      account: manifest.account?.id ?? null,
      createdAt: manifest.createdAt,
      schemaVersion: manifest.schemaVersion,
      masterKeyId: manifest.masterKeyId,
      ...key,
      handedOut: manifest.handedOut,
      absentImages,
    };
  },
};
