import type { FleetOptions } from './fleet.ts';
import type { Identity } from './simulated-device.ts';
import type { TallyState } from './tally.ts';

export type ToWorker =
  | { readonly type: 'start'; readonly options: Omit<FleetOptions, 'timers' | 'random'> }
  | { readonly type: 'tell' }
  /** Times that were measured until now, so that a bench can leave the beginning out. */
  | { readonly type: 'forget times' }
  /** `patience`: ms for the devices to say goodbye. */
  | { readonly type: 'stop'; readonly patience: number };

export type FromWorker =
  | {
      readonly type: 'seen';
      readonly last: boolean;
      readonly tally: TallyState;
      /** With the last one. */
      readonly identities: readonly Identity[];
    }
  /** An error of the program. */
  | { readonly type: 'fault'; readonly text: string };
