import { resolve } from 'node:path';
import { type Io, terminalErrors } from '@mooring/terminal';
import { fileKeyProvider } from '../secure-storage/file-key.ts';
import { realFiles } from '../secure-storage/files.ts';
import { keyProviderOf, neededKind, parseKeyChoice } from '../secure-storage/key-choice.ts';
import type { KeyProvider } from '../secure-storage/key-provider.ts';
import type { Arguments } from './arguments.ts';
import { type ClientService, noClientService, systemdClientService } from './client-service.ts';
import { clientUnitVariable, type OptionFlag, utility } from './utility.ts';

export interface Settings {
  readonly certificatesFolder: string;
  readonly folder: string;
  readonly keyProvider: KeyProvider;
  /** What the storage that there is was written with, if `--key` names another. */
  readonly present: KeyProvider;
  /** A key file of this storage alone that its key may have been in before. */
  readonly earlier: KeyProvider;
  readonly client: ClientService;
  readonly endpointName: string;
  readonly accountId: string | undefined;
}

const fallbackOf = (flag: OptionFlag): string => utility.options.find((option) => option.flag === flag)?.fallback ?? '';

/** @throws MooringError `storage.key.setting`, `usage` */
export async function readSettings({ values, action }: Arguments, { env, cwd }: Io): Promise<Settings> {
  const given = (flag: OptionFlag): string | undefined => {
    const variable = utility.options.find((option) => option.flag === flag)?.variable ?? '';
    return values[flag] ?? (env[variable] || undefined);
  };
  const folder = resolve(cwd, given('--store') ?? fallbackOf('--store'));
  const keyFile = given('--key-file');
  const around = {
    folder,
    keyFile: resolve(cwd, keyFile ?? `${folder}.key`),
    keyFileShared: keyFile !== undefined,
    cwd,
    env,
  };
  const named = given('--key');
  if (action === 'migrate' && named === undefined) {
    throw terminalErrors('usage', {
      message: '--migrate-key needs --key, which names the new key.',
      next: `"${utility.name} --help" explains more.`,
      exitCode: 2,
    });
  }
  const choice = named === undefined ? undefined : parseKeyChoice(named);
  const needed = await neededKind(folder);
  const unit = env[clientUnitVariable];
  return {
    // As given, for the old messages name the path so.
    certificatesFolder: given('--certs-dir') ?? fallbackOf('--certs-dir'),
    folder,
    keyProvider: keyProviderOf(choice ?? { kind: needed ?? 'file' }, around),
    present: keyProviderOf(
      needed === 'pkcs11' && choice?.kind === needed ? choice : { kind: needed ?? 'file' },
      around,
    ),
    earlier: fileKeyProvider(`${folder}.key`, realFiles, { shared: keyFile !== undefined }),
    client: unit ? systemdClientService(unit) : noClientService,
    endpointName: values['--endpoint-name'] ?? '',
    accountId: values['--account-id'],
  };
}
