// manifest-tool and its three siblings as files that need nothing but Node 24: no node_modules, no TypeScript.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type ProgramName, programs } from '../../packages/manifest-tool/src/programs.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

const root = join(import.meta.dirname, '../..');
const names = Object.keys(programs) as ProgramName[];

const entry = `import { processIo } from '@mooring/terminal';
import { programs } from './programs.ts';

export async function run(name) {
  process.exitCode = await programs[name](process.argv.slice(2), processIo());
}
export { programs };
`;

/**
 * Takes V8's own form of the code where it is of this very V8, which V8 checks itself; otherwise the source is compiled,
 * which takes as long as half a start of Node.
 */
const launcher = `'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

exports.load = () => {
  const file = path.join(__dirname, 'programs.js');
  const source = fs.readFileSync(file, 'latin1');
  let cachedData;
  try {
    cachedData = fs.readFileSync(path.join(__dirname, 'programs.cache'));
  } catch {}
  const script = new vm.Script('(function(exports,require,module){' + source + '\\n})', { filename: file, cachedData });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded);
  return { script, ...loaded.exports };
};
exports.run = (name) => exports.load().run(name);
`;

const executable = (name: string): string => `#!/usr/bin/env node
require('./manifest-tools/launch.js').run('${name}');
`;

/** Writes the programs to a folder: one executable for each, and a folder with what they share. */
export async function writeManifestTools(folder: string): Promise<void> {
  const shared = join(folder, 'manifest-tools');
  mkdirSync(shared, { recursive: true });
  await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: join(root, 'packages/manifest-tool/src'), loader: 'ts' },
    outfile: join(shared, 'programs.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    charset: 'ascii',
    supported: { 'dynamic-import': false },
    plugins: [lazyBuiltins],
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeFileSync(join(shared, 'launch.js'), launcher);
  writeFileSync(join(shared, 'package.json'), '{"type":"commonjs"}\n');
  for (const name of names) {
    writeFileSync(join(folder, name), executable(name));
    chmodSync(join(folder, name), 0o755);
  }
  // In a process of its own: the cache holds what was compiled in the process that makes it.
  execFileSync(process.execPath, [join(import.meta.dirname, 'warm-up.cjs'), shared], {
    stdio: ['ignore', 2, 'inherit'],
  });
}
