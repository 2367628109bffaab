import { discoveryErrors } from '../errors.ts';
import { devicesOf, type FoundDevice } from './devices.ts';
import type { Question } from './dns.ts';
import { type LinkReport, type OpenLinks, openLinks } from './links.ts';
import { type Heard, type Received, ServiceRecords, serviceType } from './records.ts';

export interface BrowseOptions {
  /** Aborted: the search ends, and what was found so far is returned. */
  signal: AbortSignal;
  /** How long to look while nothing is found, in ms. */
  limit?: number;
  /**
   * How long to wait for others after the first find, in ms; at least half of it after each further one. `never`: the
   * whole `limit` is used.
   */
  settle?: number | 'never';
  /** What it takes to count as found; any device if absent. */
  isWanted?(device: FoundDevice): boolean;
  /** Ends the search at once when it says so. */
  enough?(found: readonly FoundDevice[]): boolean;
  /** Told each time that the list is another one. */
  onChange?(found: readonly FoundDevice[]): void;
  /** Asked for devices when nobody has answered for a while: those that announce nothing. */
  silent?(): Promise<readonly FoundDevice[]>;
  /** How long that while is, in ms. */
  patience?: number;
  open?: OpenLinks;
}

/** What a search came to, and how. */
export interface Search {
  found: FoundDevice[];
  links: readonly LinkReport[];
  heard: Heard[];
}

/** The old tool's own limit, which its first line names. */
export const searchLimit = 30_000;

/** How often the interfaces of this machine are looked at, in ms: a board's USB network comes up while we wait. */
const refreshPause = 1_000;

const question: Question = { name: serviceType, type: 'PTR' };

/** The devices that `search` finds. */
export async function browse(options: BrowseOptions): Promise<FoundDevice[]> {
  return (await search(options)).found;
}

/**
 * Looks for Mbed Linux OS devices on all networks of this machine.
 *
 * @returns what was found, perhaps nothing, when the time is over or `signal` is aborted
 * @throws MooringError `discovery.no.network`
 */
export async function search(options: BrowseOptions): Promise<Search> {
  const { signal, limit = searchLimit, settle = 1_000, patience = 3_000, open = openLinks } = options;
  const { enough = () => false, isWanted = () => true, onChange = () => undefined } = options;
  const records = new ServiceRecords();
  let silent: readonly FoundDevice[] = [];
  let found: FoundDevice[] = [];
  const over = Promise.withResolvers<void>();
  let end = setTimeout(over.resolve, limit);
  signal.addEventListener('abort', () => over.resolve(), { once: true });
  if (signal.aborted) over.resolve();

  let firstFind: number | undefined;
  const waitForOthers = () => {
    if (settle === 'never') return;
    const now = performance.now();
    firstFind ??= now;
    clearTimeout(end);
    end = setTimeout(over.resolve, Math.max(settle / 2, firstFind + settle - now));
  };
  const asked = new Set<string>();
  const takeStock = () => {
    const announced = devicesOf(records.sightings());
    const others = silent.filter((one) => !announced.some(({ name }) => name === one.name));
    const news = [...announced, ...others];
    const isOther = JSON.stringify(news) !== JSON.stringify(found);
    if (news.length > found.length && news.some(isWanted)) waitForOthers();
    found = news;
    if (isOther) onChange(found);
    if (enough(found)) over.resolve();
  };
  const onPacket = (received: Received) => {
    records.add(received);
    takeStock();
    const missing = records.openQuestions().filter(({ name, type }) => !asked.has(`${type} ${name}`));
    for (const { name, type } of missing) asked.add(`${type} ${name}`);
    if (missing.length > 0) links?.ask(missing);
  };
  const links = await open(onPacket);
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
  const refresh = setInterval(() => void links.refresh([question]).catch(() => undefined), refreshPause);
  const lookAround = setTimeout(async () => {
    if (found.some(isWanted) || !options.silent) return;
    silent = await options.silent().catch(() => []);
    takeStock();
  }, patience);
  try {
    await over.promise;
  } finally {
    clearTimeout(lookAround);
    clearTimeout(end);
    clearTimeout(repeat);
    clearInterval(refresh);
    await links.close();
  }
  return { found, links: links.reports, heard: records.heard() };
}
