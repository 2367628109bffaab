import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Native<Addon> = { readonly loaded: Addon } | { readonly why: string };

/** Which machines native/build.ts makes the addons for. */
export const nativePlatforms = ['linux-x64', 'linux-arm64'] as const;

const require = createRequire(import.meta.url);

/**
 * One of the addons of this package, or why it is not there. Never throws: everything works without, if not as well.
 * The environment's `MOORING_NATIVE` names a folder of other builds, for machines that there is none for in the tree.
 */
export function loadNative<Addon>(
  name: string,
  platform = `${process.platform}-${process.arch}`,
  folder = process.env.MOORING_NATIVE,
): Native<Addon> {
  const inTree = fileURLToPath(new URL(`../prebuilt/${platform}/${name}.node`, import.meta.url));
  const file = folder ? join(resolve(folder), `${name}.node`) : inTree;
  if (!existsSync(file)) {
    return { why: folder ? `There is no ${file}.` : `There is no build of the addon ${name} for ${platform}.` };
  }
  try {
    return { loaded: require(file) as Addon };
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { why: `The addon ${name} does not run with Node ${process.versions.node}: ${line}` };
  }
}
