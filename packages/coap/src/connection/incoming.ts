import type { Timer } from '@mooring/platform';
import { type Block, bert, blockOption, findBlock } from '../message/block.ts';
import { type Code, codes, methods } from '../message/codes.ts';
import { type Message, noBytes, noOptions, type Option } from '../message/message.ts';
import { optionName, optionNumbers, recognizedOptions } from '../message/option-registry.ts';
import { type Answer, answerOptions, type Body, type IncomingRequest, readRequest } from './exchanged.ts';
import { GatheredBodies } from './gathered-bodies.ts';
import { type AnswerKey, KeptAnswers, SlicedAnswer } from './kept-answers.ts';
import type { MessageLayer, Reply } from './message-layer.ts';
import { resourceKey } from './resource-key.ts';
import type { Settings } from './settings.ts';
import type { Sweeper } from './sweeper.ts';

export interface RequestWorker {
  /** `signal` gives what is aborted when nobody waits any more. */
  handle(request: IncomingRequest, signal: () => AbortSignal): Answer | Promise<Answer>;
  fault(error: unknown): void;
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'FETCH']);

interface Handling {
  controller: AbortController | undefined;
}

/** Requests of the peer: gathered, handed on whole, their answers cut into blocks. */
export class IncomingRequests {
  readonly #layer: MessageLayer;
  readonly #settings: Settings;
  readonly #sweeper: Sweeper;
  readonly #worker: RequestWorker;
  readonly #bodies: GatheredBodies;
  readonly #kept: KeptAnswers;
  #handling: Set<Handling> | undefined;
  #ended = false;
  #whenIdle: (() => void) | undefined;

  constructor(layer: MessageLayer, settings: Settings, sweeper: Sweeper, worker: RequestWorker) {
    this.#layer = layer;
    this.#settings = settings;
    this.#sweeper = sweeper;
    this.#worker = worker;
    this.#bodies = new GatheredBodies(settings.limits);
    this.#kept = new KeptAnswers(settings.limits);
  }

