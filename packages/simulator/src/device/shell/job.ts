import type { Device } from '../device.ts';
import type { Sink, Source } from './pipe.ts';
import type { Session } from './run.ts';
import type { Shell } from './shell.ts';

/** A running command: its arguments, streams, and the shell and device that it runs on. */
export interface Job {
  /** Name as typed. */
  readonly name: string;
  readonly arguments: readonly string[];
  readonly stdin: Source;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly shell: Shell;
  readonly device: Device;
  /** Aborted by Ctrl-C and when the connection goes. */
  readonly signal: AbortSignal;
  readonly session: Session;
}

/** One command of the device. What it returns is its exit status; a system error is printed and gives 1. */
export type DeviceCommand = (job: Job) => Promise<number>;

/** A command that was called wrongly, or failed with a line of its own. */
export class CommandFailure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}
