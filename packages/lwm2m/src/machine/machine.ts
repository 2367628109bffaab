/** The next state, and what is to be done in the world. */
export interface Transition<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * Runs a pure machine: each event is worked on whole, its effects included, before the next one, also where an effect
 * causes an event at once.
 */
export class Machine<State, Event, Effect> {
  #state: State;
  readonly #transition: (state: State, event: Event) => Transition<State, Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #waiting: (() => Transition<State, Effect>)[] = [];
  #running = false;

  constructor(
    start: Transition<State, Effect>,
    transition: (state: State, event: Event) => Transition<State, Effect>,
    perform: (effect: Effect) => void,
  ) {
    this.#state = start.state;
    this.#transition = transition;
    this.#perform = perform;
    this.#waiting.push(() => start);
  }

  get state(): State {
    return this.#state;
  }

  /** Performs what the start asks for. */
  start(): this {
    this.#run();
    return this;
  }

  dispatch(event: Event): void {
    this.#waiting.push(() => this.#transition(this.#state, event));
    this.#run();
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        const { state, effects } = next();
        this.#state = state;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#running = false;
    }
  }
}
