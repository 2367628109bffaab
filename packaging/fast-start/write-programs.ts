// Commands as files that need nothing but Node 24, and that start fast: no node_modules, no TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Metafile, transform } from 'esbuild';
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

const entryName = './programs.js';
const nameOf = (path: string): string => `./${basename(path)}`;

/** The modules that are loaded with the entry, whatever the command. */
function alwaysLoaded({ outputs }: Metafile): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(nameOf(path))) return;
    found.add(nameOf(path));
    for (const { path: other, kind, external } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) visit(other);
    }
  };
  for (const path of Object.keys(outputs)) if (nameOf(path) === entryName) visit(path);
  return found;
}

/** What is loaded only for some commands is a piece of its own, so that the others start without it. */
async function piecesOf({ module, external = [] }: Programs): Promise<Piece[]> {
  const { outputFiles, metafile } = await build({
    ...form,
    absWorkingDir: root,
    stdin: { contents: entry(module), resolveDir: root, sourcefile: 'programs', loader: 'ts' },
    outdir: join(root, 'out'),
    entryNames: 'programs',
    chunkNames: '[hash]',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    plugins: [lazyBuiltins, directImports],
    external: [...external],
    legalComments: 'none',
    logLevel: 'warning',
  });
  const together = alwaysLoaded(metafile);
  const groups = Map.groupBy(outputFiles, ({ path }) => (together.has(nameOf(path)) ? entryName : nameOf(path)));
  return Promise.all(
    [...groups.values()].map(async (files) => {
      const functions = await Promise.all(
        files.map(async ({ path, text }) => {
          const options = { ...form, format: 'cjs', supported: { 'dynamic-import': false } } as const;
          const { code } = await transform(text, options);
          return `"${nameOf(path)}":function(require,module,exports,__filename,__dirname){${code}}`;
        }),
      );
      const names = files.map(({ path }) => nameOf(path));
      return { names, source: Buffer.from(`({${functions.join(',')}})`, 'latin1'), cache: new Uint8Array() };
    }),
  );
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
