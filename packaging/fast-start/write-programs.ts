// Commands as files that need nothing but Node 24, and that start fast: no node_modules, no TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';
import { directImports } from './direct-imports.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { type Piece, writePieces } from './pieces.ts';

const root = join(import.meta.dirname, '../..');

export interface Programs {
  /** The folder beside the executables for what they share. */
  readonly shared: string;
  readonly names: readonly string[];
  /** The module, relative to the checkout, whose `programs` has them by name: each runs a command line. */
  readonly module: string;
  /** A module whose default export runs the commands that have to start fast: `Commands` of `warm-up.ts`. */
  readonly warmUp: string;
  /** Modules that are taken where they happen to be installed. */
  readonly external?: readonly string[];
}

const entry = (module: string): string => `import { processIo } from '@mooring/terminal';
import { programs } from './${module}';

export async function run(name) {
  process.exitCode = await programs[name](process.argv.slice(2), processIo());
}
export { programs };
`;

const form = { platform: 'node', target: 'node24', minify: true, charset: 'ascii' } as const;

/** What is loaded only for some commands is a piece of its own, so that the others start without it. */
async function piecesOf({ module, external = [] }: Programs): Promise<Map<string, Piece>> {
  const { outputFiles } = await build({
    ...form,
    absWorkingDir: root,
    stdin: { contents: entry(module), resolveDir: root, sourcefile: 'programs', loader: 'ts' },
    outdir: join(root, 'out'),
    entryNames: 'programs',
    chunkNames: '[hash]',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    plugins: [lazyBuiltins, directImports],
    external: [...external],
    legalComments: 'none',
    logLevel: 'warning',
  });
  const pieces = new Map<string, Piece>();
  for (const { path, text } of outputFiles) {
    const asFunction = await transform(text, { ...form, format: 'cjs', supported: { 'dynamic-import': false } });
    const source = `(function(require,module,exports,__filename,__dirname){${asFunction.code}})`;
    pieces.set(`./${basename(path)}`, { source: Buffer.from(source, 'latin1'), cache: new Uint8Array() });
  }
  return pieces;
}

/** Writes programs to a folder: an executable for each, and a folder with what they share. */
export async function writePrograms(folder: string, programs: Programs): Promise<void> {
  const { shared, names, warmUp } = programs;
  const inner = join(folder, shared);
  mkdirSync(inner, { recursive: true });
  writePieces(inner, await piecesOf(programs));
  const launch = readFileSync(join(import.meta.dirname, 'launch.cjs'), 'utf8').replace('SHARED', shared);
  for (const name of names) {
    writeFileSync(join(folder, name), `#!/usr/bin/env node\n${launch.replace('NAME', name)}`, { mode: 0o755 });
  }
  // In a process of its own: what V8 keeps is what was compiled in the process that asks for it.
  const words = [join(import.meta.dirname, 'warm-up.ts'), join(folder, names[0] ?? ''), inner, warmUp];
  execFileSync(process.execPath, words, { stdio: ['ignore', 2, 'inherit'] });
}
