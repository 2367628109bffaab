import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

/** How much of what a command says of itself is kept, in characters. */
const mostSaid = 2_000;

/** The input and output of a command as one connection. When the command ends, so does the connection. */
export class CommandStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  /**
   * @param command for the system's shell
   * @param failure makes the error for a command that ends by itself: with its exit status or signal, and what it said
   */
  constructor(command: string, failure: (how: string, said: string) => Error) {
    super();
    // It may fail before anybody listens; `errored` keeps why.
    this.on('error', () => undefined);
    const words = process.platform === 'win32' ? command : `exec ${command}`;
    this.#child = spawn(words, { shell: true, stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.#child;
    let said = '';
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-mostSaid);
    });
    stdout.on('data', (chunk: Buffer) => this.push(chunk) || stdout.pause());
    // The end of the command says more than that nobody reads any longer.
    stdin.on('error', () => undefined);
    this.#child.on('error', (error) => this.destroy(failure(error.message, said)));
    this.#child.on('close', (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with ${code}`;
      // What was asked to end ends in order.
      if (this.writableEnded && code === 0) this.push(null);
      else this.destroy(failure(how, said.trim()));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }
}
