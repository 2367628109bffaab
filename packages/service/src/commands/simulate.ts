import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '@mooring/platform';
import type { FleetSettings, Seen, Simulation } from '@mooring/simulator/fleet';
import type { Command, CommandContext, Option, Values } from '@mooring/terminal';
import packageFile from '../../package.json' with { type: 'json' };
import { simulateErrors } from '../errors.ts';

/** Not every device is registered at the end, or one is another than it was. */
const notAsItShould = 3;

const number = (flag: string, name: string, metavar: string, value: number, help: string): Option => ({
  flags: [flag],
  name,
  metavar,
  kind: 'integer',
  default: value,
  help,
});

const options: readonly Option[] = [
  number('--devices', 'devices', 'N', 100, 'How many devices.'),
  {
    flags: ['--service'],
    name: 'service',
    metavar: 'URL',
    help: 'REST interface of the service, which is asked for a developer certificate; http://127.0.0.1:8080 if neither this nor --credentials is given.',
    excludes: 'source',
  },
  {
    flags: ['--credentials'],
    name: 'credentials',
    metavar: 'PATH',
    help: 'Developer credentials instead: the file mbed_cloud_dev_credentials.c, or a folder with it.',
    excludes: 'source',
  },
  {
    flags: ['--api-key-file'],
    name: 'apiKeyFile',
    metavar: 'FILE',
    help: 'File with an API key of the service; $MOORING_API_KEY if absent.',
  },
  { flags: ['--ca'], name: 'ca', metavar: 'FILE', help: "PEM of the authority of the service's HTTPS certificate." },
  { flags: ['--ca-fingerprint'], name: 'caFingerprint', metavar: 'HEX', help: 'The same by its SHA-256 fingerprint.' },
  number('--rate', 'rate', 'N', 50, 'Devices that come up in a second; 0 for all at once.'),
  {
    flags: ['--duration'],
    name: 'duration',
    metavar: 'SECONDS',
    kind: 'integer',
    help: 'How long it goes on, from the start; 0: until every device has been registered. Until Ctrl-C if absent.',
  },
  number('--lifetime', 'lifetime', 'SECONDS', 3600, 'Of the registrations, unless the service says otherwise.'),
  number('--notifications', 'notifications', 'N', 0, 'Changes of /3200/0/5501 in a second, which devices tell.'),
  number('--updates', 'updates', 'N', 0, 'Registration updates in a second, besides those that are due.'),
  number('--loss', 'loss', 'PERCENT', 0, 'Of the connections, how many are cut in a minute.'),
  number('--half-open', 'halfOpen', 'PERCENT', 50, 'Of those that are cut, how many so that neither side hears of it.'),
  number('--storm', 'storm', 'SECONDS', 0, 'Cuts all connections at once, so often; 0: never.'),
  number(
    '--sleepy',
    'sleepy',
    'PERCENT',
    0,
    'Of the devices, how many sleep, and are awake for 20 seconds in between.',
  ),
  number('--sleep', 'sleep', 'SECONDS', 300, 'How long they sleep.'),
  number('--wrong-clocks', 'wrongClocks', 'PERCENT', 0, 'Of the devices, how many begin in 1970 or in 2080.'),
  {
    flags: ['--processes'],
    name: 'processes',
    metavar: 'N',
    kind: 'integer',
    help: 'Processes that share the devices; at most one for each core if absent.',
  },
];

const integerOf = (values: Values, name: string): number => values[name] as number;

const settingsOf = (values: Values): FleetSettings => ({
  lifetime: integerOf(values, 'lifetime'),
  rate: integerOf(values, 'rate'),
  notifications: integerOf(values, 'notifications'),
  updates: integerOf(values, 'updates'),
  loss: integerOf(values, 'loss'),
  halfOpen: integerOf(values, 'halfOpen'),
  storm: integerOf(values, 'storm'),
  sleepy: integerOf(values, 'sleepy'),
  sleep: integerOf(values, 'sleep'),
  wrongClocks: integerOf(values, 'wrongClocks'),
});

async function textOf(context: CommandContext, file: unknown): Promise<string | undefined> {
  if (typeof file !== 'string') return undefined;
  const path = resolve(context.cwd, file);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
}

async function developerCredentials(context: CommandContext, values: Values) {
  const { credentialsFrom, credentialsOf } = await import('./simulate-credentials.ts');
  const { credentials, service, caFingerprint } = values as Record<string, string | undefined>;
  if (credentials !== undefined) return credentialsFrom(resolve(context.cwd, credentials));
  const apiKey = ((await textOf(context, values.apiKeyFile)) ?? context.env.MOORING_API_KEY ?? '').trim();
  if (apiKey === '') {
    throw simulateErrors('simulate.credentials.missing', {
      message: 'There is no API key to ask the service for a developer certificate with.',
      next: 'Make one with "mooring api-key create NAME" and set MOORING_API_KEY or --api-key-file; or give --credentials.',
    });
  }
  const ca = await textOf(context, values.ca);
  const place = {
    url: service ?? 'http://127.0.0.1:8080',
    apiKey,
    ...(ca === undefined ? {} : { ca }),
    ...(caFingerprint === undefined ? {} : { caFingerprint }),
  };
  return credentialsOf(place, context.signal);
}

const sum = (failures: Seen['failures']): number => Object.values(failures).reduce((all, one) => all + one, 0);

