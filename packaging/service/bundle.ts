// The service as plain JavaScript for Node 24; `mooring.js` is the one to start.
import { dirname, join } from 'node:path';
import { type Bundle, bundle } from '../bundle.ts';

const root = join(import.meta.dirname, '../..');

export const bundleService = (): Promise<Bundle> =>
  bundle({
    entryPoints: {
      mooring: 'packages/service/src/main.ts',
      'snapshot-thread': 'packages/service/src/backup/snapshot-thread.ts',
      'simulation-worker': 'packages/simulator/src/fleet/worker.ts',
    },
    target: 'node24',
  });

export const nodeOf = (architecture: string): string =>
  join(root, 'node_modules', `node-linux-${architecture === 'amd64' ? 'x64' : architecture}`, 'bin', 'node');

export const nodeLicence = (node: string): string => join(dirname(dirname(node)), 'LICENSE');
