import { sameBytes } from '../message/token.ts';
import type { Limits } from './limits.ts';
import type { SlicedAnswer } from './sliced-answer.ts';

/** By which later blocks are found: what is asked for, and for FETCH, which says so in its payload, that too. */
export interface AnswerKey {
  readonly resource: string;
  readonly payload: Uint8Array;
  readonly token: string;
}

/** A later block may leave out the payload. */
const sameResource = (kept: AnswerKey, asked: AnswerKey): boolean =>
  kept.resource === asked.resource && (asked.payload.length === 0 || sameBytes(kept.payload, asked.payload));

interface Kept {
  readonly key: AnswerKey;
  readonly answer: SlicedAnswer;
  heard: number;
}

/** Answers whose later blocks will be asked for. */
export class KeptAnswers {
  readonly #limits: Limits;
  readonly #tokenNames: boolean;
  /** The one that was asked for longest ago comes first. */
  #kept: Kept[] = [];

  /** `tokenNames`: Pelion's clients keep the token, and leave the query out of the requests for later blocks. */
  constructor(limits: Limits, tokenNames: boolean) {
    this.#limits = limits;
    this.#tokenNames = tokenNames;
  }

  add(key: AnswerKey, answer: SlicedAnswer, now: number): void {
    const before = this.#kept.find((kept) => kept.key.token === key.token && sameResource(kept.key, key));
    if (before !== undefined) this.drop(before.answer);
    if (this.#kept.length >= this.#limits.keptAnswers) this.#kept.shift()?.answer.close();
    this.#kept.push({ key, answer, heard: now });
  }

  find(key: AnswerKey, now: number): SlicedAnswer | undefined {
    const sameToken = (kept: Kept) => kept.key.token === key.token;
    const found =
      this.#kept.findLast((kept) => sameToken(kept) && sameResource(kept.key, key)) ??
      this.#kept.findLast((kept) => sameResource(kept.key, key)) ??
      (this.#tokenNames && key.token !== '' ? this.#kept.findLast(sameToken) : undefined);
    if (found === undefined || now - found.heard >= this.#limits.blockTime) return undefined;
    found.heard = now;
    this.#kept.push(...this.#kept.splice(this.#kept.indexOf(found), 1));
    return found.answer;
  }

  drop(answer: SlicedAnswer): void {
    const place = this.#kept.findIndex((kept) => kept.answer === answer);
    if (place >= 0) this.#kept.splice(place, 1)[0]?.answer.close();
  }

  expire(now: number): number | undefined {
    const { blockTime } = this.#limits;
    while (this.#kept[0] !== undefined && now - this.#kept[0].heard >= blockTime) this.#kept.shift()?.answer.close();
    return this.#kept[0] === undefined ? undefined : this.#kept[0].heard + blockTime;
  }

  end(): void {
    for (const { answer } of this.#kept.splice(0)) answer.close();
  }
}
