import { resolve } from 'node:path';
import { isMooringError, type MooringError } from '@mooring/platform';
import { type Io, terminalErrors } from '@mooring/terminal';
import { fileKeyProvider } from '../secure-storage/file-key.ts';
import { SecureStorage } from '../secure-storage/storage.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { dateText } from './device-time.ts';
import { provisioningFailure } from './failure-lines.ts';
import { errorFindings, findingData, findingLine } from './findings.ts';
import { provision } from './provision.ts';
import { provisioningErrors } from './provisioning-errors.ts';
import { type DeviceStatus, status } from './status.ts';
import { type OptionFlag, usage, utility } from './utility.ts';

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
    return await (given.action === 'provision' ? runProvision : runStatus)(given, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    voice.note(error.message);
    voice.note('');
    io.stderr.write(usage());
    return fail(error, voice, 2);
  }
}

function settings({ values }: Arguments, { env, cwd }: Io) {
  const given = (flag: OptionFlag): string | undefined => {
    const variable = utility.options.find((option) => option.flag === flag)?.variable ?? '';
    return values[flag] ?? (env[variable] || undefined);
  };
  const folder = resolve(cwd, given('--store') ?? utility.options[1].fallback);
  return {
    // As given, for the old messages name the path so.
    certificatesFolder: given('--certs-dir') ?? utility.options[0].fallback,
    folder,
    keyFile: resolve(cwd, given('--key-file') ?? `${folder}.key`),
  };
}

async function runProvision(given: Arguments, voice: Voice): Promise<number> {
  const { certificatesFolder, folder, keyFile } = settings(given, voice.io);
  voice.say('Provisioning device.');
  try {
    const storage = await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile) });
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
    return succeed({ ...done, store: folder, configured: !after.error, status: statusData(after) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of provisioningFailure(error)) voice.note(line);
    return fail(error, voice);
  }
}

async function runStatus(given: Arguments, voice: Voice): Promise<number> {
  const { folder, keyFile } = settings(given, voice.io);
  voice.say('Querying device status... ');
  try {
    const found = await status(
      await SecureStorage.open({ folder, keyProvider: fileKeyProvider(keyFile) }),
      voice.io.clock,
    );
    if (found.error) {
      const error = notConfigured(found);
      for (const line of [findingLine(found.error), error.message, error.next ?? '']) voice.note(line);
      return fail(error, voice);
    }
    voice.say('Device is configured correctly. You can connect to Pelion Cloud!');
    for (const warning of found.warnings) voice.note(`Warning: ${findingLine(warning)}. ${warning.reason}`);
    if (found.time.now)
      voice.note(`Certificates were judged by the ${found.time.source}, ${dateText(found.time.now)}.`);
    return succeed({ configured: true, store: folder, ...statusData(found) }, voice);
  } catch (error) {
    if (!isMooringError(error)) return fault(error, voice);
    for (const line of [`${errorFindings.storage.text}:`, error.message, error.next]) if (line) voice.note(line);
    return fail(error, voice);
  }
}

function notConfigured(found: DeviceStatus & { error?: NonNullable<DeviceStatus['error']> }): MooringError {
  const { kind, item, reason } = found.error as NonNullable<DeviceStatus['error']>;
  const bySavedTime = kind === 'expired' && found.time.source === 'saved time';
  return provisioningErrors('device.not.configured', {
    message: `The device cannot connect because of ${item}. ${reason}`,
    next: bySavedTime
      ? 'If that time is wrong, provision the device again: the saved time is cleared with it. If it is right, the certificate has to be replaced.'
      : 'Provision the device (mbl-cli provision-pelion) with credentials that fit.',
    data: { error: findingData({ kind, item, reason }), ...statusData(found) },
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
