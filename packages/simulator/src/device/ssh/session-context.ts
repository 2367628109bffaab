import type { Device } from '../device.ts';

/** What the channels of one SSH connection share. */
export interface SessionContext {
  device: Device;
  /** Aborted when the connection ends. */
  signal: AbortSignal;
  uploaded(bytes: number): void;
  /** Work of a channel, so that closing the device can wait for it. */
  track(work: Promise<void>): void;
}
