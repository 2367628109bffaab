// mbl-cli as files that need nothing but Node 24: no node_modules, no TypeScript.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { lazyBuiltins } from '../manifest-tools/lazy-builtins.ts';

const root = join(import.meta.dirname, '../..');

const entry = `import { processIo } from '@mooring/terminal';
import { runMblCli } from './run.ts';

export { runMblCli };
export async function run() {
  process.exitCode = await runMblCli(process.argv.slice(2), processIo());
}
`;

/** Takes V8's own form of the code where it is of this very V8, which V8 checks itself; otherwise the source is compiled. */
const launcher = `'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

exports.load = () => {
  const file = path.join(__dirname, 'program.js');
  const source = fs.readFileSync(file, 'latin1');
  let cachedData;
  try {
    cachedData = fs.readFileSync(path.join(__dirname, 'program.cache'));
  } catch {}
  const script = new vm.Script('(function(exports,require,module,__filename,__dirname){' + source + '\\n})', { filename: file, cachedData });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded, file, __dirname);
  return { script, ...loaded.exports };
};
exports.run = () => exports.load().run();
`;

/** Writes the program to a folder. @returns the executable */
export async function writeMblCli(folder: string): Promise<string> {
  const inner = join(folder, 'mbl-cli.files');
  mkdirSync(inner, { recursive: true });
  await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: join(root, 'packages/mbl-cli/src'), loader: 'ts' },
    outfile: join(inner, 'program.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    charset: 'ascii',
    supported: { 'dynamic-import': false },
    plugins: [lazyBuiltins],
    // What ssh2 takes only where it was built.
    external: ['cpu-features', '*.node'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeFileSync(join(inner, 'launch.js'), launcher);
  writeFileSync(join(inner, 'package.json'), '{"type":"commonjs"}\n');
  const program = join(folder, 'mbl-cli');
  writeFileSync(program, "#!/usr/bin/env node\nrequire('./mbl-cli.files/launch.js').run();\n");
  chmodSync(program, 0o755);
  // In a process of its own: the cache holds what was compiled in the process that makes it.
  execFileSync(process.execPath, [join(import.meta.dirname, 'warm-up.cjs'), inner], {
    stdio: ['ignore', 2, 'inherit'],
  });
  return program;
}
