import type { Timers } from '@mooring/platform';
import type { RestClient } from '@mooring/rest';
import { type CommandContext, terminalErrors } from '@mooring/terminal';
import { clientFor, type ServiceAccess } from './access.ts';
import type { Dialect } from './dialect.ts';
import { LeftOnService, type Remains, type Thing, thingText } from './left-on-service.ts';
import { pause } from './pause.ts';
import { Progress } from './progress.ts';
import { UpdateService } from './service.ts';

/** After Ctrl-C a command has five seconds. */
const hurry = { all: 4_000, patience: 2_000 };
const noHurry = { patience: 60_000 };

export interface JobOptions {
  access: ServiceAccess;
  dialect: Dialect;
  /** `manifest-tool/1.4.8` */
  program: string;
  timers: Timers;
}

/** One update: the service, how far it is, and what it has left there. */
export class UpdateJob {
  readonly service: UpdateService;
  readonly made = new LeftOnService();
  readonly progress: Progress;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly #options: JobOptions;
  readonly #client: RestClient;

  constructor(context: Pick<CommandContext, 'io' | 'signal'>, options: JobOptions) {
    this.#options = options;
    this.timers = options.timers;
    this.signal = context.signal;
    this.#client = this.#clientWith({ signal: context.signal });
    this.service = new UpdateService(this.#client, options.dialect);
    this.progress = new Progress(context, options.timers);
  }

  #clientWith(more: { signal?: AbortSignal }): RestClient {
    const { access, program } = this.#options;
    return clientFor(access, { userAgent: `${program} (Mooring)`, ...more });
  }

  pause(milliseconds: number): Promise<void> {
    return pause(this.timers, milliseconds, this.signal);
  }

  /**
   * Removes what was made, after Ctrl-C as well, when there is little time for it.
   *
   * @param mayRun false where the campaign is known to have ended
   * @returns what is left
   */
  async cleanUp(mayRun: boolean, removed?: (thing: Thing) => void): Promise<Remains[]> {
    this.progress.line.clear();
    const isHurried = this.signal.aborted;
    const client = this.#clientWith(isHurried ? { signal: AbortSignal.timeout(hurry.all) } : {});
    try {
      return await this.made.remove(new UpdateService(client, this.#options.dialect), {
        timers: this.timers,
        mayRun,
        patience: isHurried ? hurry.patience : noHurry.patience,
        ...(removed ? { removed } : {}),
      });
    } finally {
      client.close();
    }
  }

  close(): void {
    this.progress.line.clear();
    this.#client.close();
  }
}

/** What is left on the service, as a sentence; undefined if nothing is. */
export function leftText(things: readonly (Thing & { reason?: string })[]): string | undefined {
  if (things.length === 0) return undefined;
  const why = (reason: string | undefined) => (reason === undefined ? '' : `: ${reason}`);
  return `Left on the service:${things.map((thing) => `\n  ${thingText(thing)}${why(thing.reason)}`).join('')}`;
}

/** The end by Ctrl-C, with what it leaves. */
export const interruptedWith = (things: readonly (Thing & { reason?: string })[]): Error =>
  terminalErrors('interrupted', {
    message: ['Interrupted.', leftText(things) ?? 'Nothing is left on the service.'].join(' '),
    exitCode: 130,
    data: { left: things },
  });
