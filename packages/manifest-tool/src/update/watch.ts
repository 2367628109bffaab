import { isMooringError } from '@mooring/platform';
import type { UpdateJob } from './job.ts';
import type { Campaign } from './service.ts';

/** What passes by itself: a service that restarts, a network that is gone for a while. */
const passing = new Set(['rest.unreachable', 'rest.timeout', 'rest.server.failed', 'rest.limited']);

/** Between two tries while the service does not answer, in ms. */
const retryInterval = 3_000;

/**
 * Looks at a campaign again and again, for as long as the time-out lets it; a service that does not answer for a while
 * is waited for.
 *
 * @param timeout milliseconds; undefined for no end
 * @param warn told once for each time that the service is away
 */
export function watched(job: UpdateJob, id: string, timeout: number | undefined, warn: (line: string) => void) {
  const end = timeout === undefined ? Number.POSITIVE_INFINITY : job.timers.now() + timeout;
  const isOver = () => job.timers.now() >= end;
  return {
    isOver,
    /** @throws MooringError `rest.*` where the service refuses to tell, or is away until the time is over */
    async look(): Promise<Campaign> {
      for (let isAway = false; ; isAway = true) {
        try {
          const campaign = await job.service.campaign(id);
          await job.progress.campaign(job.service, campaign);
          return campaign;
        } catch (error) {
          if (!isMooringError(error) || !passing.has(error.code) || isOver()) throw error;
          if (!isAway) warn(`${error.message} The campaign goes on; trying again.`);
          await job.pause(retryInterval);
        }
      }
    },
  };
}
