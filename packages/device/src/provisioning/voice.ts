import type { MooringError } from '@mooring/platform';
import { type Io, terminalErrors } from '@mooring/terminal';
import { utility } from './utility.ts';

/** Where the lines of one run go: with `--json` standard output has the one object alone. */
export interface Voice {
  readonly io: Io;
  readonly json: boolean;
  say(line: string): void;
  note(line: string): void;
}

export function voiceOf(io: Io, json: boolean): Voice {
  return {
    io,
    json,
    say: (line) => void (json ? io.stderr : io.stdout).write(`${line}\n`),
    note: (line) => void io.stderr.write(`${line}\n`),
  };
}

/** These three return the exit status. */
export function succeed(result: unknown, { io, json }: Voice): number {
  if (json) io.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

export function fail({ code, message, next, data }: MooringError, { io, json }: Voice, status = 1): number {
  if (json) {
    const error = { code, message, ...(next && { next }), ...(data && { data }) };
    io.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  }
  return status;
}

export function fault(error: unknown, voice: Voice): number {
  const text = error instanceof Error ? error.message : String(error);
  const told = terminalErrors('internal', {
    message: `${utility.name} failed in a way that it should not: ${text}`,
    next: 'Please report this, with the lines below.',
  });
  for (const line of [told.message, told.next, error instanceof Error ? error.stack : undefined]) {
    if (line) voice.note(line);
  }
  return fail(told, voice);
}