  take(message: Message, reply: Reply): void {
    const { options, refused } = recognizedOptions(message.options, this.#settings.understood);
    const answer =
      refused === undefined
        ? this.#begin({ ...message, options }, reply)
        : words(codes.badOption, `${optionName(refused)} is not understood here.`);
    if (answer !== undefined) this.#answer(message, answer, reply);
  }

  /** Gives an answer where there is one at once. */
  #begin(message: Message, reply: Reply): Answer | undefined {
    const { options } = message;
    const { sizes } = this.#layer;
    const block1 = findBlock(options, optionNumbers.block1);
    const block2 = findBlock(options, optionNumbers.block2);
    if (block2?.sizeExponent === bert && sizes.sizeExponent !== bert)
      return words(codes.badRequest, 'Block size 7 is not for datagrams.');
    const resource = resourceKey(message);
    const now = this.#settings.timers.now();
    let body = message.payload;
    if (block1 !== undefined) {
      const gathered = this.#bodies.take(resource, message, block1, sizes.sizeExponent, now);
      if ('answer' in gathered) {
        this.#sweeper.notice(now + this.#settings.limits.blockTime);
        return gathered.answer;
      }
      body = gathered.body;
    }
    const key: AnswerKey = { resource, payload: message.code === methods.FETCH ? body : noBytes };
    const later = block1 === undefined && block2 !== undefined && block2.number > 0;
    const kept = later ? this.#kept.find(key, now) : undefined;
    if (kept !== undefined) {
      void this.#slice(key, kept, message, [], block2, reply);
      return undefined;
    }
    const request = readRequest(message, body);
    if (request === undefined) return { code: codes.methodNotAllowed };
    if (typeof request === 'string') return words(codes.badRequest, `${request}.`);
    // Only what changes nothing may be done again for the sake of a later block.
    if (later && !safeMethods.has(request.method))
      return words(codes.requestEntityIncomplete, 'The answer is no longer kept.');
    if ((this.#handling?.size ?? 0) >= this.#settings.limits.handledRequests)
      return { code: codes.serviceUnavailable, maxAge: 1 };
    void this.#handle(key, request, message, block1, block2, reply);
    return undefined;
  }

  expire(now: number): number | undefined {
    const bodies = this.#bodies.expire(now);
    const kept = this.#kept.expire(now);
    return bodies === undefined ? kept : kept === undefined ? bodies : Math.min(bodies, kept);
  }

  get idle(): boolean {
    return this.#handling === undefined;
  }

  /** Told whenever a request was answered. */
  set whenIdle(run: () => void) {
    this.#whenIdle = run;
  }

  end(): void {
    this.#ended = true;
    this.#kept.end();
    for (const { controller } of this.#handling ?? []) controller?.abort();
  }

  async #handle(
    key: AnswerKey,
    request: IncomingRequest,
    message: Message,
    block1: Block | undefined,
    block2: Block | undefined,
    reply: Reply,
  ): Promise<void> {
    const { limits, timers } = this.#settings;
    const handling: Handling = { controller: undefined };
    let over = false;
    const signal = () => {
      handling.controller ??= new AbortController();
      if (over || this.#ended) handling.controller.abort();
      return handling.controller.signal;
    };
    const deadline: Timer = timers.after(limits.handlerTime, () => {
      over = true;
      handling.controller?.abort();
      this.#answer(message, { code: codes.serviceUnavailable }, reply);
    });
    this.#handling ??= new Set();
    this.#handling.add(handling);
    let answer: Answer;
    try {
      answer = await this.#worker.handle(request, signal);
    } catch (error) {
      answer = { code: codes.internalServerError };
      this.#worker.fault(error);
    }
    deadline.cancel();
    this.#handling?.delete(handling);
    if (over || this.#ended) {
      if (isBody(answer.payload)) answer.payload.close?.();
    } else await this.#respond(key, answer, message, block1, block2, reply);
    if (this.#handling?.size === 0) this.#handling = undefined;
    this.#whenIdle?.();
  }

  /** Whole or in blocks. */
  async #respond(
    key: AnswerKey,
    answer: Answer,
    message: Message,
    block1: Block | undefined,
    block2: Block | undefined,
    reply: Reply,
  ): Promise<void> {
    const echo = block1 === undefined ? [] : [blockOption(optionNumbers.block1, block1)];
    const { payload } = answer;
    if (
      !isBody(payload) &&
      (payload?.length ?? 0) <= this.#layer.sizes.whole &&
      !smaller(block2, payload?.length ?? 0)
    ) {
      this.#answer(message, { ...answer, options: [...(answer.options ?? noOptions), ...echo] }, reply);
      return;
    }
    const sliced = new SlicedAnswer(answer, isBody(payload) ? payload : bodyOf(payload ?? noBytes));
    const now = this.#settings.timers.now();
    this.#kept.add(key, sliced, now);
    this.#sweeper.notice(now + this.#settings.limits.blockTime);
    await this.#slice(key, sliced, message, echo, block2, reply);
  }

  async #slice(
    key: AnswerKey,
    sliced: SlicedAnswer,
    message: Message,
    echo: readonly Option[],
    asked: Block | undefined,
    reply: Reply,
  ): Promise<void> {
    try {
      const { message: block, last } = await sliced.block(asked, this.#layer.sizes);
      if (last) this.#kept.drop(key);
      if (!this.#ended) reply({ ...block, token: message.token, options: [...block.options, ...echo] });
    } catch (error) {
      this.#worker.fault(error);
      this.#kept.drop(key);
      this.#answer(message, { code: codes.internalServerError }, reply);
    }
  }

  #answer(message: Message, answer: Answer & { payload?: Uint8Array | Body | undefined }, reply: Reply): void {
    if (this.#ended) return;
    const payload = answer.payload instanceof Uint8Array ? answer.payload : noBytes;
    try {
      reply({ code: answer.code, token: message.token, options: answerOptions(answer), payload });
    } catch (error) {
      // An answer that cannot be written is a fault of the handler's.
      this.#worker.fault(error);
      reply({ code: codes.internalServerError, token: message.token, options: noOptions, payload: noBytes });
    }
  }
}

const isBody = (payload: Answer['payload']): payload is Body =>
  payload !== undefined && !(payload instanceof Uint8Array);

const bodyOf = (bytes: Uint8Array): Body => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** Whether the peer asked for less than the whole. */
const smaller = (asked: Block | undefined, length: number): boolean =>
  asked !== undefined && (asked.number > 0 || (asked.sizeExponent !== bert && 1 << (asked.sizeExponent + 4) < length));

const words = (code: Code, text: string): Answer => ({ code, payload: new TextEncoder().encode(text) });
