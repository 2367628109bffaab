import { type Block, bert, blockOption, findBlock, unitSize } from '../message/block.ts';
import { type Code, codes, methods } from '../message/codes.ts';
import { type Message, noBytes, noOptions } from '../message/message.ts';
import { optionName, optionNumbers, recognizedOptions } from '../message/option-registry.ts';
import { tokenKey } from '../message/token.ts';
import { type Answer, answerOptions, type Body, type IncomingRequest, readRequest } from './exchanged.ts';
import { GatheredBodies } from './gathered-bodies.ts';
import { type AnswerKey, KeptAnswers } from './kept-answers.ts';
import type { MessageLayer, Reply } from './message-layer.ts';
import type { Handling } from './request-context.ts';
import { resourceKey } from './resource-key.ts';
import type { Settings } from './settings.ts';
import { SlicedAnswer } from './sliced-answer.ts';
import { earlier, type Sweeper } from './sweeper.ts';

export interface RequestWorker {
  handling(): Handling<unknown>;
  handle(request: IncomingRequest, handling: Handling<unknown>): Answer | Promise<Answer>;
  fault(error: unknown): void;
}

/** The message to answer. */
interface Asked {
  readonly message: Message;
  readonly reply: Reply;
  /** Whole, where it came in blocks. */
  readonly body: Uint8Array;
  readonly block1: Block | undefined;
  readonly block2: Block | undefined;
}

/** What may be done again for the sake of a later block, as it changes nothing. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'FETCH']);

/** Requests of the peer: gathered, handed on whole, their answers cut into blocks. */
export class IncomingRequests {
  readonly #layer: MessageLayer;
  readonly #settings: Settings;
  readonly #sweeper: Sweeper;
  readonly #worker: RequestWorker;
  #bodies: GatheredBodies | undefined;
  #kept: KeptAnswers | undefined;
  #handlings: Set<Handling<unknown>> | undefined;
  #whenIdle: (() => void)[] | undefined;
  #ended = false;

  constructor(layer: MessageLayer, settings: Settings, sweeper: Sweeper, worker: RequestWorker) {
    this.#layer = layer;
    this.#settings = settings;
    this.#sweeper = sweeper;
    this.#worker = worker;
  }

