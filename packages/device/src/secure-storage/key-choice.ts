import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { fileKeyProvider } from './file-key.ts';
import { type Files, realFiles } from './files.ts';
import { FormatError } from './format.ts';
import { readHeader } from './generation.ts';
import type { KeyProvider, ProviderKind } from './key-provider.ts';
import { pkcs11KeyProvider } from './pkcs11/pkcs11-key.ts';
import { type Pkcs11Uri, parsePkcs11Uri } from './pkcs11/uri.ts';
import { spawnedTools } from './spawned-tool.ts';
import { storageErrors } from './storage-errors.ts';
import { type SystemdSeal, systemdKeyProvider, systemdSeals } from './systemd-key.ts';
import { isOwnersIndex, type NvIndex } from './tpm/counter.ts';
import { tpmTools } from './tpm/tools.ts';
import { defaultIndex, tpmKeyProvider } from './tpm/tpm-key.ts';

/** The value of `--key`, taken apart. */
export type KeyChoice =
  | { readonly kind: 'file'; readonly path?: string }
  | { readonly kind: 'tpm'; readonly index?: NvIndex }
  | { readonly kind: 'systemd-creds'; readonly seal?: SystemdSeal }
  | { readonly kind: 'pkcs11'; readonly uri?: Pkcs11Uri };

export const keyForms = 'file[:PATH], tpm[:INDEX], systemd-creds[:host|tpm2|host+tpm2], pkcs11:…';

/** @throws MooringError `storage.key.setting` */
export function parseKeyChoice(text: string): KeyChoice {
  const colon = text.indexOf(':');
  const [kind, rest] = colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  if (kind === 'file' && rest !== '') return { kind, ...(rest !== undefined && { path: rest }) };
  if (kind === 'tpm') {
    if (rest === undefined) return { kind };
    const index = rest.toLowerCase();
    if (isOwnersIndex(index)) return { kind, index };
    throw setting(text, 'The index of a counter is one of 0x01800000 to 0x01bfffff.');
  }
  if (kind === 'systemd-creds') {
    if (rest === undefined) return { kind };
    const seal = systemdSeals.find((one) => one === rest);
    if (seal) return { kind, seal };
  }
  if (kind === 'pkcs11' && rest !== undefined) return { kind, uri: parsePkcs11Uri(text) };
  throw setting(text, `It is one of ${keyForms}.`);
}

function setting(text: string, next: string): Error {
  return storageErrors('storage.key.setting', {
    message: `There is no key provider ${JSON.stringify(text)}.`,
    next,
  });
}

/**
 * Which kind of key an existing storage was written with; undefined where there is none. Only the checksum vouches for
 * the answer: it is good for choosing a provider, which then has to open the storage.
 */
export async function neededKind(folder: string, files: Files = realFiles): Promise<ProviderKind | undefined> {
  const file = await files.openToRead(resolve(folder, 'store')).catch(() => undefined);
  if (!file) return undefined;
  try {
    return (await readHeader(file)).header.provider;
  } catch (error) {
    // Opening the storage will say it better.
    if (error instanceof FormatError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

export interface KeySurroundings {
  /** Of the storage. */
  readonly folder: string;
  /** Where a key file is, unless the choice says so. */
  readonly keyFile: string;
  /** False if the key file is this storage's alone. */
  readonly keyFileShared: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function keyProviderOf(choice: KeyChoice, around: KeySurroundings): KeyProvider {
  const { env } = around;
  // The same setting as tpm2-tools have.
  const tcti = env.TPM2TOOLS_TCTI || undefined;
  switch (choice.kind) {
    case 'file': {
      const path = choice.path === undefined ? around.keyFile : resolve(around.cwd, choice.path);
      return fileKeyProvider(path, realFiles, { shared: around.keyFileShared || path !== around.keyFile });
    }
    case 'tpm':
      return tpmKeyProvider({
        tpm: tpmTools(spawnedTools(env, 'tpm2-tools (Debian and Ubuntu: apt install tpm2-tools)'), tcti),
        index: choice.index ?? defaultIndex(around.folder),
        temporary: env.TMPDIR || tmpdir(),
      });
    case 'systemd-creds':
      return systemdKeyProvider(spawnedTools(env, 'systemd, version 250 or later'), choice.seal ?? 'host', tcti);
    case 'pkcs11':
      return pkcs11KeyProvider(spawnedTools(env, 'OpenSC (Debian and Ubuntu: apt install opensc)'), choice.uri, env);
  }
}
