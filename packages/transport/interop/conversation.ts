import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A program that is spoken to, line by line, and ended after `deadline` ms whatever it does. */
export interface Conversation {
  readonly process: ChildProcessWithoutNullStreams;
  /** stdout and stderr so far. */
  readonly heard: string;
  say(text: string): void;
  /** Waits until it has said so; fails when it ends before. */
  until(says: RegExp): Promise<string>;
  /** Closes its stdin and gives its exit status; null when it had to be killed. */
  end(): Promise<number | null>;
}

export function conversation(program: string, args: readonly string[], deadline = 20_000, env = {}): Conversation {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  let heard = '';
  let isOver = false;
  let changed: () => void = () => {};
  const note = (data: Buffer) => {
    heard += data;
    changed();
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  child.stdin.on('error', () => {});
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
  const closed = new Promise<number | null>((resolve) => {
    child.on('error', (error) => note(Buffer.from(String(error))));
    child.on('close', (status) => {
      clearTimeout(timer);
      isOver = true;
      changed();
      resolve(status);
    });
  });
  return {
    process: child,
    get heard() {
      return heard;
    },
    say: (text) => void child.stdin.write(text),
    async until(says) {
      for (;;) {
        if (says.test(heard)) return heard;
        if (isOver) throw new Error(`${program} ended without saying ${says}: ${heard}`);
        await new Promise<void>((resolve) => (changed = resolve));
      }
    },
    end() {
      child.stdin.end();
      return closed;
    },
  };
}
