import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PythonPeer } from '../../../test/peers/python.ts';

export interface Answer {
  status: number;
  stdout: Buffer;
  stderr: string;
}

/** The real tool in a process that stays, so that hundreds of calls take seconds. */
export class RealTool {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  /** @param entry its Python function: `manifesttool.clidriver.main` */
  constructor(peer: PythonPeer, entry: string) {
    this.#process = spawn(join(peer.bin, 'python'), [join(import.meta.dirname, 'driver.py'), entry], {
      env: { ...process.env, TZ: 'UTC', PYTHONWARNINGS: 'ignore' },
    });
    this.#process.stderr.resume();
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async run(cwd: string, argv: readonly string[]): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify({ argv, cwd })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the driver of the real tool ended');
    const answer = JSON.parse(value) as { status: number; stdout: string; stderr: string };
    return { status: answer.status, stdout: Buffer.from(answer.stdout, 'hex'), stderr: answer.stderr };
  }

  close(): void {
    this.#process.stdin.end();
  }
}
