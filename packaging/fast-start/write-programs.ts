// Commands as files that need nothing but Node 24, and that start fast: no node_modules, no TypeScript.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { directImports } from './direct-imports.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

const root = join(import.meta.dirname, '../..');

export interface Programs {
  /** The folder beside the executables for what they share. */
  readonly shared: string;
  readonly names: readonly string[];
  /** The module, relative to the checkout, whose `programs` has them by name: each runs a command line. */
  readonly module: string;
  /** A CommonJS file: runs the commands that have to start fast. See `warm-up.cjs`. */
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

/** Writes programs to a folder: an executable for each, and a folder with what they share. */
export async function writePrograms(folder: string, programs: Programs): Promise<void> {
  const { shared, names, module, warmUp, external = [] } = programs;
  const inner = join(folder, shared);
  mkdirSync(inner, { recursive: true });
  await build({
    absWorkingDir: root,
    stdin: { contents: entry(module), resolveDir: root, loader: 'ts' },
    outfile: join(inner, 'programs.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    charset: 'ascii',
    supported: { 'dynamic-import': false },
    plugins: [lazyBuiltins, directImports],
    external: [...external],
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(join(import.meta.dirname, 'launcher.cjs'), join(inner, 'launcher.js'));
  writeFileSync(join(inner, 'package.json'), '{"type":"commonjs"}\n');
  for (const name of names) {
    writeFileSync(join(folder, name), `#!/usr/bin/env node\nrequire('./${shared}/launcher.js').run('${name}');\n`);
    chmodSync(join(folder, name), 0o755);
  }
  // In a process of its own: the cache holds what was compiled in the process that makes it.
  execFileSync(process.execPath, [join(import.meta.dirname, 'warm-up.cjs'), inner, warmUp], {
    stdio: ['ignore', 2, 'inherit'],
  });
}
