import { type Block, bert, blockOffset, blockOption, unitSize } from '../message/block.ts';
import { codes } from '../message/codes.ts';
import type { Message, Option } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findUint, uintOption } from '../message/option-values.ts';
import { joined } from './blockwise.ts';
import type { Answer } from './exchanged.ts';
import type { Limits } from './limits.ts';

interface Gathering {
  readonly contentFormat: number | undefined;
  readonly parts: Uint8Array[];
  size: number;
  heard: number;
}

/** What a block of a request leads to: an answer to this block, or the whole body. */
export type Gathered = { readonly answer: Answer } | { readonly body: Uint8Array };

const text = (code: number, words: string, options: readonly Option[] = []): Gathered => ({
  answer: { code, options, payload: new TextEncoder().encode(words) },
});

/** Request bodies that come in blocks (RFC 7959 §2.5), by what they are for. */
export class GatheredBodies {
  readonly #limits: Limits;
  /** The one that was heard of longest ago comes first. */
  #gatherings: Map<string, Gathering> | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** `largest`: the size exponent of the blocks that are asked for. */
  take(key: string, message: Message, block: Block, largest: number, now: number): Gathered {
    const { payload, options } = message;
    const { bodySize, blockTime, gatheredBodies } = this.#limits;
    const unit = unitSize(block.sizeExponent);
    if (block.sizeExponent === bert && largest !== bert)
      return text(codes.badRequest, 'Block size 7 is not for datagrams.');
    const whole =
      block.sizeExponent === bert ? payload.length > 0 && payload.length % unit === 0 : payload.length === unit;
    if (block.more && !whole) return text(codes.badRequest, `A block of ${unit} bytes has ${payload.length}.`);
    const contentFormat = findUint(options, optionNumbers.contentFormat);
    if (block.number === 0) {
      if ((findUint(options, optionNumbers.size1) ?? 0) > bodySize || payload.length > bodySize)
        return this.#tooLarge(key);
      if (!block.more) return { body: payload };
      this.#gatherings ??= new Map();
      this.#gatherings.delete(key);
      if (this.#gatherings.size >= gatheredBodies) this.#forgetOldest();
      this.#gatherings.set(key, { contentFormat, parts: [payload], size: payload.length, heard: now });
      return continued(block, largest);
    }
    const gathering = this.#gatherings?.get(key);
    if (gathering === undefined || now - gathering.heard >= blockTime)
      return text(codes.requestEntityIncomplete, 'The blocks before this one are not here.');
    if (
      gathering.size !== blockOffset(block) ||
      (contentFormat ?? gathering.contentFormat) !== gathering.contentFormat
    ) {
      this.#forget(key);
      return text(codes.requestEntityIncomplete, `Byte ${gathering.size} should follow.`);
    }
    gathering.size += payload.length;
    if (gathering.size > bodySize) return this.#tooLarge(key);
    gathering.parts.push(payload);
    gathering.heard = now;
    if (block.more) {
      this.#gatherings?.delete(key);
      this.#gatherings?.set(key, gathering);
      return continued(block, block.sizeExponent);
    }
    this.#forget(key);
    return { body: joined(gathering.parts, gathering.size) };
  }

  expire(now: number): number | undefined {
    const { blockTime } = this.#limits;
    for (const [key, { heard }] of this.#gatherings ?? []) {
      if (now - heard < blockTime) return heard + blockTime;
      this.#gatherings?.delete(key);
    }
    this.#gatherings = undefined;
    return undefined;
  }

  #tooLarge(key: string): Gathered {
    this.#forget(key);
    const { bodySize } = this.#limits;
    const option = uintOption(optionNumbers.size1, bodySize);
    return text(codes.requestEntityTooLarge, `At most ${bodySize} bytes are taken.`, [option]);
  }

  #forgetOldest(): void {
    for (const key of this.#gatherings?.keys() ?? []) {
      this.#gatherings?.delete(key);
      return;
    }
  }

  #forget(key: string): void {
    this.#gatherings?.delete(key);
    if (this.#gatherings?.size === 0) this.#gatherings = undefined;
  }
}

/** Size negotiation: the first block may be answered with a smaller size (RFC 7959 §2.5). */
function continued(block: Block, largest: number): Gathered {
  const sizeExponent = Math.min(block.sizeExponent, largest);
  const option = blockOption(optionNumbers.block1, { ...block, sizeExponent });
  return { answer: { code: codes.continue, options: [option] } };
}