function liveLine(seen: Seen, seconds: number): string {
  const { onboarding, notification } = seen.times;
  return [
    `${seconds.toFixed(0)} s`,
    `${seen.started} started`,
    `${seen.registered} registered`,
    ...(onboarding ? [`onboarding ${onboarding.p50} ms, p99 ${onboarding.p99} ms`] : []),
    ...(notification ? [`${seen.acknowledged} notifications, p99 ${notification.p99} ms`] : []),
    `${sum(seen.failures)} failures`,
  ].join(' · ');
}

/** Overwrites itself on a terminal; elsewhere one line every ten seconds is enough. */
class Progress {
  readonly #context: CommandContext;
  readonly #isTerminal: boolean;
  readonly #start = performance.now();
  #told = Number.NEGATIVE_INFINITY;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#isTerminal = context.io.stderr.isTTY === true;
  }

  tell(seen: Seen): void {
    const seconds = (performance.now() - this.#start) / 1000;
    const { stderr } = this.#context.io;
    if (this.#isTerminal) stderr.write(`\r\u001b[K${liveLine(seen, seconds)}`);
    else if (seconds - this.#told >= 10) {
      this.#told = seconds;
      stderr.write(`${liveLine(seen, seconds)}\n`);
    }
  }

  end(): void {
    if (this.#isTerminal) this.#context.io.stderr.write('\n');
  }
}

/** Until it is to end, by the clock, by Ctrl-C, or because all are there. */
async function watch(context: CommandContext, simulation: Simulation, devices: number, duration: number | undefined) {
  const progress = new Progress(context);
  const start = performance.now();
  try {
    while (!context.signal.aborted) {
      await Promise.race([pause(1000, context.signal), simulation.broken]);
      const seen = await Promise.race([simulation.seen(), simulation.broken]);
      progress.tell(seen);
      const isTime = duration !== undefined && duration > 0 && performance.now() - start >= duration * 1000;
      if (isTime || (duration === 0 && seen.onboarded >= devices)) return;
    }
  } finally {
    progress.end();
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

function say({ output }: CommandContext, devices: number, seen: Seen, duplicates: number): void {
  const lines: [string, string | number][] = [
    ['onboarded', `${seen.onboarded} of ${devices}`],
    ['registered at the end', seen.registered],
    ['bootstraps', seen.bootstraps],
    ['registrations', seen.registrations],
    ['updates', seen.updates],
    ['connections cut', seen.cut],
    ['left half open', seen.halfOpen],
    ['storms', seen.storms],
    ['sleeps', seen.sleeps],
    ['came back', seen.returns],
    ['notifications', `${seen.notifications}, ${seen.acknowledged} acknowledged at once`],
    ['identities changed', seen.identityChanges],
    ['devices with one id', duplicates],
  ];
  const always = new Set(['onboarded', 'registered at the end', 'identities changed']);
  for (const [name, value] of lines) {
    if (always.has(name) || (value !== 0 && !String(value).startsWith('0,'))) {
      output.line(`  ${name.padEnd(22)} ${value}`);
    }
  }
  for (const [name, { count, p50, p90, p99, max }] of Object.entries(seen.times)) {
    output.line(`  ${name.padEnd(22)} p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, longest ${max} ms (${count})`);
  }
  for (const [reason, times] of Object.entries(seen.failures)) output.line(`  failed ${times} times: ${reason}`);
}

export const simulate: Command = {
  name: 'simulate',
  summary: 'Run many simulated devices against a service.',
  description:
    'Runs devices with the client that real ones run, mbl-cloud-client: real keys, real TLS, a secure storage in memory each. They share one developer certificate, bootstrap, register, notify and answer; the options say what goes wrong meanwhile. At the end they deregister, and what was seen is printed; the service keeps them in its directory. A device has /3200/0/5501 (a counter that it tells of), /3201/0 (a light to write and execute) and /3303/0/5700 (a value to observe).',
  options,
  examples: [
    { run: 'mooring simulate --devices 1000', does: 'a thousand devices, until Ctrl-C' },
    {
      run: 'mooring simulate --devices 5000 --rate 0 --duration 0 --json',
      does: 'all at once; ends when all have been registered',
    },
    {
      run: 'mooring simulate --credentials mbed_cloud_dev_credentials.c --loss 20 --storm 120 --wrong-clocks 10',
      does: 'against the service of these credentials, with faults',
    },
  ],
  exitCodes: { [notAsItShould]: 'not all devices were registered once, or one has another identity than it had' },
  async run(context, values) {
    const { Simulation } = await import('@mooring/simulator/fleet');
    const credentials = await developerCredentials(context, values);
    const devices = integerOf(values, 'devices');
    const { processes, duration } = values as { processes?: number; duration?: number };
    context.output.note(`The devices join at ${credentials.bootstrapServerUri}.`);
    const simulation = await Simulation.start({
      devices,
      credentials,
      settings: settingsOf(values),
      version: `mooring-simulate-${packageFile.version}`,
      ...(processes === undefined ? {} : { processes }),
      fault: (text) => context.output.note(`A fault: ${text}`),
    });
    let finished: Awaited<ReturnType<Simulation['stop']>>;
    try {
      await watch(context, simulation, devices, duration);
      finished = await simulation.stop();
    } finally {
      simulation.kill();
    }
    const { seen, identities } = finished;
    const duplicates = identities.length - new Set(identities.map(({ deviceId }) => deviceId)).size;
    context.output.line(`${devices} simulated devices in ${simulation.processes} processes:`);
    say(context, devices, seen, duplicates);
    if (seen.onboarded < devices || seen.identityChanges > 0 || duplicates > 0) context.exit(notAsItShould);
    return { devices, processes: simulation.processes, ...seen, duplicates };
  },
};
