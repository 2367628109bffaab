import { resolve } from 'node:path';
import { isMooringError, type MooringError } from '@mooring/platform';
import { type Io, terminalErrors } from '@mooring/terminal';
import { fileKeyProvider } from '../secure-storage/file-key.ts';
import { realFiles } from '../secure-storage/files.ts';
import { keyProviderOf, neededKind, parseKeyChoice } from '../secure-storage/key-choice.ts';
import type { KeyProvider } from '../secure-storage/key-provider.ts';
import { SecureStorage } from '../secure-storage/storage.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { dateText } from './device-time.ts';
import { provisioningFailure } from './failure-lines.ts';
import { errorFindings, findingData, findingLine } from './findings.ts';
import { findMblStore, type MblStore, mblStoreLines } from './mbl-store.ts';
import { protectionData, protectionLine } from './protection.ts';
import { provision } from './provision.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { type DeviceStatus, status } from './status.ts';
import { type ActionName, type OptionFlag, usage, utility } from './utility.ts';

/** Where the lines of one run go: with `--json` standard output has the one object alone. */
interface Voice {
  readonly io: Io;
  readonly json: boolean;
  say(line: string): void;
  note(line: string): void;
}

/** Runs one command line and returns its exit status: 0, 1 or 2. */
export async function runUtility(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes(utility.jsonFlag.flag);
  const voice: Voice = {
    io,
    json,
    say: (line) => void (json ? io.stderr : io.stdout).write(`${line}\n`),
    note: (line) => void io.stderr.write(`${line}\n`),
  };
  try {
    const given = readArguments(argv);
    if (given.action === 'help') {
      io.stdout.write(usage());
      return 0;
    }
    const chosen = await settings(given, io);
    return await actions[given.action](chosen, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    voice.note(error.message);
    voice.note('');
    io.stderr.write(usage());
    return fail(error, voice, 2);
  }
}

interface Settings {
  readonly certificatesFolder: string;
  readonly folder: string;
  readonly keyProvider: KeyProvider;
  /** What the storage that there is was written with, if `--key` names another. */
  readonly present: KeyProvider;
  /** A key file of this storage alone that its key may have been in before. */
  readonly earlier: KeyProvider;
}

/** @throws MooringError `storage.key.setting`, `usage` */
async function settings({ values, action }: Arguments, { env, cwd }: Io): Promise<Settings> {
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
  };
}

const fallbackOf = (flag: OptionFlag): string => utility.options.find((option) => option.flag === flag)?.fallback ?? '';

const actions: Record<Exclude<ActionName, 'help'>, (given: Settings, voice: Voice) => Promise<number>> = {
  provision: runProvision,
  status: runStatus,
  migrate: runMigration,
};

