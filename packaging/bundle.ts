// Programs as plain JavaScript that needs nothing but a Node: no checkout, no node_modules.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** CommonJS libraries inside call these. */
const commonJs = `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

/** Folders of the packages that are in a bundle. */
function packagesOf(metafile: Metafile): string[] {
  const folders = Object.keys(metafile.inputs).flatMap(
    (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  return [...new Set(folders)].sort();
}

/** The licences of what is inside, in one text. */
function licences(folders: readonly string[]): string {
  const parts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'COPYING']
      .map((each) => join(root, folder, each))
      .find((each) => existsSync(each));
    const text = file === undefined ? `${license}; the package has no text of it.` : readFileSync(file, 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return parts.join(`\n${'-'.repeat(72)}\n\n`);
}

export interface Bundle {
  /** Contents by name: `NAME.js` for each entry point, what they share, and a package.json that makes them modules. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly licences: string;
  /** Whether it loads the addons of `transport`, where `MOORING_NATIVE` says they are. */
  readonly usesAddons: boolean;
}

/** The addons of `transport` for an architecture as Debian calls it, by file name. Everything works without, if not as well. */
export function addonsFor(architecture: string): ReadonlyMap<string, Uint8Array> {
  const folder = join(root, 'packages/transport/prebuilt', `linux-${architecture.replace('amd64', 'x64')}`);
  return new Map(globSync(join(folder, '*.node')).map((file) => [basename(file), readFileSync(file)]));
}

export interface BundleOptions {
  /** Files relative to the checkout, by the name that they get. */
  readonly entryPoints: Readonly<Record<string, string>>;
  /** The oldest Node that has to run it, as esbuild names it: `node24`. */
  readonly target: string;
  /** Without the white space: for boards whose disk is small. */
  readonly compact?: boolean;
}

/** What a program loads only for some commands stays a file of its own. */
export async function bundle({ entryPoints, target, compact = false }: BundleOptions): Promise<Bundle> {
  const outdir = join(root, 'out');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    minifyWhitespace: compact,
    minifySyntax: compact,
    banner: { js: commonJs },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
  files.set('package.json', new TextEncoder().encode('{"type":"module"}\n'));
  const usesAddons = 'packages/transport/src/native.ts' in metafile.inputs;
  return { files, licences: licences(packagesOf(metafile)), usesAddons };
}
