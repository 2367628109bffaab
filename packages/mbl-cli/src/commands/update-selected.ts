import { resolve } from 'node:path';
import { terminalErrors, type Values } from '@mooring/terminal';
import { describeTarget } from '../ssh/target.ts';
import { type FirmwareFile, readFirmwareFile } from '../updating/firmware-file.ts';
import type { SoftwareOnDevice } from '../updating/software-on-device.ts';
import { type Updated, type UpdateOptions, updateDevice } from '../updating/update-device.ts';
import type { Session } from './session.ts';
import { progressLine } from './transfer-progress.ts';

/** All are read before a device is touched. */
export async function filesOf(session: Session, values: Values): Promise<FirmwareFile[]> {
  const files: FirmwareFile[] = [];
  for (const file of values.file as string[]) files.push(await readFirmwareFile(resolve(session.cwd, file)));
  return files;
}

export function updateOptionsOf(values: Values): UpdateOptions {
  const { timeout = 300 } = values;
  if (Number(timeout) < 1) {
    throw terminalErrors('usage', { message: "'--timeout' takes a number of seconds, 1 or more.", exitCode: 2 });
  }
  return {
    keep: values.keep === true,
    noRestart: values.no_restart === true,
    restart: { patience: Number(timeout) * 1_000, interval: 1_000, now: () => performance.now() },
  };
}

/** Updates the device that is selected or named. */
export async function updateSelected(session: Session, values: Values): Promise<unknown> {
  const { output, signal, globals } = session;
  const files = await filesOf(session, values);
  const options = updateOptionsOf(values);
  const target = await session.target();
  output.line(`Updating ${describeTarget(target)}.`);
  const progress = progressLine(session);
  let isMoving = false;
  const updated = await updateDevice(target, files, options, {
    signal,
    onDevice: (work, device) => session.onDevice(work, device),
    progress: (...told) => {
      isMoving = true;
      progress(...told);
    },
    say: (line) => {
      if (isMoving && session.io.stdout.isTTY && !session.json && !globals.quiet) output.line();
      isMoving = false;
      output.line(line);
    },
    ...(globals.quiet ? {} : { onOutput: (chunk: Buffer) => output.write(chunk.toString('utf8')) }),
  });
  for (const line of linesOf(updated)) output.line(line);
  return { device: target.name, address: target.host, ...jsonOf(updated) };
}

/** What runs now, for people. */
export function linesOf({ installed, before, after }: Updated): string[] {
  const names = installed.map(({ file }) => file.name).join(', ');
  const waits = installed.some((one) => one.restart === 'waits');
  const restarted = installed.some((one) => one.restart === 'done');
  return [
    waits
      ? `${names}: installed. The device has to restart before all of it runs.`
      : `${names}: installed${restarted ? ', and the device has restarted' : ', without a restart'}.`,
    ...(waits ? [] : runsNow(before, after)),
  ];
}

function runsNow(before: SoftwareOnDevice, { rootDevice, kernel, digest }: SoftwareOnDevice): string[] {
  const root = rootDevice === before.rootDevice ? rootDevice : `${rootDevice} (before: ${before.rootDevice})`;
  return [
    ...(digest === undefined ? [] : [`Last package: SHA-256 ${digest}.`]),
    ...(rootDevice === undefined ? [] : [`Root file system: ${root}.`]),
    ...(kernel === undefined ? [] : [`Kernel: ${kernel}.`]),
  ];
}

export function jsonOf({ installed, before, after }: Updated) {
  return {
    installed: installed.map(({ file: { name, size, sha256 }, restart }) => ({ file: name, size, sha256, restart })),
    before,
    after,
  };
}
