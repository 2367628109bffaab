import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../test/temporary-folder.ts';

export interface SoftwareTpm {
  /** Environment with which tpm2-tools find it. */
  readonly env: Record<string, string>;
  /** Runs one of tpm2-tools by hand. */
  tool(program: string, ...args: string[]): void;
  /** As a board that loses its power: what the TPM has stored stays, all else is gone. */
  cutPower(): Promise<void>;
}

/** A swtpm of its own for one test. */
export async function softwareTpm(t: TestContext): Promise<SoftwareTpm> {
  const folder = temporaryFolder(t);
  const state = join(folder, 'state');
  mkdirSync(state);
  // The tools look for the control socket by this name.
  const socket = join(folder, 'socket');
  const env = { PATH: process.env.PATH ?? '', TPM2TOOLS_TCTI: `swtpm:path=${socket}` };

  async function start() {
    const args = ['--tpm2', '--tpmstate', `dir=${state}`, '--flags', 'not-need-init,startup-clear'];
    const server = ['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`];
    const child = spawn('swtpm', ['socket', ...args, ...server], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    while (!existsSync(socket) || !existsSync(`${socket}.ctrl`)) {
      if (child.exitCode !== null) throw new Error(`swtpm ended with ${child.exitCode}`);
      await sleep(5);
    }
    return { child, ended };
  }

  let running = await start();
  async function stop(): Promise<void> {
    running.child.kill('SIGKILL');
    await running.ended;
    for (const path of [socket, `${socket}.ctrl`]) spawnSync('rm', ['-f', path]);
  }
  t.after(stop);
  return {
    env,
    tool(program, ...args) {
      const { status, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${program}: ${stderr}`);
      spawnSync('tpm2_flushcontext', ['-t'], { env });
    },
    async cutPower() {
      await stop();
      running = await start();
    },
  };
}
