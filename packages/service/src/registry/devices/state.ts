import type { DeviceState } from '../../storage/device-schema.ts';

/** What can happen to a device. */
export type Happening = 'bootstrap-begun' | 'bootstrapped' | 'registered' | 'deregistered';

/**
 * The state of a device after something has happened. A device that bootstraps again stays registered as long as its
 * registration lives: it can be reached, and may give the new bootstrap up.
 */
export function nextState(state: DeviceState, happening: Happening): DeviceState {
  switch (happening) {
    case 'bootstrap-begun':
      return state === 'unenrolled' ? 'cloud_enrolling' : state;
    case 'bootstrapped':
      return state === 'registered' ? state : 'bootstrapped';
    case 'registered':
      return 'registered';
    case 'deregistered':
      return state === 'registered' ? 'deregistered' : state;
  }
}
