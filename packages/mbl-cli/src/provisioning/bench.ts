import { isMooringError, type MooringError } from '@mooring/platform';
import { interrupted } from '../interrupted.ts';
import type { Target } from '../ssh/target.ts';

/** What became of one device. */
export interface Outcome<State extends string = 'provisioned' | 'kept'> {
  target: Target;
  /** `kept`: it has been provisioned with the same before. */
  state: State | 'failed';
  /** How long it took. */
  seconds: number;
  error?: MooringError;
  /** What is told of it besides. */
  remark?: string;
  /** With a key of its own. */
  endpointName?: string;
}

export type DeviceWork<State extends string = 'provisioned' | 'kept'> = (
  target: Target,
) => Promise<Pick<Outcome<State>, 'state' | 'remark' | 'endpointName'>>;

export interface BenchOptions<State extends string> {
  /** How many devices at once. */
  jobs: number;
  signal: AbortSignal;
  /** Told in the order in which they end. */
  ended(outcome: Outcome<State>, count: number): void;
  /** Why no other device need be tried: what all of them need cannot be had. */
  hopeless(): unknown;
  now?: () => number;
}

/**
 * Works on many devices at once. One that fails leaves the others alone.
 *
 * @returns the outcomes in the order of the targets
 * @throws MooringError `interrupted`, and what `hopeless` says
 */
export async function workOnAll<State extends string>(
  targets: readonly Target[],
  work: DeviceWork<State>,
  { jobs, signal, ended, hopeless, now = () => performance.now() }: BenchOptions<State>,
): Promise<Outcome<State>[]> {
  const outcomes = new Map<Target, Outcome<State>>();
  const waiting = [...targets];
  const worker = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) {
      if (signal.aborted || hopeless() !== undefined) return;
      const start = now();
      const done = await attempt(target, work);
      if (signal.aborted) return;
      const outcome = { target, ...done, seconds: (now() - start) / 1_000 };
      outcomes.set(target, outcome);
      ended(outcome, outcomes.size);
    }
  };
  // A fault of the program ends everything, once those under way have ended.
  const ends = await Promise.allSettled(Array.from({ length: jobs }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  if (signal.aborted) throw interrupted();
  if (hopeless() !== undefined) throw hopeless();
  return targets.flatMap((target) => outcomes.get(target) ?? []);
}

async function attempt<State extends string>(
  target: Target,
  work: DeviceWork<State>,
): Promise<Omit<Outcome<State>, 'target' | 'seconds'>> {
  try {
    return await work(target);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    return { state: 'failed', error };
  }
}
