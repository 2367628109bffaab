import { type Code, codes, isSuccess } from '@mooring/coap';
import type { Transition } from '../machine/machine.ts';

/** What a device is at, from the start to the end. */
export type LifePhase =
  | 'stopped'
  | 'connecting'
  | 'bootstrapping'
  | 'registering'
  | 'registered'
  | 'updating'
  | 'deregistering'
  /** Nothing is under way until it is time to connect again. */
  | 'pausing';

export type Target = 'bootstrap' | 'server';

export interface LifeState {
  readonly phase: LifePhase;
  /** What is connected to now, or next. */
  readonly target: Target;
  /** The device knows of a server to register with. */
  readonly hasAccount: boolean;
  /** Of the registration that the server is believed to hold. */
  readonly location: readonly string[] | undefined;
  /** Seconds. */
  readonly lifetime: number;
  /** Attempts that failed since the last success. */
  readonly failures: number;
  /** Registrations in a row that the server refused so that a new bootstrap is due. */
  readonly refusals: number;
  /** What the next update is to say; undefined where none is due. */
  readonly due: Due | undefined;
  /** What the update under way says. */
  readonly sending: Due | undefined;
  /** The device is to deregister, if not at once; then: the end, or a pause of so many milliseconds. */
  readonly afterwards: 'stop' | number | undefined;
}

export interface Due {
  readonly lifetime: boolean;
  readonly links: boolean;
}

export type LifeEvent =
  | { readonly type: 'start'; readonly hasAccount: boolean }
  | { readonly type: 'stop' }
  | { readonly type: 'connected' }
  /** `untrusted`: the other end is not who it should be, or does not take our certificate. */
  | { readonly type: 'not connected'; readonly untrusted: boolean }
  /** The connection ended that was there. */
  | { readonly type: 'lost' }
  /** The account is stored and the connection over. */
  | { readonly type: 'bootstrapped'; readonly lifetime: number | undefined }
  | { readonly type: 'not bootstrapped' }
  /** Of a registration, an update or a deregistration. */
  | { readonly type: 'answered'; readonly code: Code; readonly location?: readonly string[]; readonly maxAge?: number }
  | { readonly type: 'unanswered' }
  /** Objects or instances came or went. */
  | { readonly type: 'structure changed' }
  | { readonly type: 'lifetime changed'; readonly lifetime: number }
  /** The server executed Registration Update Trigger. */
  | { readonly type: 'update asked' }
  /** The server executed Bootstrap-Request Trigger. */
  | { readonly type: 'bootstrap asked' }
  /** The server executed Disable. */
  | { readonly type: 'disable'; readonly milliseconds: number }
  | { readonly type: 'waited' };

export type LifeEffect =
  | { readonly type: 'connect'; readonly to: Target }
  /** Ends the connection, or the attempt to make one. */
  | { readonly type: 'disconnect' }
  /** Runs a bootstrap on the connection, to its end. */
  | { readonly type: 'bootstrap' }
  | { readonly type: 'register'; readonly lifetime: number }
  | {
      readonly type: 'update';
      readonly location: readonly string[];
      readonly lifetime?: number;
      readonly links: boolean;
    }
  | { readonly type: 'deregister'; readonly location: readonly string[] }
  /** The server does not know this account any more. */
  | { readonly type: 'forget account' }
  /** `waited` after so long, instead of whatever was waited for before. */
  | { readonly type: 'wait'; readonly milliseconds: number; readonly for: 'retry' | 'update' }
  | { readonly type: 'stop waiting' }
  | { readonly type: 'report'; readonly what: LifeReport };

export type LifeReport = 'registered' | 'updated' | 'deregistered' | 'registration refused' | 'stopped';

export interface LifeRules {
  /** 0 to below 1. */
  random(): number;
  /** Seconds: an update goes out at least so often, whatever the lifetime. */
  readonly updateEvery?: number;
}

/** Milliseconds. */
export const lifeTimes = {
  /** Pelion's clients try again after 10 + 3 s, then twice as long each time, to at most 4 h; all ± 10 %. */
  firstRetry: 13_000,
  longestRetry: 4 * 3600_000,
  /** After a registration was refused: 20 to 100 s until a new bootstrap, twice as long each time. */
  rebootstrap: { least: 20_000, most: 100_000 },
} as const;

type Step = Transition<LifeState, LifeEffect>;

export const stoppedLife = (lifetime: number): LifeState => ({
  phase: 'stopped',
  target: 'server',
  location: undefined,
  lifetime,
  failures: 0,
  refusals: 0,
  hasAccount: false,
  due: undefined,
  sending: undefined,
  afterwards: undefined,
});

const stay = (state: LifeState): Step => ({ state, effects: [] });

/** The pause before attempt number `failures` + 1. */
function retryAfter(failures: number, random: number): number {
  const middle = Math.min(lifeTimes.firstRetry * 2 ** failures, lifeTimes.longestRetry);
  return Math.round(middle * (0.9 + 0.2 * random));
}

