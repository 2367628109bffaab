import { isMooringError } from '@mooring/platform';
import { type RungName, rungNames } from './rungs.ts';

/** What a probe found. */
export type Finding =
  | { state: 'ok'; says: string }
  | { state: 'broken'; says: string; mend: string; code?: string }
  /** There is nothing to look at. */
  | { state: 'not applicable'; says: string };

export type Result = { name: RungName } & (Finding | { state: 'not reached'; says: string });

export interface Rung {
  name: RungName;
  /** Rungs that have to be ok for this one to be looked at. */
  needs: readonly RungName[];
  probe(): Promise<Finding>;
}

export interface Verdict {
  rungs: Result[];
  /** From the bottom. */
  firstBroken?: Extract<Result, { state: 'broken' }>;
}

/**
 * Looks at every rung whose needs are met, whatever is broken elsewhere, and reports them from the bottom up. A rung may
 * need one that is above it. Expected errors of a probe are its finding; others are thrown.
 *
 * @param show called for each rung in order, as soon as all below it are known
 */
export async function climb(
  rungs: readonly Rung[],
  show: (result: Result) => void = () => undefined,
): Promise<Verdict> {
  const known = new Map<RungName, Promise<Result>>();
  const resultOf = (name: RungName): Promise<Result> => {
    let result = known.get(name);
    if (!result) {
      const rung = rungs.find((candidate) => candidate.name === name);
      result = rung ? look(rung, resultOf) : Promise.resolve({ name, state: 'not applicable', says: '' });
      known.set(name, result);
    }
    return result;
  };
  const results: Result[] = [];
  for (const name of rungNames) {
    if (!rungs.some((rung) => rung.name === name)) continue;
    const result = await resultOf(name);
    results.push(result);
    show(result);
  }
  const firstBroken = results.find((result) => result.state === 'broken');
  return { rungs: results, ...(firstBroken ? { firstBroken } : {}) };
}

async function look(rung: Rung, resultOf: (name: RungName) => Promise<Result>): Promise<Result> {
  const { name } = rung;
  for (const need of rung.needs) {
    const { state } = await resultOf(need);
    if (state === 'not applicable') return { name, state, says: `there is no ${need} to go by` };
    if (state !== 'ok') return { name, state: 'not reached', says: `needs ${need}` };
  }
  try {
    return { name, ...(await rung.probe()) };
  } catch (error) {
    if (!isMooringError(error) || error.code === 'interrupted') throw error;
    return { name, ...brokenBy(error) };
  }
}

export function brokenBy(error: { message: string; next?: string | undefined; code: string }): Finding {
  return { state: 'broken', says: error.message, mend: error.next ?? '', code: error.code };
}
