import { provisionErrors } from '../errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { complaint, type Result, type RunOptions, run, succeeded } from '../ssh/remote-command.ts';

/** Where the program is on every Mbed Linux OS device. */
export const provisioningProgram = '/opt/arm/pelion-provisioning-util';

const exitCode = ({ exit }: Result): number => ('code' in exit ? exit.code : 255);

/** @throws MooringError `provision.program.missing`, with the exit status that a shell has for it */
export async function checkProgram(connection: Connection, signal: AbortSignal): Promise<void> {
  if (succeeded(await run(connection, `test -x ${provisioningProgram}`, { signal }))) return;
  throw provisionErrors('provision.program.missing', {
    message: `${provisioningProgram} is not on the device, or cannot be run.`,
    next: 'Check that the device runs a development image of Mbed Linux OS.',
    exitCode: 127,
  });
}

/** Runs the program, whose text goes to `options` as it comes. */
export async function provision(connection: Connection, options: RunOptions): Promise<Result> {
  const result = await run(connection, `${provisioningProgram} --provision`, options);
  if (succeeded(result)) return result;
  throw provisionErrors('provision.failed', {
    message: 'Remote command returned a non-zero exit code.',
    next: `The device says: ${complaint(result)}`,
    exitCode: exitCode(result),
    data: { exitCode: exitCode(result), reason: complaint(result) },
  });
}
