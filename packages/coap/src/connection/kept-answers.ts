import type { Block } from '../message/block.ts';
import { bert, blockOffset, blockOption, lastBlockNumber, unitSize } from '../message/block.ts';
import { codes } from '../message/codes.ts';
import type { Message, Option } from '../message/message.ts';
import { noBytes } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { uintOption } from '../message/option-values.ts';
import { sameBytes } from '../message/token.ts';
import { type Answer, answerOptions, type Body } from './exchanged.ts';
import type { Limits } from './limits.ts';
import type { Sizes } from './message-layer.ts';

/** An answer, and where its bytes come from. */
export class SlicedAnswer {
  readonly #code: number;
  readonly #options: readonly Option[];
  readonly #body: Body;
  readonly #size: number;

  constructor(answer: Answer, body: Body) {
    this.#code = answer.code;
    this.#options = answerOptions(answer);
    this.#body = body;
    this.#size = body.size;
  }

  /** One block of it as it was asked for, or smaller (RFC 7959 §2.4). */
  async block(asked: Block | undefined, sizes: Sizes): Promise<{ message: Omit<Message, 'token'>; last: boolean }> {
    const wanted = asked ?? { number: 0, more: false, sizeExponent: sizes.sizeExponent };
    const offset = blockOffset(wanted);
    if (offset > 0 && offset >= this.#size) {
      const payload = new TextEncoder().encode(`There are only ${this.#size} bytes.`);
      return { message: { code: codes.badRequest, options: [], payload }, last: true };
    }
    const sizeExponent = Math.min(wanted.sizeExponent, sizes.sizeExponent);
    const number = offset / unitSize(sizeExponent);
    const length = Math.min(sizeExponent === bert ? sizes.block : unitSize(sizeExponent), this.#size - offset);
    const payload = length === 0 ? noBytes : await this.#body.read(offset, length);
    if (payload.length !== length)
      throw new RangeError(`A body gave ${payload.length} bytes instead of ${length} at ${offset}.`);
    if (number > lastBlockNumber) throw new RangeError(`A body of ${this.#size} bytes has too many blocks.`);
    const more = offset + length < this.#size;
    const options = [
      // Observe stands in the first block alone (RFC 7959 §2.6).
      ...(number === 0 ? this.#options : this.#options.filter((option) => option.number !== optionNumbers.observe)),
      blockOption(optionNumbers.block2, { number, more, sizeExponent }),
    ];
    if (number === 0) options.push(uintOption(optionNumbers.size2, this.#size));
    return { message: { code: this.#code, options, payload }, last: !more };
  }

  close(): void {
    this.#body.close?.();
  }
}

/** By which later blocks are found: what is asked for, and for FETCH, which says so in its payload, that too. */
export interface AnswerKey {
  readonly resource: string;
  readonly payload: Uint8Array;
}

/** A later block may leave out the payload. */
const belongs = (kept: AnswerKey, asked: AnswerKey): boolean =>
  kept.resource === asked.resource && (asked.payload.length === 0 || sameBytes(kept.payload, asked.payload));

interface Kept {
  readonly key: AnswerKey;
  readonly answer: SlicedAnswer;
  heard: number;
}

/** Answers whose later blocks will be asked for. */
export class KeptAnswers {
  readonly #limits: Limits;
  /** The one that was asked for longest ago comes first. */
  #kept: Kept[] | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  add(key: AnswerKey, answer: SlicedAnswer, now: number): void {
    this.drop(key);
    this.#kept ??= [];
    if (this.#kept.length >= this.#limits.keptAnswers) this.#kept.shift()?.answer.close();
    this.#kept.push({ key, answer, heard: now });
  }

  find(key: AnswerKey, now: number): SlicedAnswer | undefined {
    const found = this.#kept?.findLast((kept) => belongs(kept.key, key));
    if (found === undefined || now - found.heard >= this.#limits.blockTime) return undefined;
    found.heard = now;
    this.#kept = [...(this.#kept ?? []).filter((kept) => kept !== found), found];
    return found.answer;
  }

  drop(key: AnswerKey): void {
    const at = this.#kept?.findLastIndex((kept) => belongs(kept.key, key)) ?? -1;
    if (at < 0) return;
    this.#kept?.splice(at, 1)[0]?.answer.close();
    if (this.#kept?.length === 0) this.#kept = undefined;
  }

  expire(now: number): number | undefined {
    const { blockTime } = this.#limits;
    while (this.#kept?.[0] !== undefined && now - this.#kept[0].heard >= blockTime) this.#kept.shift()?.answer.close();
    if (this.#kept?.[0] !== undefined) return this.#kept[0].heard + blockTime;
    this.#kept = undefined;
    return undefined;
  }

  end(): void {
    for (const { answer } of this.#kept ?? []) answer.close();
    this.#kept = undefined;
  }
}
