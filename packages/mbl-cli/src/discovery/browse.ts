import { discoveryErrors } from '../errors.ts';
import { devicesOf, type FoundDevice } from './devices.ts';
import type { Question } from './dns.ts';
import { type Links, openLinks } from './links.ts';
import { type Received, ServiceRecords, serviceType } from './records.ts';

export interface BrowseOptions {
  signal: AbortSignal;
  /** How long to look while nothing is found, in ms. */
  limit?: number;
  /** How long to wait for others after the first find, in ms; at least half of it after each further one. */
  settle?: number;
  /** What it takes to count as found; any device if absent. */
  isWanted?(device: FoundDevice): boolean;
  /** Ends the search at once when it says so. */
  enough?(found: readonly FoundDevice[]): boolean;
  open?: (onPacket: (received: Received) => void) => Promise<Links | undefined>;
}

/** The old tool's own limit, which its first line names. */
export const searchLimit = 30_000;

const question: Question = { name: serviceType, type: 'PTR' };

/**
 * Looks for Mbed Linux OS devices on all networks of this machine.
 *
 * @returns what was found, perhaps nothing, when the time is over or `signal` is aborted
 * @throws MooringError `discovery.no.network`
 */
export async function browse(options: BrowseOptions): Promise<FoundDevice[]> {
  const { signal, limit = searchLimit, settle = 1_000, open = openLinks } = options;
  const { enough = () => false, isWanted = () => true } = options;
  const records = new ServiceRecords();
  let found: FoundDevice[] = [];
  const search = Promise.withResolvers<void>();
  let end = setTimeout(search.resolve, limit);
  signal.addEventListener('abort', () => search.resolve(), { once: true });
  if (signal.aborted) search.resolve();

  let firstFind: number | undefined;
  const waitForOthers = () => {
    const now = performance.now();
    firstFind ??= now;
    clearTimeout(end);
    end = setTimeout(search.resolve, Math.max(settle / 2, firstFind + settle - now));
  };
  const asked = new Set<string>();
  const links = await open((received) => {
    records.add(received);
    const news = devicesOf(records.sightings());
    if (news.length > found.length && news.some(isWanted)) waitForOthers();
    found = news;
    if (enough(found)) search.resolve();
    const open = records.openQuestions().filter(({ name, type }) => !asked.has(`${type} ${name}`));
    for (const { name, type } of open) asked.add(`${type} ${name}`);
    if (open.length > 0) links?.ask(open);
  });
  if (!links) {
    clearTimeout(end);
    throw discoveryErrors('discovery.no.network', {
      message: 'No network interface of this machine can be used to look for devices.',
      next: "Connect to the device's network, or name the device with '-a ADDRESS'.",
    });
  }

  // RFC 6762 §5.2: the second query a second after the first, then each time twice as long. What was not answered
  // is asked again with it.
  let pause = 1_000;
  let repeat: NodeJS.Timeout | undefined;
  const ask = () => {
    asked.clear();
    links.ask([question, ...records.openQuestions()]);
    repeat = setTimeout(ask, pause);
    pause *= 2;
  };
  ask();
  try {
    await search.promise;
  } finally {
    clearTimeout(end);
    clearTimeout(repeat);
    await links.close();
  }
  return found;
}