function connect(state: LifeState, target: Target, ...before: LifeEffect[]): Step {
  return {
    state: { ...state, phase: 'connecting', target },
    effects: [...before, { type: 'stop waiting' }, { type: 'connect', to: target }],
  };
}

const both = (a: Due | undefined, b: Due | undefined): Due | undefined =>
  a && b ? { lifetime: a.lifetime || b.lifetime, links: a.links || b.links } : (a ?? b);

function pause(state: LifeState, target: Target, rules: LifeRules, ...before: LifeEffect[]): Step {
  const milliseconds = retryAfter(state.failures, rules.random());
  return {
    state: {
      ...state,
      phase: 'pausing',
      target,
      failures: state.failures + 1,
      // What an update did not get through has to be said again.
      due: both(state.due, state.sending),
      sending: undefined,
    },
    effects: [...before, { type: 'wait', milliseconds, for: 'retry' }],
  };
}

/** The server refused the account: bootstraps anew after a while. The connection stays until then, as real clients have it. */
function rebootstrap(state: LifeState, rules: LifeRules): Step {
  const { least, most } = lifeTimes.rebootstrap;
  const milliseconds = Math.min(
    Math.round((least + (most - least) * rules.random()) * 2 ** state.refusals),
    lifeTimes.longestRetry,
  );
  return {
    state: { ...forgotten(state), phase: 'pausing', target: 'bootstrap', refusals: state.refusals + 1 },
    effects: [
      { type: 'report', what: 'registration refused' },
      { type: 'forget account' },
      { type: 'wait', milliseconds, for: 'retry' },
    ],
  };
}

const unregistered = (state: LifeState): LifeState => ({
  ...state,
  location: undefined,
  due: undefined,
  sending: undefined,
});

const forgotten = (state: LifeState): LifeState => ({ ...unregistered(state), hasAccount: false });

function register(state: LifeState, ...before: LifeEffect[]): Step {
  return {
    state: { ...unregistered(state), phase: 'registering' },
    effects: [...before, { type: 'stop waiting' }, { type: 'register', lifetime: state.lifetime }],
  };
}

function update(state: LifeState, location: readonly string[], sending: Due): Step {
  const { lifetime, links } = sending;
  return {
    state: { ...state, phase: 'updating', due: undefined, sending },
    effects: [
      { type: 'stop waiting' },
      { type: 'update', location, links, ...(lifetime ? { lifetime: state.lifetime } : {}) },
    ],
  };
}

