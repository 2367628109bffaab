import { resolve } from 'node:path';
import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Write everything that the service keeps into one file.',
  description:
    'Writes a backup (tar, gzip, mode 0600) of the data folder, also while the service runs: the database as it is at this moment, and the firmware images. The private keys in it are encrypted under the master key, which is not in it: keep that one elsewhere, or put it in under a passphrase with --passphrase-file.',
  positionals: [
    { name: 'file', metavar: 'FILE', help: 'The backup file. One of that name is replaced when the new one is whole.' },
  ],
  options: [
    {
      flags: ['--passphrase-file'],
      name: 'passphraseFile',
      metavar: 'F',
      help: 'Put the master key in as well, encrypted under the passphrase in the first line of this file.',
    },
    {
      flags: ['--without-images'],
      name: 'withoutImages',
      help: 'Leave the firmware images out: a small backup, after which they have to be uploaded again.',
    },
    ...folderOptions,
  ],
  examples: [
    { run: 'mooring backup mooring.tar.gz', does: 'without the master key' },
    {
      run: 'mooring backup mooring.tar.gz --passphrase-file /root/passphrase',
      does: 'with it: file and passphrase are enough to go on elsewhere',
    },
  ],
  async run(context, values) {
    const { operateBackup } = await import('../admin/reach.ts');
    const { readPassphrase } = await import('../backup/sealed-key.ts');
    const { readManifest } = await import('../backup/archive.ts');
    const { isImageFile } = await import('../backup/manifest.ts');
    const file = resolve(context.cwd, String(values.file));
    const from = values.passphraseFile;
    const passphrase = from === undefined ? undefined : await readPassphrase(resolve(context.cwd, String(from)));
    await operateBackup(context, values, file, { passphrase, withImages: values.withoutImages !== true });
    const { account, masterKeyId, schemaVersion, createdAt, files, absentImages } = await readManifest(file);
    const images = files.filter(({ name }) => isImageFile(name)).length;
    context.output.line(`${file} is written.`);
    if (values.withoutImages) context.output.line(`Firmware images left out: ${absentImages.length}.`);
    else {
      context.output.line(`Firmware images in it: ${images}.`);
      for (const { id, name, why } of absentImages) {
        const reason =
          why === 'damaged'
            ? 'its file is not what its checksum says'
            : 'it was deleted meanwhile, or its file is missing';
        context.output.line(`Firmware image ${id} (${JSON.stringify(name)}) is not in it: ${reason}.`);
      }
    }
    context.output.line(
      passphrase === undefined
        ? `To restore it, master key ${masterKeyId} is needed, which is not in it.`
        : `To restore it, the passphrase is needed; master key ${masterKeyId} is in it.`,
    );
    return {
      file,
      createdAt,
      account: account?.id ?? null,
      schemaVersion,
      masterKeyId,
      masterKeyIncluded: passphrase !== undefined,
      images,
      absentImages,
    };
  },
};
