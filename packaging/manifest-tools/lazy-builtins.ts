import childProcess from 'node:child_process';
import crypto from 'node:crypto';
import fsPromises from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Modules of Node that take milliseconds to load, of which many commands use nothing: a third of a start is `crypto`. */
const slow: Readonly<Record<string, object>> = {
  'node:child_process': childProcess,
  'node:crypto': crypto,
  'node:fs/promises': fsPromises,
};

/** What `node:fs` has already, with callbacks: the same calls without loading `fs/promises`. */
const ofCallbacks = new Set(['readFile', 'stat', 'realpath', 'access', 'rename', 'rm', 'unlink', 'mkdir', 'rmdir']);

/** A module whose functions load the real one when the first of them is called; with `new` they work as well. */
function source(name: string, real: object): string {
  const lines = Object.entries(real).flatMap(([key, value]) => {
    if (typeof value !== 'function') return [];
    if (name === 'node:fs/promises' && ofCallbacks.has(key)) {
      return [`export const ${key} = (...args) => promisified('${key}', args);`];
    }
    return [
      `export function ${key}(...args) { return new.target ? new (real().${key})(...args) : real().${key}(...args); }`,
    ];
  });
  return `let loaded;
const real = () => (loaded ??= require('${name}'));
const promisified = (key, args) =>
  new Promise((done, fail) => require('node:fs')[key](...args, (error, value) => (error ? fail(error) : done(value))));
export default new Proxy({}, { get: (_, key) => real()[key] });
${lines.join('\n')}
`;
}

/** Has a bundle load slow modules of Node when they are used, and not when they are imported. */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:(?:child_process|crypto|fs\/promises)$/ }, ({ path, namespace }) =>
      namespace === 'lazy-builtin' ? { path, external: true } : { path, namespace: 'lazy-builtin', sideEffects: false },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => ({
      contents: source(path, slow[path] ?? {}),
      loader: 'js',
    }));
  },
};
