import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export type Native<Addon> = { readonly loaded: Addon } | { readonly why: string };

/** Which machines native/build.ts makes the addons for. */
export const nativePlatforms = ['linux-x64', 'linux-arm64'] as const;

const require = createRequire(import.meta.url);

/** One of the addons of this package, or why it is not there. Never throws: everything works without, if not as well. */
export function loadNative<Addon>(name: string, platform = `${process.platform}-${process.arch}`): Native<Addon> {
  const file = fileURLToPath(new URL(`../prebuilt/${platform}/${name}.node`, import.meta.url));
  if (!existsSync(file)) return { why: `There is no build of the addon ${name} for ${platform}.` };
  try {
    return { loaded: require(file) as Addon };
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { why: `The addon ${name} does not run with Node ${process.versions.node}: ${line}` };
  }
}