/** 75 % of the lifetime, of at least 60 s; a lifetime of 0 does not end. */
function updateWait(
  { lifetime }: LifeState,
  maxAge: number | undefined,
  { updateEvery }: LifeRules,
): number | undefined {
  const counted =
    maxAge !== undefined && maxAge >= 60 ? maxAge : lifetime === 0 ? Number.POSITIVE_INFINITY : Math.max(lifetime, 60);
  const seconds = Math.min(counted * 0.75, updateEvery ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function registered(state: LifeState, maxAge: number | undefined, rules: LifeRules, what: LifeReport): Step {
  const calm: LifeState = { ...state, phase: 'registered', failures: 0, refusals: 0, sending: undefined };
  const report: LifeEffect = { type: 'report', what };
  if (calm.due && calm.location) {
    const next = update(calm, calm.location, calm.due);
    return { state: next.state, effects: [report, ...next.effects] };
  }
  const milliseconds = updateWait(state, maxAge, rules);
  return {
    state: calm,
    effects: [report, ...(milliseconds === undefined ? [] : [{ type: 'wait', milliseconds, for: 'update' } as const])],
  };
}

function answered(state: LifeState, event: LifeEvent & { type: 'answered' }, rules: LifeRules): Step {
  const { code, location, maxAge } = event;
  switch (state.phase) {
    case 'registering':
      if (code === codes.created && location !== undefined) {
        return registered({ ...state, location }, maxAge, rules, 'registered');
      }
      if (code === codes.badRequest || code === codes.forbidden) return rebootstrap(state, rules);
      return pause(state, 'server', rules, { type: 'disconnect' });
    case 'updating':
      if (state.afterwards !== undefined) {
        return deregister({ ...state, phase: 'registered', sending: undefined }, state.afterwards);
      }
      // Whatever else the server says, it does not hold the registration as it is.
      return isSuccess(code) ? registered(state, maxAge, rules, 'updated') : register(state);
    case 'deregistering':
      return deregistered(state, { type: 'report', what: 'deregistered' });
    default:
      return stay(state);
  }
}

function deregistered(state: LifeState, ...before: LifeEffect[]): Step {
  const gone = unregistered(state);
  const effects: LifeEffect[] = [...before, { type: 'stop waiting' }, { type: 'disconnect' }];
  const { afterwards = 'stop' } = state;
  if (afterwards === 'stop') {
    return {
      state: { ...gone, phase: 'stopped', afterwards: undefined },
      effects: [...effects, { type: 'report', what: 'stopped' }],
    };
  }
  return {
    state: { ...gone, phase: 'pausing', target: 'server', afterwards: undefined },
    effects: [...effects, { type: 'wait', milliseconds: afterwards, for: 'retry' }],
  };
}

function deregister(state: LifeState, afterwards: 'stop' | number): Step {
  const { phase, location } = state;
  const leaving: LifeState = { ...state, afterwards };
  // Two requests at once would not be told apart.
  if (phase === 'updating' || phase === 'deregistering') return stay(leaving);
  if (!location || phase !== 'registered') return deregistered(leaving);
  return {
    state: { ...leaving, phase: 'deregistering' },
    effects: [{ type: 'stop waiting' }, { type: 'deregister', location }],
  };
}

/** An update is wanted: at once, after what is under way, or with the first message of the next connection. */
function wanted(state: LifeState, due: Due): Step {
  if (state.phase === 'registered' && state.location) return update(state, state.location, due);
  const isToCome = state.phase === 'registering' || state.location !== undefined;
  return stay(isToCome && state.phase !== 'deregistering' ? { ...state, due: both(state.due, due) } : state);
}

/** A bootstrap that was asked for and fails leaves the account that there was. */
const nextTarget = ({ hasAccount }: LifeState): Target => (hasAccount ? 'server' : 'bootstrap');

function lost(state: LifeState, rules: LifeRules): Step {
  if (state.afterwards !== undefined) return deregistered(state);
  switch (state.phase) {
    // The registration outlives the connection; the next connection begins with an update.
    case 'registering':
    case 'registered':
    case 'updating':
      return pause(state, 'server', rules, { type: 'stop waiting' });
    // A bootstrap tells its end itself.
    default:
      return stay(state);
  }
}

/** The next state, and what is to be done; see the types for what each event and effect means. */
export function life(state: LifeState, event: LifeEvent, rules: LifeRules): Step {
  const { phase, target } = state;
  switch (event.type) {
    case 'start': {
      if (phase !== 'stopped') return stay(state);
      const fresh: LifeState = {
        ...state,
        hasAccount: event.hasAccount,
        failures: 0,
        refusals: 0,
        afterwards: undefined,
      };
      return connect(fresh, event.hasAccount ? 'server' : 'bootstrap');
    }
    case 'stop':
      return phase === 'stopped' ? stay(state) : deregister(state, 'stop');
    case 'connected':
      if (phase !== 'connecting') return stay(state);
      if (target === 'bootstrap')
        return { state: { ...state, phase: 'bootstrapping' }, effects: [{ type: 'bootstrap' }] };
      return state.location
        ? update(state, state.location, { lifetime: true, links: state.due?.links === true })
        : register(state);
    case 'not connected':
      if (phase !== 'connecting') return stay(state);
      // A server that is not the one of the account, or does not take its certificate: the account is of no use.
      if (target === 'server' && event.untrusted) {
        return pause(forgotten(state), 'bootstrap', rules, { type: 'forget account' });
      }
      return pause(state, nextTarget(state), rules);
    case 'lost':
      return lost(state, rules);
    case 'bootstrapped':
      if (phase !== 'bootstrapping') return stay(state);
      return connect(
        { ...unregistered(state), hasAccount: true, failures: 0, lifetime: event.lifetime ?? state.lifetime },
        'server',
      );
    case 'not bootstrapped':
      return phase === 'bootstrapping' ? pause(state, nextTarget(state), rules, { type: 'disconnect' }) : stay(state);
    case 'answered':
      return answered(state, event, rules);
    case 'unanswered':
      if (state.afterwards !== undefined) return deregistered(state);
      if (phase !== 'registering' && phase !== 'updating') return stay(state);
      return pause(state, 'server', rules, { type: 'disconnect' });
    case 'structure changed':
      return wanted(state, { lifetime: false, links: true });
    case 'lifetime changed':
      return wanted({ ...state, lifetime: event.lifetime }, { lifetime: true, links: false });
    case 'update asked':
      return wanted(state, { lifetime: false, links: false });
    case 'bootstrap asked':
      if ((phase !== 'registered' && phase !== 'updating') || state.afterwards !== undefined) return stay(state);
      return connect(unregistered(state), 'bootstrap', { type: 'disconnect' });
    case 'disable':
      if ((phase !== 'registered' && phase !== 'updating') || state.afterwards !== undefined) return stay(state);
      return deregister(state, event.milliseconds);
    case 'waited':
      if (phase === 'registered' && state.location)
        return update(state, state.location, { lifetime: false, links: false });
      // A connection that stayed after a refusal ends now.
      return phase === 'pausing' ? connect(state, target, { type: 'disconnect' }) : stay(state);
  }
}
