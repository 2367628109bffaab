import type { Timer } from '@mooring/platform';
import { coapErrors } from '../errors.ts';
import { findBlock } from '../message/block.ts';
import type { Code } from '../message/codes.ts';
import { isSuccess } from '../message/codes.ts';
import type { Message } from '../message/message.ts';
import { optionName, optionNumbers, recognizedOptions } from '../message/option-registry.ts';
import { findOption } from '../message/option-values.ts';
import type { Step, Steps } from './blockwise.ts';
import type { Response } from './exchanged.ts';
import type { MessageLayer, Sending } from './message-layer.ts';
import type { Turn, Turns } from './turns.ts';

export interface ExchangeSurroundings {
  readonly layer: MessageLayer;
  readonly turns: Turns;
  readonly understood: ReadonlySet<number> | undefined;
}

/**
 * One request of ours and its response, all messages with one token: Pelion's clients answer 4.08 to a block whose token
 * is another.
 */
export class Exchange implements Turn {
  readonly token: Uint8Array;
  readonly #code: Code;
  readonly #around: ExchangeSurroundings;
  readonly #observes: boolean;
  readonly #steps: Steps;
  readonly #done: (error: Error | undefined, response: Response | undefined) => void;
  #step: Step | undefined;
  #sending: Sending | undefined;
  /** Whether it counts as under way (NSTART). */
  #counts = false;
  #begun = false;
  #over = false;
  #timer: Timer | undefined;

  /** `done` is called once. */
  constructor(
    token: Uint8Array,
    code: Code,
    observes: boolean,
    steps: Steps,
    around: ExchangeSurroundings,
    done: (error: Error | undefined, response: Response | undefined) => void,
  ) {
    this.token = token;
    this.#code = code;
    this.#observes = observes;
    this.#steps = steps;
    this.#around = around;
    this.#done = done;
  }

  start(deadline: Timer): void {
    this.#timer = deadline;
    this.#go(() => this.#steps.next());
  }

  /** Whether the response is what this exchange waits for. Repeated and late ones are not. */
  expects(message: Message): boolean {
    const step = this.#step;
    if (step === undefined) return false;
    if (!isSuccess(message.code)) return true;
    // A notification is the answer to a registration, and to nothing else.
    const notifies = findOption(message.options, optionNumbers.observe) !== undefined;
    if (notifies && (step.block > 0 || !this.#observes)) return false;
    return (findBlock(message.options, optionNumbers.block2)?.number ?? 0) === step.block;
  }

  take(message: Message): void {
    if (this.#over) return;
    this.#sending?.cancel();
    this.#sending = undefined;
    this.#step = undefined;
    const { options, refused } = recognizedOptions(message.options, this.#around.understood);
    if (refused !== undefined) {
      const text = `The answer carries ${optionName(refused)}, which cannot be ignored and is not understood here.`;
      this.fail(coapErrors('coap.response.invalid', { message: text }));
      return;
    }
    const { code, token, payload } = message;
    this.#go(() => this.#steps.next({ code, token, options, payload }));
  }

  fail(error: Error): void {
    this.#finish(error, undefined);
  }

  begin(): void {
    this.#counts = true;
    this.#send();
  }

  #go(next: () => IteratorResult<Step, Response>): void {
    let result: IteratorResult<Step, Response>;
    try {
      result = next();
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    if (result.done) {
      this.#finish(undefined, result.value);
      return;
    }
    const again = this.#begun;
    this.#step = result.value;
    this.#begun = true;
    if (this.#counts || this.#around.turns.take(this, again)) this.begin();
  }

  #send(): void {
    const step = this.#step;
    if (step === undefined) return;
    try {
      this.#sending = this.#around.layer.send(
        { code: this.#code, token: this.token, options: step.options, payload: step.payload },
        {
          acknowledged: () => this.#acknowledged(step),
          answered: (message) => this.take(message),
          failed: (error) => this.fail(error),
        },
      );
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** RFC 7252 §4.7: what is acknowledged is no longer outstanding, and others may go on while the answer is awaited. */
  #acknowledged(step: Step): void {
    this.#sending = undefined;
    if (step.last) this.#rest();
  }

  #rest(): void {
    if (!this.#counts) return;
    this.#counts = false;
    this.#around.turns.done();
  }

  #finish(error: Error | undefined, response: Response | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#step = undefined;
    this.#timer?.cancel();
    this.#sending?.cancel();
    if (!this.#counts) this.#around.turns.leave(this);
    this.#done(error, response);
    this.#rest();
  }
}
