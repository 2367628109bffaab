import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const load = createRequire(import.meta.url);

/** Modules of Node that take up to a third of a start to load, and of which many commands use nothing. */
const slow = ['child_process', 'crypto', 'fs/promises', 'net', 'os', 'timers/promises'];

/** What `node:fs` has already, with callbacks: the same calls without loading `fs/promises`. */
const ofCallbacks = new Set([
  ...['readFile', 'writeFile', 'stat', 'lstat', 'realpath', 'access', 'rename', 'rm', 'unlink', 'mkdir', 'rmdir'],
  ...['readdir', 'copyFile', 'chmod', 'link', 'symlink', 'readlink', 'mkdtemp', 'utimes'],
]);

/** The same for what `open` gives; streams and lines of a file it does not have. */
const handle = `
class Handle {
  constructor(fd) { this.fd = fd; }
  #call(name, ...args) { return promisified(name, [this.fd, ...args]); }
  #counted(name, count, args) {
    return new Promise((done, fail) =>
      require('node:fs')[name](this.fd, ...args, (error, number, buffer) =>
        error ? fail(error) : done({ [count]: number, buffer })));
  }
  read(...args) { return this.#counted('read', 'bytesRead', args); }
  write(...args) { return this.#counted('write', 'bytesWritten', args); }
  readFile(...args) { return this.#call('readFile', ...args); }
  writeFile(...args) { return this.#call('writeFile', ...args); }
  appendFile(...args) { return this.#call('appendFile', ...args); }
  stat(...args) { return this.#call('fstat', ...args); }
  chmod(mode) { return this.#call('fchmod', mode); }
  chown(uid, gid) { return this.#call('fchown', uid, gid); }
  utimes(atime, mtime) { return this.#call('futimes', atime, mtime); }
  truncate(...args) { return this.#call('ftruncate', ...args); }
  sync() { return this.#call('fsync'); }
  datasync() { return this.#call('fdatasync'); }
  close() { return this.#call('close'); }
}
export const open = async (...args) => new Handle(await promisified('open', args));
`;

/** A module whose functions load the real one when the first of them is called; with `new` they work as well. */
function source(name: string): string {
  const lines = Object.entries(load(name) as object).flatMap(([key, value]) => {
    if (typeof value !== 'function' || (name === 'node:fs/promises' && key === 'open')) return [];
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
${name === 'node:fs/promises' ? handle : ''}`;
}

/** Has a bundle load slow modules of Node when they are used, and not when they are imported. */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^node:(?:${slow.join('|')})$`) }, ({ path, namespace, kind }) =>
      // What is required or imported at the time of its use is late enough by itself.
      namespace === 'lazy-builtin' || kind !== 'import-statement'
        ? { path, external: true }
        : { path, namespace: 'lazy-builtin', sideEffects: false },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => ({ contents: source(path), loader: 'js' }));
  },
};
