import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Run {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of all its threads. */
  readonly cpu: number;
  /** Largest resident set in bytes. */
  readonly memory: number;
}

/** Runs a command to its end and measures it; Python does, because it can ask the system for one child alone. */
export function measuredRun(command: readonly string[], cwd: string): Run {
  const wrapper = [join(import.meta.dirname, 'measured-run.py'), ...command];
  const { status, stdout, stderr } = spawnSync('python3', wrapper, { cwd, encoding: 'utf8' });
  const run = status === 0 ? (JSON.parse(stdout) as Run & { status: number }) : undefined;
  if (run?.status !== 0) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  return run;
}
