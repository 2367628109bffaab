// The service as plain JavaScript that needs nothing but Node 24: one file per command that loads it, no node_modules.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';

const root = join(import.meta.dirname, '../..');

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
  /** Names and contents of the files; `mooring.js` is the one to start. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly licences: string;
}

/** Bundles the command `mooring`. */
export async function bundleService(): Promise<Bundle> {
  const outdir = join(root, 'out');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      mooring: 'packages/service/src/main.ts',
      'snapshot-thread': 'packages/service/src/backup/snapshot-thread.ts',
    },
    outdir,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: commonJs },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
  // Node takes the files for modules.
  files.set('package.json', new TextEncoder().encode('{"type":"module"}\n'));
  return { files, licences: licences(packagesOf(metafile)) };
}

export const nodeOf = (architecture: string): string =>
  join(root, 'node_modules', `node-linux-${architecture === 'amd64' ? 'x64' : architecture}`, 'bin', 'node');

export const nodeLicence = (node: string): string => join(dirname(dirname(node)), 'LICENSE');
