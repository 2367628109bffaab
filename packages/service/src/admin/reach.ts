import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMooringError } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { saveArchive } from '../backup/save.ts';
import { adminErrors } from '../errors.ts';
import { restAddress } from '../serve/address.ts';
import { noLog } from '../serve/log.ts';
import { defaultPublicHost } from '../serve/public-host.ts';
import { resolveSettings, type Settings } from '../serve/settings.ts';
import { requireDataFolder } from '../storage/data-folder.ts';
import { folderHeld, tryLockFolder } from '../storage/folder-lock.ts';
import { askForBackup, askService, brokenOff } from './client.ts';
import type { AdminFolder, OperationName, Operations } from './operations.ts';
import type { BackupRequest } from './operator-backup.ts';
import { readServiceFile } from './service-file.ts';

/** How long to wait for a service that starts or ends, or for another command, in ms. */
const patience = 10_000;

/** Loaded only where no service runs: the rules and the database are most of the program. */
async function open(settings: Settings, context: CommandContext): Promise<AdminFolder> {
  const { openFolder } = await import('../serve/open-folder.ts');
  const { masterKeyProvider } = await import('../keys/provider.ts');
  const { env, clock } = context;
  const publicHost = settings.publicHost ?? defaultPublicHost(settings.http, hostname());
  const folder = await openFolder({
    folder: settings.data,
    masterKey: masterKeyProvider({ setting: settings.masterKey, dataFolder: settings.data, env }),
    settings: { ...settings, publicHost },
    clock,
    log: noLog,
  });
  return { ...folder, url: restAddress(settings, publicHost) };
}

/**
 * Does something with a data folder, whoever has it: asks the service while it runs, else opens the folder under its lock.
 *
 * @param ask returns undefined if nothing listens on the socket
 * @throws MooringError `database.*`, `admin.*`, `master.key.*`, and what the work throws
 */
async function reach<T>(
  context: CommandContext,
  values: Values,
  command: string,
  ask: (socket: string) => Promise<{ result: T } | undefined>,
  work: (folder: AdminFolder) => Promise<T>,
): Promise<T> {
  const settings = await resolveSettings({ options: values, ...context });
  await requireDataFolder(settings.data);
  const deadline = performance.now() + patience;
  for (;;) {
    const attempt = await tryLockFolder(settings.data, `mooring ${command}`, context.clock);
    if ('lock' in attempt) {
      try {
        const folder = await open(settings, context);
        try {
          return await work(folder);
        } finally {
          await folder.close();
        }
      } finally {
        await attempt.lock.release();
      }
    }
    const socket = await readServiceFile(settings.data);
    const answered = socket === undefined ? undefined : await ask(socket);
    if (answered) return answered.result;
    if (performance.now() > deadline) {
      const { message, next } = folderHeld(settings.data, attempt.holder) as Error & { next?: string };
      throw adminErrors('admin.unreachable', {
        message: `${message} It did not answer on its admin socket.`,
        ...(next === undefined ? {} : { next }),
      });
    }
    await sleep(50);
  }
}

/** Runs one operation of an operator; its name is that of the command. */
export function operate<Name extends OperationName>(
  context: CommandContext,
  values: Values,
  name: Name,
  input: Operations[Name]['input'],
): Promise<Operations[Name]['output']> {
  return reach(
    context,
    values,
    name,
    (socket) => askService(socket, name, input),
    async (folder) => {
      const { perform } = await import('./operations.ts');
      return perform(folder, name, input);
    },
  );
}

/** Writes a backup to a file of this process, whoever makes it. */
export async function operateBackup(
  context: CommandContext,
  values: Values,
  file: string,
  wanted: BackupRequest,
): Promise<void> {
  await reach(
    context,
    values,
    'backup',
    async (socket) => {
      const archive = await askForBackup(socket, wanted);
      if (!archive) return undefined;
      await saveArchive(archive, file).catch((error: unknown) => {
        throw isMooringError(error) ? error : brokenOff(error);
      });
      return { result: undefined };
    },
    async (folder) => {
      const { operatorBackup } = await import('./operator-backup.ts');
      // Beside the backup, so that the last one can be made of a data folder whose disk is full.
      const backup = await operatorBackup(folder, wanted, dirname(file));
      try {
        await saveArchive(backup.archive, file);
      } finally {
        await backup.discard();
      }
    },
  );
}
