import type { Timers } from '@mooring/platform';
import { type CommandContext, type StatusLine, statusLine } from '@mooring/terminal';
import type { Campaign, Counts, UpdateService } from './service.ts';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const words = { success: 'updated', fail: 'failed', skipped: 'skipped', info: 'pending' } as const;

function countsText(counts: Counts): string {
  const kinds = Object.keys(words) as (keyof typeof words)[];
  return kinds
    .filter((kind) => (counts[kind] ?? 0) > 0)
    .map((kind) => `${counts[kind]} ${words[kind]}`)
    .join(', ');
}

/** How far an update is, on a terminal. Nothing is asked of the service for it where nobody looks. */
export class Progress {
  readonly line: StatusLine;
  readonly #timers: Timers;
  readonly #isShown: boolean;
  readonly #start: number;

  constructor({ io }: Pick<CommandContext, 'io'>, timers: Timers) {
    this.line = statusLine(io.stderr);
    this.#isShown = io.stderr.isTTY === true;
    this.#timers = timers;
    this.#start = timers.now();
  }

  uploading(file: string, total: number): (sent: number) => void {
    return (sent) => {
      const percent = total === 0 ? 100 : Math.floor((Math.min(sent, total) / total) * 100);
      this.line.show(`Uploading ${file}: ${megabytes(Math.min(sent, total))} of ${megabytes(total)} MB, ${percent} %`);
    };
  }

  /** Where the campaign is, and its devices: the one with what the service says of it, several as counts. */
  async campaign(service: UpdateService, { id, state, phase }: Campaign): Promise<void> {
    if (!this.#isShown) return;
    const counts = await service.counts(id);
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const [device] = total === 1 ? await service.deviceStates(id) : [];
    const devices = device ? `device: ${device.reason || device.deploymentState}` : countsText(counts);
    const parts = [`Campaign ${phase ?? state}`, devices, duration(this.#timers.now() - this.#start)];
    this.line.show(parts.filter(Boolean).join(' · '));
  }
}
