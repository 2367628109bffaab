import { type OpenQuestion, type Option, terminalErrors, type Values } from '@mooring/terminal';
import type { Search } from '../discovery/browse.ts';
import type { FoundDevice } from '../discovery/devices.ts';
import type { Explanation } from '../discovery/explanation.ts';
import type { SilentDevices } from '../discovery/silent-devices.ts';
import { discoveryErrors } from '../errors.ts';
import { interrupted } from '../interrupted.ts';
import type { Session } from './session.ts';

export const searchOptions: readonly Option[] = [
  {
    flags: ['--timeout'],
    name: 'timeout',
    metavar: 'SECONDS',
    kind: 'integer',
    help: 'How long to look, 30 if not given. Away from a terminal it is used to the full.',
  },
  {
    flags: ['--explain'],
    name: 'explain',
    help: 'Tell for each network interface what was asked, heard and dropped, and why.',
  },
];

/** What a search for a command came to. */
export interface Listed {
  /** In the order of their numbers. */
  devices: readonly FoundDevice[];
  /** What was typed at `question`, if one was asked while the list grew. */
  answer?: string | undefined;
  /** With `--explain`. */
  explanation?: Explanation;
}

export interface ListOptions {
  /** What it takes to count as found; any device if absent. */
  isWanted?(device: FoundDevice): boolean;
  /** Ends the search at once when it says so. */
  enough?(found: readonly FoundDevice[]): boolean;
  /** How long to wait for others after the first find, in ms; a second if absent. */
  settle?: number;
  grows?: boolean;
  question?: string;
}

/** How long the first find waits for others that come with it, in ms, so that a list begins sorted. */
const burst = 250;

/**
 * Writes the first line of the old tool, looks for devices and writes the list. One that grows does so on a terminal until
 * Enter is pressed, `question` is answered or the time is over; else the search ends soon after the first find.
 *
 * @throws MooringError `discovery.nothing.found`, `discovery.no.network`
 */
export async function listDevices(session: Session, values: Values, options: ListOptions = {}): Promise<Listed> {
  const { output, signal } = session;
  const seconds = secondsOf(values);
  output.line(`Discovering devices. This will take up to ${seconds ?? 30} seconds.`);
  const { search, searchLimit } = await import('../discovery/browse.ts');
  const { silentDevices } = await import('../discovery/silent-devices.ts');
  const { GrowingList } = await import('../discovery/growing-list.ts');
  const live = session.prompt.interactive && options.grows === true;
  let silent: SilentDevices = { recognised: [], others: [] };
  const ending = new AbortController();
  const list = new GrowingList();
  const screen = live ? growingScreen(session, list, options.question, () => ending.abort()) : undefined;
  const done = await search({
    signal: AbortSignal.any([signal, ending.signal]),
    limit: seconds === undefined ? searchLimit : seconds * 1_000,
    settle: live || seconds !== undefined ? 'never' : (options.settle ?? 1_000),
    ...(options.enough ? { enough: options.enough } : {}),
    ...(options.isWanted ? { isWanted: options.isWanted } : {}),
    ...(screen ? { onChange: screen.change } : {}),
    silent: async () => {
      silent = await silentDevices(session.home, signal);
      return silent.recognised;
    },
  }).catch(async (error: unknown) => {
    await screen?.close();
    throw error;
  });
  if (signal.aborted) throw interrupted();
  const explanation = values.explain === true ? await explained(session, done, screen?.line) : undefined;
  const answer = await screen?.finish(done.found);
  if (!screen) for (const line of list.update(done.found)) output.line(line);
  if (list.devices.length === 0) throw await nothingFound(session, silent.others, explanation);
  if (!screen) output.line();
  return {
    devices: list.devices,
    ...(answer === undefined ? {} : { answer }),
    ...(explanation === undefined ? {} : { explanation }),
  };
}

function secondsOf({ timeout }: Values): number | undefined {
  if (timeout === undefined) return undefined;
  if (Number(timeout) >= 1 && Number(timeout) <= 86_400) return Number(timeout);
  throw terminalErrors('usage', { message: "'--timeout' takes a number of seconds from 1 to 86400.", exitCode: 2 });
}

async function explained(session: Session, done: Search, line = session.output.note): Promise<Explanation> {
  const { explain, explanationLines } = await import('../discovery/explanation.ts');
  const explanation = await explain(done);
  for (const text of explanationLines(explanation)) line(text);
  return explanation;
}

type List = InstanceType<typeof import('../discovery/growing-list.ts').GrowingList>;

/** The list on a terminal: lines come above what is asked at the bottom. */
function growingScreen({ prompt, output }: Session, list: List, question: string | undefined, enough: () => void) {
  const looking = prompt.askBelow('Press Enter to end the search. ');
  // Enter or Ctrl-C; a question that was withdrawn has no answer.
  looking.answer.then((typed) => typed !== undefined && enough(), enough);
  let asking: Promise<OpenQuestion> | undefined;
  let bottom = looking;
  let waiting: NodeJS.Timeout | undefined;
  let latest: readonly FoundDevice[] = [];
  const ask = async (text: string): Promise<OpenQuestion> => {
    looking.withdraw();
    // Until then the terminal is not free for another question.
    await looking.answer;
    output.line();
    bottom = prompt.askBelow(text);
    bottom.answer.then(enough, enough);
    return bottom;
  };
  const show = (found: readonly FoundDevice[]) => {
    latest = found;
    clearTimeout(waiting);
    waiting = undefined;
    for (const text of list.update(latest)) bottom.line(text);
    if (question !== undefined) asking ??= ask(question);
  };
  return {
    line: (text: string) => bottom.line(text),
    change: (found: readonly FoundDevice[]) => {
      latest = found;
      if (list.devices.length > 0) show(found);
      else waiting ??= setTimeout(() => show(latest), burst);
    },
    /** @returns the answer to the question, for which is waited; undefined if none was asked */
    finish: async (found: readonly FoundDevice[]): Promise<string | undefined> => {
      if (found.length > 0) show(found);
      looking.withdraw();
      await looking.answer;
      const typed = await (await asking)?.answer;
      // Enter alone ended the search; the question is still open.
      return typed?.trim() === '' && question !== undefined ? prompt.ask(question) : typed;
    },
    close: async () => {
      clearTimeout(waiting);
      looking.withdraw();
      (await asking)?.withdraw();
    },
  };
}

async function nothingFound({ env }: Session, others: readonly string[], explanation: Explanation | undefined) {
  const { wslAdvice } = await import('../discovery/wsl.ts');
  const neighbours =
    others.length === 0
      ? []
      : [
          `These neighbours have an SSH server and announce nothing: ${others.join(', ')}. If one of them is the device: 'mbl-cli select --address ADDRESS'.`,
        ];
  return discoveryErrors('discovery.nothing.found', {
    message: 'No devices found!',
    next: [
      "Check that the device is on and on the same network as this machine, and that mDNS (UDP port 5353) is not blocked; '--explain' tells what was asked and heard. If you know its address, use '-a ADDRESS' or 'select --address ADDRESS'.",
      ...neighbours,
      ...[(await wslAdvice({ env })) ?? []].flat(),
    ].join('\n'),
    data: { neighbours: others, ...(explanation ? { explanation } : {}) },
  });
}

/** For `--json`. */
export const deviceJson = (device: FoundDevice, index?: number) => ({
  ...(index === undefined ? {} : { index: index + 1 }),
  name: device.name,
  address: device.address,
  port: device.port,
  addresses: device.addresses,
});
