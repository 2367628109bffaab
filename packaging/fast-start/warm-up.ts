// node warm-up.ts PROGRAM FOLDER COMMANDS: runs the commands that have to start fast, and adds V8's form of the code that
// they used to the pieces in FOLDER. COMMANDS is a module: a function that gets the home folder and a way to run a command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Script } from 'node:vm';
import type { Io } from '@mooring/terminal';
import { readPieces, writePieces } from './pieces.ts';

export interface Ran {
  status: number;
  /** On both outputs. */
  said: string;
}

export type Commands = (home: string, run: (name: string, ...argv: string[]) => Promise<Ran>) => Promise<void>;

interface Loaded {
  programs: Readonly<Record<string, (argv: readonly string[], io: Io) => Promise<number>>>;
  scripts: ReadonlyMap<string, Script>;
}

const [program = '', folder = '', commands = ''] = process.argv.slice(2).map((path) => resolve(path));
const { programs, scripts } = createRequire(import.meta.url)(program) as Loaded;
const { default: runAll } = (await import(commands)) as { default: Commands };
const home = mkdtempSync(join(tmpdir(), 'warm-up-'));

async function run(name: string, ...argv: string[]): Promise<Ran> {
  let said = '';
  const sink = () =>
    new Writable({
      write(chunk, _, done) {
        said += chunk;
        done();
      },
    });
  const streams = { stdin: Readable.from([]), stdout: sink(), stderr: sink() };
  const io: Io = { ...streams, env: {}, cwd: home, home, clock: { now: () => new Date() } };
  return { status: (await programs[name]?.(argv, io)) ?? 1, said };
}

try {
  await runAll(home, run);
  const pieces = readPieces(folder).map((piece) => {
    const script = piece.names.map((name) => scripts.get(name)).find(Boolean);
    return script ? { ...piece, cache: script.createCachedData() } : piece;
  });
  writePieces(folder, pieces);
} finally {
  rmSync(home, { recursive: true, force: true });
}
