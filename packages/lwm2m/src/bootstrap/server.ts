import {
  type Answer,
  CoapConnection,
  type CoapOptions,
  type Code,
  codes,
  type IncomingRequest,
  type Request,
} from '@mooring/coap';
import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import { Machine } from '../machine/machine.ts';
import { refusingMalformed } from '../refusal.ts';
import type { BootstrapPlan } from './plan.ts';
import { type BootstrapRequest, parseBootstrapRequest } from './request.ts';
import {
  type BootstrapFailure,
  type BootstrapServerEffect,
  type BootstrapServerEvent,
  type BootstrapServerState,
  bootstrapServer,
  startBootstrapServer,
} from './server-machine.ts';

/** A request that the service does not grant; the device hears the code. */
export interface Refusal {
  readonly refused: Code;
}

/** What a bootstrap server leaves to the service. What throws is a fault of the program: the device hears 5.00. */
export interface BootstrapHost {
  /** Whether this device may come in, and what it gets. Durable before it resolves. */
  decide(request: BootstrapRequest, connection: CoapConnection): Promise<BootstrapPlan | Refusal>;
  /** Certificates for the request (PKCS#10, DER) of a device that makes its key itself, the device's own first. */
  sign(request: Uint8Array, plan: BootstrapPlan, connection: CoapConnection): Promise<readonly Uint8Array[] | Refusal>;
  /** The device has all that the plan holds. */
  complete(plan: BootstrapPlan, connection: CoapConnection): void;
  failed(failure: BootstrapFailure, connection: CoapConnection): void;
  fault(error: unknown, connection: CoapConnection): void;
}

const isRefusal = (value: object): value is Refusal => 'refused' in value;

/** One bootstrap on one connection: performs what the machine asks for. */
class BootstrapSession {
  readonly #connection: CoapConnection;
  readonly #host: BootstrapHost;
  readonly #timers: Timers;
  readonly #machine: Machine<BootstrapServerState, BootstrapServerEvent, BootstrapServerEffect>;
  readonly #responses: Partial<Record<'bootstrap' | 'certificate', (answer: Answer) => void>> = {};
  #timer: Timer | undefined;
  #sending: AbortController | undefined;
  /** Until an answer has gone out: Pelion's clients pass over what comes before it. */
  #answering: Promise<void> | undefined;

  constructor(connection: CoapConnection, host: BootstrapHost, timers: Timers) {
    this.#connection = connection;
    this.#host = host;
    this.#timers = timers;
    this.#machine = new Machine<BootstrapServerState, BootstrapServerEvent, BootstrapServerEffect>(
      startBootstrapServer(),
      bootstrapServer,
      (effect) => this.#perform(effect),
    ).start();
    void connection.closed.then(() => this.#machine.dispatch({ type: 'closed' }));
  }

  handle(request: IncomingRequest): Answer | Promise<Answer> {
    const path = request.path.join('/');
    if (request.method !== 'POST') return { code: codes.methodNotAllowed };
    if (path === 'bs') {
      const parsed = parseBootstrapRequest(request.query);
      return this.#answerTo('bootstrap', { type: 'requested', request: parsed });
    }
    if (path !== 'est/sen') return { code: codes.notFound };
    return this.#answerTo('certificate', { type: 'certificate requested', request: Uint8Array.from(request.payload) });
  }

  #answerTo(kind: 'bootstrap' | 'certificate', event: BootstrapServerEvent): Promise<Answer> {
    // Whoever asks again does not wait for the first answer any more.
    this.#responses[kind]?.({ code: codes.serviceUnavailable });
    return new Promise((resolve) => {
      this.#responses[kind] = resolve;
      this.#machine.dispatch(event);
    });
  }

  #perform(effect: BootstrapServerEffect): void {
    switch (effect.type) {
      case 'decide':
        void this.#decide(effect.attempt, effect.request);
        break;
      case 'sign':
        void this.#sign(effect.attempt, effect.request);
        break;
      case 'respond':
        this.#responses[effect.to]?.(effect.answer);
        delete this.#responses[effect.to];
        this.#answering = new Promise((resolve) => this.#timers.after(0, resolve));
        break;
      case 'send':
        void this.#send(effect.attempt, effect.request);
        break;
      case 'abandon':
        this.#sending?.abort();
        break;
      case 'wait':
        this.#timer?.cancel();
        this.#timer = this.#timers.after(effect.milliseconds, () => this.#machine.dispatch({ type: 'waited' }));
        break;
      case 'stop waiting':
        this.#timer?.cancel();
        break;
      case 'complete':
        this.#tell(() => this.#host.complete(effect.plan, this.#connection));
        break;
      case 'fail':
        this.#tell(() => this.#host.failed(effect.failure, this.#connection));
        break;
      case 'close':
        void this.#connection.close();
        break;
    }
  }

  #tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#host.fault(error, this.#connection);
    }
  }

  async #decide(attempt: number, request: BootstrapRequest): Promise<void> {
    const decision = await this.#asked(() => this.#host.decide(request, this.#connection));
    this.#machine.dispatch(
      isRefusal(decision)
        ? { type: 'refused', attempt, code: decision.refused }
        : { type: 'decided', attempt, plan: decision },
    );
  }

  async #sign(attempt: number, request: Uint8Array): Promise<void> {
    const { state } = this.#machine;
    if (!('plan' in state)) return;
    const signed = await this.#asked(() => this.#host.sign(request, state.plan, this.#connection));
    this.#machine.dispatch(
      isRefusal(signed)
        ? { type: 'not signed', attempt, code: signed.refused }
        : { type: 'signed', attempt, certificates: signed },
    );
  }

  async #asked<Result>(ask: () => Promise<Result | Refusal>): Promise<Result | Refusal> {
    try {
      return await ask();
    } catch (error) {
      this.#host.fault(error, this.#connection);
      return { refused: codes.internalServerError };
    }
  }

  async #send(attempt: number, request: Request): Promise<void> {
    const sending = new AbortController();
    this.#sending = sending;
    await this.#answering;
    try {
      const { code, payload } = await this.#connection.request(request, { signal: sending.signal });
      this.#machine.dispatch({ type: 'answered', attempt, code, payload });
    } catch (error) {
      this.#machine.dispatch({ type: 'unanswered', attempt, reason: (error as Error).message });
    }
  }
}

/** Bootstraps whoever connects. One serves any number of connections of one framing. */
export class BootstrapServer {
  readonly #host: BootstrapHost;
  readonly #timers: Timers;
  readonly #options: CoapOptions;
  readonly #sessions = new WeakMap<CoapConnection, BootstrapSession>();

  constructor(host: BootstrapHost, options: Omit<CoapOptions, 'handler' | 'unsolicited' | 'fault'>) {
    this.#host = host;
    this.#timers = options.timers ?? backgroundTimers;
    this.#options = {
      ...options,
      handler: (request, { connection }) => this.#handle(request, connection),
      fault: (error, connection) => host.fault(error, connection),
    };
  }

  /** Takes over a channel whose handshake is done. */
  accept(channel: CoapConnection['channel']): CoapConnection {
    const connection = new CoapConnection(channel, this.#options);
    this.#sessions.set(connection, new BootstrapSession(connection, this.#host, this.#timers));
    return connection;
  }

  #handle(request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
    return refusingMalformed(
      () => this.#sessions.get(connection)?.handle(request) ?? { code: codes.serviceUnavailable },
    );
  }
}
