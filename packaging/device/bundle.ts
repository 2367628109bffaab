import { type Bundle, bundle } from '../bundle.ts';
import type { DeviceProgram } from './programs.ts';

/** For the distribution's own Node, from 20 on: official Node 24 is not made for every board. */
export const bundleDevice = (programs: readonly DeviceProgram[]): Promise<Bundle> =>
  bundle({
    entryPoints: Object.fromEntries(programs.map(({ name, entry }) => [name, entry])),
    target: 'node20',
    compact: true,
  });
