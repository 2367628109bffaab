import { type Block, bert, blockOffset, blockOption, lastBlockNumber, unitSize } from '../message/block.ts';
import { type Code, codes } from '../message/codes.ts';
import { noBytes, noOptions, type Option } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { uintOption } from '../message/option-values.ts';
import { type Answer, answerOptions, type Body } from './exchanged.ts';
import type { Sizes } from './message-layer.ts';

interface Slice {
  readonly code: Code;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  readonly last: boolean;
}

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
  async block(asked: Block | undefined, sizes: Sizes): Promise<Slice> {
    const wanted = asked ?? { number: 0, more: false, sizeExponent: sizes.sizeExponent };
    const offset = blockOffset(wanted);
    if (offset > 0 && offset >= this.#size) {
      const payload = new TextEncoder().encode(`There are only ${this.#size} bytes.`);
      return { code: codes.badRequest, options: noOptions, payload, last: true };
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
    return { code: this.#code, options, payload, last: !more };
  }

  close(): void {
    this.#body.close?.();
  }
}
