/** What stands behind a unit, where there is a real program. */
export interface UnitProgram {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What systemd would keep: units, whether they run, and what was asked of them. */
export class Services {
  readonly #active = new Map<string, boolean>([
    ['mbl-cloud-client', true],
    ['dropbear', true],
  ]);
  readonly #programs = new Map<string, UnitProgram>();
  /** What is asked of one unit is done in order. */
  #work: Promise<void> = Promise.resolve();
  /** Every `start`, `stop` and `restart`, in order. */
  readonly asked: { verb: string; unit: string }[] = [];

  /** Puts a real program behind a unit. */
  provide(unit: string, program: UnitProgram): void {
    this.#programs.set(unit, program);
  }

  isProvided(unit: string): boolean {
    return this.#programs.has(unit);
  }

  isActive(unit: string): boolean | undefined {
    return this.#active.get(unit);
  }

  ask(verb: 'start' | 'stop' | 'restart' | 'reload', unit: string): void {
    this.asked.push({ verb, unit });
    this.#active.set(unit, verb !== 'stop');
    const program = this.#programs.get(unit);
    if (!program || verb === 'reload') return;
    this.#work = this.#work.then(async () => {
      if (verb !== 'start') await program.stop();
      if (verb !== 'stop') await program.start();
    });
  }

  /** As with a restart of the device: what was running runs anew. */
  async restart(): Promise<void> {
    for (const unit of this.#programs.keys()) if (this.#active.get(unit)) this.ask('restart', unit);
    await this.#work;
  }

  /** Ends all real programs. */
  async close(): Promise<void> {
    for (const unit of this.#programs.keys()) this.ask('stop', unit);
    await this.#work;
  }

  get units(): string[] {
    return [...this.#active.keys()];
  }
}