  take(message: Message, reply: Reply): void {
    const { options, refused } = recognizedOptions(message.options, this.#settings.understood);
    const answer =
      refused === undefined
        ? this.#begin({ ...message, options }, reply)
        : words(codes.badOption, `${optionName(refused)} is not understood here.`);
    if (answer !== undefined) this.#send(message, answer, reply);
  }

  /** Runs when no request is being worked on: at once, or later. */
  whenIdle(run: () => void): void {
    if (this.#handlings === undefined) run();
    else (this.#whenIdle ??= []).push(run);
  }

  expire(now: number): number | undefined {
    const bodies = this.#bodies?.expire(now);
    if (bodies === undefined) this.#bodies = undefined;
    const kept = this.#kept?.expire(now);
    if (kept === undefined) this.#kept = undefined;
    return earlier(bodies, kept);
  }

  end(): void {
    this.#ended = true;
    this.#whenIdle = undefined;
    this.#kept?.end();
    this.#bodies?.end();
    for (const handling of this.#handlings ?? []) handling.abandon();
  }

  /** Gives an answer where there is one at once. */
  #begin(message: Message, reply: Reply): Answer | undefined {
    const { sizes } = this.#layer;
    const block1 = findBlock(message.options, optionNumbers.block1);
    const block2 = findBlock(message.options, optionNumbers.block2);
    if (block2?.sizeExponent === bert && sizes.sizeExponent !== bert)
      return words(codes.badRequest, 'Block size 7 is not for datagrams.');
    const now = this.#settings.timers.now();
    let body = message.payload;
    if (block1 !== undefined) {
      this.#bodies ??= new GatheredBodies(this.#settings.limits, this.#settings.gathered);
      const gathered = this.#bodies.take(message, block1, sizes.sizeExponent, now);
      if ('answer' in gathered) {
        this.#sweeper.notice(now + this.#settings.limits.blockTime);
        return gathered.answer;
      }
      body = gathered.body;
    }
    const asked: Asked = { message, body, reply, block1, block2 };
    const later = block1 === undefined && block2 !== undefined && block2.number > 0;
    const kept = later ? this.#kept?.find(this.#keyOf(asked), now) : undefined;
    if (kept !== undefined) {
      void this.#slice(asked, kept);
      return undefined;
    }
    const request = readRequest(message, body);
    if (request === undefined) return { code: codes.methodNotAllowed };
    if (typeof request === 'string') return words(codes.badRequest, `${request}.`);
    if (later && !safeMethods.has(request.method))
      return words(codes.requestEntityIncomplete, 'The answer is no longer kept.');
    if ((this.#handlings?.size ?? 0) >= this.#settings.limits.handledRequests)
      return { code: codes.serviceUnavailable, maxAge: 1 };
    void this.#handle(asked, request);
    return undefined;
  }

  async #handle(asked: Asked, request: IncomingRequest): Promise<void> {
    const handling = this.#worker.handling();
    const deadline = this.#settings.timers.after(this.#settings.limits.handlerTime, () => {
      handling.abandon();
      this.#send(asked.message, { code: codes.serviceUnavailable }, asked.reply);
    });
    this.#handlings ??= new Set();
    this.#handlings.add(handling);
    let answer: Answer;
    try {
      answer = await this.#worker.handle(request, handling);
    } catch (error) {
      answer = { code: codes.internalServerError };
      this.#worker.fault(error);
    }
    deadline.cancel();
    if (!handling.over) await this.#respond(asked, answer);
    else if (isBody(answer.payload)) answer.payload.close?.();
    handling.done();
    this.#handlings.delete(handling);
    if (this.#handlings.size > 0) return;
    this.#handlings = undefined;
    const waiting = this.#whenIdle;
    this.#whenIdle = undefined;
    for (const run of waiting ?? []) run();
  }

  /** Whole or in blocks. */
  async #respond(asked: Asked, answer: Answer): Promise<void> {
    const { payload } = answer;
    const length = payload === undefined ? 0 : isBody(payload) ? Number.POSITIVE_INFINITY : payload.length;
    if (length <= this.#layer.sizes.whole && !wantsLess(asked.block2, length)) {
      this.#send(asked.message, answer, asked.reply, asked.block1);
      return;
    }
    const sliced = new SlicedAnswer(answer, isBody(payload) ? payload : bodyOf(payload ?? noBytes));
    const now = this.#settings.timers.now();
    this.#kept ??= new KeptAnswers(this.#settings.limits, this.#settings.framing === 'record');
    this.#kept.add(this.#keyOf(asked), sliced, now);
    this.#sweeper.notice(now + this.#settings.limits.blockTime);
    await this.#slice(asked, sliced);
  }

  #keyOf({ message, body }: Asked): AnswerKey {
    return {
      resource: resourceKey(message),
      payload: message.code === methods.FETCH ? body : noBytes,
      token: tokenKey(message.token),
    };
  }

  async #slice({ message, reply, block1, block2 }: Asked, sliced: SlicedAnswer): Promise<void> {
    try {
      const block = await sliced.block(block2, this.#layer.sizes);
      if (block.last) this.#kept?.drop(sliced);
      if (this.#ended) return;
      const options = block1 === undefined ? block.options : [...block.options, echo(block1)];
      reply({ code: block.code, token: message.token, options, payload: block.payload });
    } catch (error) {
      this.#worker.fault(error);
      this.#kept?.drop(sliced);
      this.#send(message, { code: codes.internalServerError }, reply);
    }
  }

  #send(message: Message, answer: Answer, reply: Reply, block1?: Block): void {
    if (this.#ended) return;
    const { token } = message;
    const payload = answer.payload instanceof Uint8Array ? answer.payload : noBytes;
    try {
      const options = answerOptions(answer);
      if (block1 !== undefined) options.push(echo(block1));
      reply({ code: answer.code, token, options, payload });
    } catch (error) {
      // An answer that cannot be written is a fault of the handler's.
      this.#worker.fault(error);
      reply({ code: codes.internalServerError, token, options: noOptions, payload: noBytes });
    }
  }
}

const echo = (block: Block) => blockOption(optionNumbers.block1, block);

const isBody = (payload: Answer['payload']): payload is Body =>
  payload !== undefined && !(payload instanceof Uint8Array);

const bodyOf = (bytes: Uint8Array): Body => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** Whether the peer asked for less than the whole. */
const wantsLess = (asked: Block | undefined, length: number): boolean =>
  asked !== undefined && (asked.number > 0 || (asked.sizeExponent !== bert && unitSize(asked.sizeExponent) < length));

const words = (code: Code, text: string): Answer => ({ code, payload: new TextEncoder().encode(text) });
