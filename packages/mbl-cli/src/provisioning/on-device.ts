import { provisionErrors } from '../errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { complaint, type Result, type RunOptions, run, succeeded } from '../ssh/remote-command.ts';
import { provisionAnew } from './earlier-client.ts';

/** Where the program is on every Mbed Linux OS device. */
export const provisioningProgram = '/opt/arm/pelion-provisioning-util';

const exitCode = ({ exit }: Result): number => ('code' in exit ? exit.code : 255);

/** @throws MooringError `provision.program.missing`, with the exit status that a shell has for it */
export async function checkProgram(connection: Connection, signal: AbortSignal): Promise<void> {
  if (succeeded(await run(connection, `test -x ${provisioningProgram}`, { signal }))) return;
  throw provisionErrors('provision.program.missing', {
    message: `${provisioningProgram} is not on the device, or cannot be run.`,
    next: 'Check that the device runs a development image of Mbed Linux OS, or install the package mooring-device on it.',
    exitCode: 127,
  });
}

/** Whose program it is: MBL's own has no secure storage with a key elsewhere, and no key of the device's own. */
export async function programMaker(connection: Connection, signal: AbortSignal): Promise<'mooring' | 'mbl'> {
  const { stdout } = await run(connection, `${provisioningProgram} --help`, { signal });
  return stdout.includes('--migrate-key') ? 'mooring' : 'mbl';
}

/**
 * Runs the program, whose text goes to `options` as it comes.
 *
 * @param wiped folder of what an earlier client has, which it loses if the program succeeds
 */
export async function provision(connection: Connection, options: RunOptions, wiped?: string): Promise<Result> {
  const program = `${provisioningProgram} --provision`;
  const result = await run(connection, wiped === undefined ? program : provisionAnew(program, wiped), options);
  if (succeeded(result)) return result;
  throw provisionErrors('provision.failed', {
    message: 'Remote command returned a non-zero exit code.',
    next: `The device says: ${complaint(result)}`,
    exitCode: exitCode(result),
    data: { exitCode: exitCode(result), reason: complaint(result) },
  });
}
