import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What became of the client when it was to begin with new credentials. */
export type ClientStart =
  | { readonly state: 'restarted' }
  /** There is nothing to restart: no init system that we know, or the client is not installed. */
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly reason: string };

/** The daemon that reads the secure storage and connects. */
export interface ClientService {
  /** Returns when the restart is under way: whether the client gets through to its server takes longer to tell. */
  restart(): Promise<ClientStart>;
}

export const noClientService: ClientService = { restart: async () => ({ state: 'absent' }) };

/** Runs systemctl and gives its exit status, with what it printed. */
export type RunSystemctl = (args: readonly string[]) => Promise<{ readonly status: number; readonly output: string }>;

/** How long systemd may take to answer, ms. It only has to queue a job. */
const patience = 20_000;

const runSystemctl: RunSystemctl = (args) =>
  new Promise((resolve) => {
    execFile('systemctl', [...args], { timeout: patience }, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ status, output: `${stdout}${stderr}`.trim() || (error?.message ?? '') });
    });
  });

/** sd_booted(3): so a program tells that systemd runs the machine. */
export const isSystemdRunning = (): boolean => existsSync('/run/systemd/system');

/** @param unit such as `mbl-cloud-client.service`; one that is not there, or masked, is left alone */
export function systemdClientService(
  unit: string,
  { run = runSystemctl, isRunning = isSystemdRunning }: { run?: RunSystemctl; isRunning?: () => boolean } = {},
): ClientService {
  return {
    async restart() {
      if (!isRunning()) return { state: 'absent' };
      const { output } = await run(['show', '--property=LoadState', '--value', '--', unit]);
      if (output !== 'loaded') return { state: 'absent' };
      const restarted = await run(['--no-block', 'restart', '--', unit]);
      return restarted.status === 0 ? { state: 'restarted' } : { state: 'failed', reason: restarted.output };
    },
  };
}
