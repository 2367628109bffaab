import { type Answer, type CoapConnection, codes, codeText, type IncomingRequest, isSuccess } from '@mooring/coap';
import type { Timer, Timers } from '@mooring/platform';
import { decodeCertificateChain } from '../bootstrap/certificate-chain.ts';
import {
  type BootstrapClientEffect,
  type BootstrapClientEvent,
  type BootstrapClientSettings,
  type BootstrapClientState,
  type BootstrapResult,
  bootstrapClient,
  startBootstrapClient,
} from '../bootstrap/client-machine.ts';
import { contentFormats } from '../formats/content-format.ts';
import { Machine } from '../machine/machine.ts';
import type { DeviceHost } from './device-host.ts';
import type { Flavour } from './flavour.ts';

/**
 * Milliseconds between the last answer and the end of the connection: in the next turn, when the answer has gone out. Over
 * UDP it may be lost, and the server will ask once more (ACK_TIMEOUT * ACK_RANDOM_FACTOR, RFC 7252 §4.8).
 */
const farewell = { record: 0, stream: 0, datagram: 3_000 } as const;

/** Performs the client's side of a bootstrap on one connection. */
export class BootstrapRun {
  /** When the connection is over: what the server wrote, or why there is nothing. Never fails. */
  readonly outcome: Promise<{ readonly result?: BootstrapResult; readonly reason?: string }>;
  readonly #connection: CoapConnection;
  readonly #host: DeviceHost;
  readonly #flavour: Flavour;
  readonly #timers: Timers;
  readonly #machine: Machine<BootstrapClientState, BootstrapClientEvent, BootstrapClientEffect>;
  #timer: Timer | undefined;
  #answer: Answer | undefined;
  #result: BootstrapResult | undefined;
  #reason: string | undefined;

  constructor(
    connection: CoapConnection,
    host: DeviceHost,
    flavour: Flavour,
    settings: BootstrapClientSettings,
    timers: Timers,
  ) {
    this.#connection = connection;
    this.#host = host;
    this.#flavour = flavour;
    this.#timers = timers;
    this.#machine = new Machine<BootstrapClientState, BootstrapClientEvent, BootstrapClientEffect>(
      startBootstrapClient(host.accounts()),
      (state, event) => bootstrapClient(state, event, settings),
      (effect) => this.#perform(effect),
    );
    this.outcome = connection.closed.then(() => {
      this.#machine.dispatch({ type: 'closed' });
      return this.#result ? { result: this.#result } : { reason: this.#reason ?? 'the connection ended' };
    });
  }

  start(): void {
    this.#machine.start();
  }

  handle(request: IncomingRequest): Answer {
    this.#answer = undefined;
    this.#machine.dispatch({ type: 'requested', request });
    return this.#answer ?? { code: codes.serviceUnavailable };
  }

  #perform(effect: BootstrapClientEffect): void {
    switch (effect.type) {
      case 'ask':
        void this.#ask();
        break;
      case 'respond':
        this.#answer = effect.answer;
        break;
      case 'enroll':
        // After the answer to the end of the writes has gone out.
        this.#timer = this.#timers.after(0, () => void this.#enroll(effect));
        break;
      case 'wait':
        this.#timer?.cancel();
        this.#timer = this.#timers.after(effect.milliseconds, () => this.#machine.dispatch({ type: 'waited' }));
        break;
      case 'stop waiting':
        this.#timer?.cancel();
        break;
      case 'complete':
        this.#result = effect.result;
        break;
      case 'fail':
        this.#reason = effect.reason;
        break;
      case 'close':
        this.#timer = this.#timers.after(farewell[this.#flavour.framing], () => void this.#connection.close());
        break;
    }
  }

  async #ask(): Promise<void> {
    try {
      const { code } = await this.#connection.request(this.#flavour.bootstrapRequest(this.#host.identity('bootstrap')));
      this.#machine.dispatch({ type: 'answered', code });
    } catch (error) {
      this.#machine.dispatch({ type: 'unanswered', reason: (error as Error).message });
    }
  }

  async #enroll({ account, internalEndpoint }: BootstrapClientEffect & { type: 'enroll' }): Promise<void> {
    try {
      const request = await this.#host.certificateRequest?.(account, internalEndpoint);
      if (!request) throw new Error('this device does not make keys');
      const { code, payload } = await this.#connection.request({
        method: 'POST',
        path: ['est', 'sen'],
        contentFormat: contentFormats.text,
        payload: request,
      });
      if (!isSuccess(code)) throw new Error(`the certificate request was answered ${codeText(code)}`);
      this.#machine.dispatch({ type: 'enrolled', certificates: decodeCertificateChain(payload) });
    } catch (error) {
      this.#machine.dispatch({ type: 'not enrolled', reason: (error as Error).message });
    }
  }
}
