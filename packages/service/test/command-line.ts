import { PassThrough } from 'node:stream';
import { systemClock } from '@mooring/platform';
import { runProgram } from '@mooring/terminal';
import { program } from '../src/program.ts';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  readonly json: any;
}

/** Runs a command line of `mooring` in this process. */
export async function mooring(
  argv: readonly string[],
  world: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString('utf8');
    });
  }
  const status = await runProgram(program, argv, {
    ...streams,
    // Tests run side by side, and only those of devices have ports of their own for them.
    env: { MOORING_DEVICES: 'off', ...world.env },
    cwd: world.cwd ?? '/',
    home: '/nowhere',
    clock: systemClock,
  });
  const json = argv.includes('--json') && texts.stdout !== '' ? JSON.parse(texts.stdout) : undefined;
  return { status, ...texts, json };
}