async function runProvision({ certificatesFolder, folder, keyProvider }: Settings, voice: Voice): Promise<number> {
  voice.say('Provisioning device.');
  try {
    const storage = await SecureStorage.open({ folder, keyProvider });
    const done = await provision({ certificatesFolder, storage, cwd: voice.io.cwd });
    voice.say('Provisioning process completed without error.');
    if (done.repeated) voice.note('The device had these very credentials already; its registration is kept.');
    else if (done.cleared.length > 0) {
      voice.note(
        'What an earlier service gave the device was removed. Restart mbl-cloud-client to connect to the new one.',
      );
    }
    const after = await status(storage, voice.io.clock);
    if (after.error)
      voice.note(`The device cannot connect as it is: ${findingLine(after.error)}. ${after.error.reason}`);
    const key = protectionData(await storage.protection());
    const mbl = await tellOtherStore(folder, voice);
    return succeed({ ...done, store: folder, configured: !after.error, key, ...mbl, status: statusData(after) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of provisioningFailure(error)) voice.note(line);
    return fail(error, voice);
  }
}

async function runStatus({ folder, keyProvider }: Settings, voice: Voice): Promise<number> {
  voice.say('Querying device status... ');
  try {
    const storage = await SecureStorage.open({ folder, keyProvider });
    const found = await status(storage, voice.io.clock);
    if (found.error) {
      const mbl = await findMblStore(folder);
      const error = notConfigured(found, mbl);
      for (const line of [findingLine(found.error), error.message, error.next ?? '']) voice.note(line);
      await tellProtection(storage, voice);
      return fail(error, voice);
    }
    voice.say('Device is configured correctly. You can connect to Pelion Cloud!');
    for (const warning of found.warnings) voice.note(`Warning: ${findingLine(warning)}. ${warning.reason}`);
    if (found.time.now)
      voice.note(`Certificates were judged by the ${found.time.source}, ${dateText(found.time.now)}.`);
    const key = await tellProtection(storage, voice);
    const mbl = await tellOtherStore(folder, voice);
    return succeed({ configured: true, store: folder, key, ...mbl, ...statusData(found) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of [`${errorFindings.storage.text}:`, error.message, error.next]) if (line) voice.note(line);
    return fail(error, voice);
  }
}

async function runMigration({ folder, keyProvider, present, earlier }: Settings, voice: Voice): Promise<number> {
  try {
    const storage = await SecureStorage.open({ folder, keyProvider: present });
    const { changed, left } = await storage.migrateKey(keyProvider);
    // Also what a migration that was cut off has left.
    const others = keyProvider.kind === 'file' ? undefined : await earlier.retire?.(new Uint8Array(0));
    voice.say(
      changed
        ? `The secure storage is encrypted with a key of ${keyProvider.description} now.`
        : `The secure storage has its key in ${keyProvider.description} already.`,
    );
    const note = left ?? others;
    if (note !== undefined) voice.note(note);
    const key = await tellProtection(storage, voice);
    return succeed({ changed, store: folder, key, ...(note !== undefined && { left: note }) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of [error.message, error.next]) if (line) voice.note(line);
    return fail(error, voice);
  }
}

/** What guards the storage, said where it is less than it seems. */
async function tellProtection(storage: SecureStorage, voice: Voice): Promise<Record<string, unknown> | undefined> {
  const found = await storage.protection();
  const line = found && protectionLine(found);
  if (line !== undefined) voice.note(line);
  return protectionData(found);
}

async function tellOtherStore(folder: string, voice: Voice): Promise<{ mbl?: MblStore }> {
  const mbl = await findMblStore(folder);
  if (mbl) for (const line of mblStoreLines(mbl)) voice.note(line);
  return mbl ? { mbl } : {};
}

function notConfigured(
  found: DeviceStatus & { error?: NonNullable<DeviceStatus['error']> },
  mbl: MblStore | undefined,
): MooringError {
  const { kind, item, reason } = found.error as NonNullable<DeviceStatus['error']>;
  const bySavedTime = kind === 'expired' && found.time.source === 'saved time';
  const bare = mbl !== undefined && kind === 'missing' && item === 'mbed.UseBootstrap';
  const next = bySavedTime
    ? 'If that time is wrong, provision the device again: the saved time is cleared with it. If it is right, the certificate has to be replaced.'
    : 'Provision the device (mbl-cli provision-pelion) with credentials that fit.';
  return provisioningErrors('device.not.configured', {
    message: bare
      ? `This device was provisioned by MBL's own program: its credentials are in ${mbl.folder}, which only MBL's own client reads. Here nothing is stored yet.`
      : `The device cannot connect because of ${item}. ${reason}`,
    next: bare ? mblStoreLines(mbl).slice(1).join(' ') : next,
    data: { error: findingData({ kind, item, reason }), ...(mbl && { mbl }), ...statusData(found) },
  });
}

function statusData(found: DeviceStatus): Record<string, unknown> {
  const { time, warnings, certificates, error: _, ...rest } = found;
  return {
    ...rest,
    warnings: warnings.map(findingData),
    time: { source: time.source, ...(time.now && { now: dateText(time.now) }) },
    certificates: certificates.map(({ item, notAfter }) => ({ item, notAfter: dateText(notAfter) })),
  };
}

function succeed(result: unknown, { io, json }: Voice): number {
  if (json) io.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

function fail({ code, message, next, data }: MooringError, { io, json }: Voice, status = 1): number {
  if (json) {
    const error = { code, message, ...(next && { next }), ...(data && { data }) };
    io.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  }
  return status;
}

function fault(error: unknown, voice: Voice): number {
  const text = error instanceof Error ? error.message : String(error);
  const told = terminalErrors('internal', {
    message: `${utility.name} failed in a way that it should not: ${text}`,
    next: 'Please report this, with the lines below.',
  });
  for (const line of [told.message, told.next, error instanceof Error ? error.stack : undefined]) {
    if (line) voice.note(line);
  }
  return fail(told, voice);
}
