import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { Programs } from '../programs.ts';

/** Type of the one part that a payload is for SWUpdate. */
export const swupdateType = 'SWUpdate';

export interface SwupdatePlan extends PartPlan {
  /** Path of the payload, which has to stay until it is installed. */
  readonly file: string;
}

const patience = 60 * 60_000;

/**
 * SWUpdate as the installer of whole payloads. What it does cannot be put beside the old or taken back by us; its own
 * handlers, and the bootloader, see to that.
 */
export class Swupdate {
  readonly #programs: Programs;
  readonly #options: readonly string[];

  /** @param options that its build asks for: `-k /etc/swupdate/public.pem`, `-H board:1.0` */
  constructor(programs: Programs, options: readonly string[]) {
    this.#programs = programs;
    this.#options = options;
  }

  async isThere(): Promise<boolean> {
    return (await this.#programs.run('swupdate', ['--version'])).status !== 127;
  }

  /** Looks at the payload without installing it. @throws MooringError `update.payload.unfit` */
  async inspect(file: string): Promise<SwupdatePlan> {
    await this.#run(['-n', '-i', file], 'update.payload.unfit');
    return { type: swupdateType, restart: 'device', file };
  }

  async install({ file }: SwupdatePlan): Promise<void> {
    await this.#run(['-i', file], 'update.plugin');
  }

  async #run(words: readonly string[], code: 'update.payload.unfit' | 'update.plugin'): Promise<void> {
    const { status, stdout, stderr } = await this.#programs.run('swupdate', [...this.#options, ...words], '', {
      timeout: patience,
    });
    if (status === 0) return;
    const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.includes('ERROR'));
    const reason = lines
      .at(0)
      ?.replace(/^.*ERROR\s*:?\s*/, '')
      .trim();
    throw updateErrors(code, {
      message: `SWUpdate refuses the payload: ${reason || `status ${status}`}.`,
      next: 'Its own log says more: swupdate -v -n -i FILE.',
    });
  }
}
