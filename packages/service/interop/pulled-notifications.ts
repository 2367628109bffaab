interface Notification {
  readonly ep: string;
  readonly path: string;
  readonly payload?: string;
}

/** An application that pulls its notifications for as long as the test goes on, and keeps the last value of each path. */
export class PulledNotifications {
  /** By `device path`. */
  readonly values = new Map<string, string>();
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;

  constructor(url: string, apiKey: string) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${apiKey}` };
    this.#running = this.#pull();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #pull(): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        const answer = await fetch(`${this.#url}/v2/notification/pull`, {
          headers: this.#headers,
          signal: this.#over.signal,
        });
        if (answer.status !== 200) continue;
        const { notifications = [] } = (await answer.json()) as { notifications?: Notification[] };
        for (const { ep, path, payload } of notifications) {
          this.values.set(`${ep} ${path}`, Buffer.from(payload ?? '', 'base64').toString('utf8'));
        }
      } catch {
        // The service is away; it comes back.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}
