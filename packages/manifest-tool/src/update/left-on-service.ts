import { isMooringError, type Timers } from '@mooring/platform';
import { pause } from './pause.ts';
import { type Kind, kinds, type UpdateService } from './service.ts';

export interface Thing {
  kind: Kind;
  id: string;
  name: string;
}

export interface Remains extends Thing {
  /** Why it is still there. */
  reason: string;
}

/** How often a campaign that stops is looked at, in ms. */
const stopInterval = 1_000;

export interface RemoveOptions {
  timers: Timers;
  /** False where the campaign is known to have ended. */
  mayRun: boolean;
  /** How long the campaign may take to stop before it is deleted, in ms. */
  patience: number;
  removed?: (thing: Thing) => void;
}

/** What an update has made on the service, in the order of its making. */
export class LeftOnService {
  #things: Thing[] = [];

  add(kind: Kind, id: string, name: string): void {
    this.#things.push({ kind, id, name });
  }

  get things(): readonly Thing[] {
    return this.#things;
  }

  forget(id: string): void {
    this.#things = this.#things.filter((thing) => thing.id !== id);
  }

  /**
   * Removes it all, the last first; a campaign that runs is stopped before. What cannot be removed hinders nothing else.
   *
   * @returns what is left
   */
  async remove(service: UpdateService, options: RemoveOptions): Promise<Remains[]> {
    const left: Remains[] = [];
    for (const thing of this.#things.toReversed()) {
      try {
        if (thing.kind === 'campaign' && options.mayRun) await stopped(service, thing.id, options);
        await service.remove(thing.kind, thing.id);
      } catch (error) {
        if (!isMooringError(error)) throw error;
        if (error.code !== 'rest.not.found') {
          left.push({ ...thing, reason: error.message });
          continue;
        }
      }
      this.forget(thing.id);
      options.removed?.(thing);
    }
    return left;
  }
}

/** Only a campaign that does not run can be deleted. */
async function stopped(service: UpdateService, id: string, { timers, patience }: RemoveOptions): Promise<void> {
  const runs = (phase: string | undefined) => phase === 'starting' || phase === 'active' || phase === 'timed';
  if (!runs((await service.campaign(id)).phase)) return;
  await service.stopCampaign(id);
  const end = timers.now() + patience;
  while ((await service.campaign(id)).phase === 'stopping' && timers.now() < end) await pause(timers, stopInterval);
}

/** `campaign 0123… (fw.bin-…)`, for people. */
export const thingText = ({ kind, id, name }: Thing): string => `${kinds[kind].word} ${id} (${name})`;
