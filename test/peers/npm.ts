// Real peers from npm, each in a folder of its own below `.interop/` in the checkout.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installing, peerFolder } from './place.ts';

/** @returns the folder of a package's installation, `node_modules` in it; or that and why nothing is tested with it */
export const npmPeer = (name: string, requirement: string): { folder: string } | string =>
  peerFolder(name, (folder) => {
    // Without one npm looks for it in the folders above, which is our own checkout; with `--prefix` instead it does
    // not find the machine's npmrc, and with that its registry.
    writeFileSync(join(folder, 'package.json'), '{}');
    installing('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', requirement], folder);
  });
