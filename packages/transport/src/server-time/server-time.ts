import { loadNative } from '../native.ts';

/** What the addon gives; native/server-time.c says how. */
interface ServerTimeAddon {
  begin(): void;
  /** How many contexts were made since `begin`; all of them carry the time from now on. */
  end(): number;
}

/** Whether the first four bytes of ServerHello.random are the time. */
export type ServerTime =
  | { readonly carries: 'time' }
  | {
      readonly carries: 'random';
      /** What was missing, for people. */
      readonly why: string;
    };

const addon = loadNative<ServerTimeAddon>('server-time');

/**
 * Pelion's clients have no clock of their own and take the time from there; MBL's then judges its own certificates by it at
 * its next start. With random bytes such a device works once, and most of them never again, unless every certificate that
 * it has is valid until 9999.
 */
export function serverTime(): ServerTime {
  return 'why' in addon ? { carries: 'random', why: addon.why } : { carries: 'time' };
}

/** Runs what makes TLS contexts; where the addon is there, their ServerHello carries the time. */
export function withServerTime<Made>(make: () => Made): Made {
  if ('why' in addon) return make();
  addon.loaded.begin();
  try {
    return make();
  } finally {
    addon.loaded.end();
  }
}
