import { isMooringError, type MooringError } from '@mooring/platform';
import type { Io } from '@mooring/terminal';
import { SecureStorage } from '../secure-storage/storage.ts';
import { readArguments } from './arguments.ts';
import type { ClientService, ClientStart } from './client-service.ts';
import { dateText } from './device-time.ts';
import { provisioningFailure } from './failure-lines.ts';
import { errorFindings, findingData, findingLine } from './findings.ts';
import { findMblStore, type MblStore, mblStoreLines } from './mbl-store.ts';
import { requestCertificate } from './pending-key.ts';
import { protectionData, protectionLine } from './protection.ts';
import { provision } from './provision.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { readSettings, type Settings } from './settings.ts';
import { type DeviceStatus, status } from './status.ts';
import { type ActionName, usage, utility } from './utility.ts';
import { fail, fault, succeed, type Voice, voiceOf } from './voice.ts';

/** Runs one command line and returns its exit status: 0, 1 or 2. */
export async function runUtility(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes(utility.jsonFlag.flag);
  const voice = voiceOf(io, json);
  try {
    const given = readArguments(argv);
    if (given.action === 'help') {
      io.stdout.write(usage());
      return 0;
    }
    return await actions[given.action](await readSettings(given, io), voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    voice.note(error.message);
    voice.note('');
    io.stderr.write(usage());
    return fail(error, voice, 2);
  }
}

const actions: Record<Exclude<ActionName, 'help'>, (given: Settings, voice: Voice) => Promise<number>> = {
  provision: runProvision,
  status: runStatus,
  migrate: runMigration,
  makeKey: runRequest,
};

async function runProvision(
  { certificatesFolder, folder, keyProvider, client }: Settings,
  voice: Voice,
): Promise<number> {
  voice.say('Provisioning device.');
  try {
    const storage = await SecureStorage.open({ folder, keyProvider });
    const done = await provision({ certificatesFolder, storage, cwd: voice.io.cwd });
    voice.say('Provisioning process completed without error.');
    if (done.repeated) voice.note('The device had these very credentials already; its registration is kept.');
    const after = await status(storage, voice.io.clock);
    if (after.error)
      voice.note(`The device cannot connect as it is: ${findingLine(after.error)}. ${after.error.reason}`);
    const started = await startClient(after, client, voice);
    if (done.cleared.length > 0 && !done.repeated) {
      const restart = started.state === 'restarted' ? '' : ' Restart mbl-cloud-client to connect to the new one.';
      voice.note(`What an earlier service gave the device was removed.${restart}`);
    }
    const key = protectionData(await storage.protection());
    const mbl = await tellOtherStore(folder, voice);
    const result = { ...done, store: folder, configured: !after.error, client: started, key, ...mbl };
    return succeed({ ...result, status: statusData(after) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of provisioningFailure(error)) voice.note(line);
    return fail(error, voice);
  }
}

/** One that could not connect would only end at once. */
async function startClient({ error }: DeviceStatus, client: ClientService, voice: Voice): Promise<ClientStart> {
  if (error) return { state: 'absent' };
  const started = await client.restart();
  if (started.state === 'restarted') voice.note('mbl-cloud-client was restarted, to connect with these credentials.');
  if (started.state === 'failed') {
    voice.note(`mbl-cloud-client could not be restarted: ${started.reason}. It connects with these when it is.`);
  }
  return started;
}

async function runRequest({ folder, keyProvider, endpointName, accountId }: Settings, voice: Voice): Promise<number> {
  try {
    const storage = await SecureStorage.open({ folder, keyProvider });
    const request = await requestCertificate(storage, {
      endpointName,
      ...(accountId !== undefined && { accountId }),
    });
    if (!voice.json) voice.io.stdout.write(request.csr);
    voice.note(
      `The private key waits in the secure storage; its certificate will have the key identifier ${request.keyId}.`,
    );
    return succeed(request, voice);
  } catch (error) {
    return failure(error, voice);
  }
}

/** In our words alone: for actions that the old utility did not have. */
function failure(error: unknown, voice: Voice): number {
  if (!isMooringError(error)) return fault(error, voice);
  for (const line of [error.message, error.next]) if (line) voice.note(line);
  return fail(error, voice);
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
    return failure(error, voice);
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
