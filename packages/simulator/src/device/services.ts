/** What systemd would keep: units, whether they run, and what was asked of them. */
export class Services {
  readonly #active = new Map<string, boolean>([
    ['mbl-cloud-client', true],
    ['dropbear', true],
  ]);
  /** Every `start`, `stop` and `restart`, in order. */
  readonly asked: { verb: string; unit: string }[] = [];

  isActive(unit: string): boolean | undefined {
    return this.#active.get(unit);
  }

  ask(verb: 'start' | 'stop' | 'restart' | 'reload', unit: string): void {
    this.asked.push({ verb, unit });
    this.#active.set(unit, verb !== 'stop');
  }

  get units(): string[] {
    return [...this.#active.keys()];
  }
}
