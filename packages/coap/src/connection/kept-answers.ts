import { sameBytes } from '../message/token.ts';
import type { Limits } from './limits.ts';
import type { SlicedAnswer } from './sliced-answer.ts';

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
