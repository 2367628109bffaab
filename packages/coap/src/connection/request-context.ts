/** What a handler is given beside the request. */
export interface RequestContext<Connection> {
  readonly connection: Connection;
  /** Aborted when the connection ended or the handler took longer than `limits.handlerTime`. */
  readonly signal: AbortSignal;
  /** When the answer, or its first block, was handed to the channel, or never will be. What is sent then comes after it. */
  readonly answered: Promise<void>;
}

/** One request at a handler. What is rarely asked for is made when asked for. */
export class Handling<Connection> implements RequestContext<Connection> {
  readonly connection: Connection;
  #controller: AbortController | undefined;
  #over = false;
  #answered: boolean | (() => void)[] = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Nobody waits for the answer any more. */
  get over(): boolean {
    return this.#over;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over) this.#controller.abort();
    return this.#controller.signal;
  }

  get answered(): Promise<void> {
    const state = this.#answered;
    if (state === true) return Promise.resolve();
    return new Promise((resolve) => {
      if (state === false) this.#answered = [resolve];
      else state.push(resolve);
    });
  }

  abandon(): void {
    this.#over = true;
    this.#controller?.abort();
  }

  done(): void {
    const waiting = this.#answered;
    this.#answered = true;
    if (typeof waiting !== 'boolean') for (const resolve of waiting) resolve();
  }
}
