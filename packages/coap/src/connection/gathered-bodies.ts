import { type Block, bert, blockOffset, blockOption, unitSize } from '../message/block.ts';
import { codes } from '../message/codes.ts';
import type { Message, Option } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findUint, uintOption } from '../message/option-values.ts';
import { tokenKey } from '../message/token.ts';
import { joined } from './blockwise.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Answer } from './exchanged.ts';
import type { Limits } from './limits.ts';
import { resourceKey } from './resource-key.ts';

interface Gathering {
  readonly resource: string;
  readonly token: string;
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

/**
 * Request bodies that come in blocks (RFC 7959 §2.5), by what they are for. A client may have only one under way for one
 * resource (or tell them apart by Request-Tag, RFC 9175 §3); with a token that stays the same there may be more.
 */
export class GatheredBodies {
  readonly #limits: Limits;
  readonly #budget: ByteBudget | undefined;
  /** The one that was heard of longest ago comes first. */
  readonly #gatherings: Gathering[] = [];
  #bytes = 0;

  /** @param budget of all connections together, besides the limits of this one */
  constructor(limits: Limits, budget?: ByteBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  /** `largest`: the size exponent of the blocks that are asked for. */
  take(message: Message, block: Block, largest: number, now: number): Gathered {
    const { payload, options } = message;
    const { bodySize } = this.#limits;
    const unit = unitSize(block.sizeExponent);
    if (block.sizeExponent === bert && largest !== bert)
      return text(codes.badRequest, 'Block size 7 is not for datagrams.');
    const whole =
      block.sizeExponent === bert ? payload.length > 0 && payload.length % unit === 0 : payload.length === unit;
    if (block.more && !whole) return text(codes.badRequest, `A block of ${unit} bytes has ${payload.length}.`);
    const size = Math.max(blockOffset(block) + payload.length, findUint(options, optionNumbers.size1) ?? 0);
    const gathering = block.number === 0 ? this.#begin(message, now) : this.#find(message, now);
    if (size > bodySize) {
      if (gathering !== undefined) this.#forget(gathering);
      const option = uintOption(optionNumbers.size1, bodySize);
      return text(codes.requestEntityTooLarge, `At most ${bodySize} bytes are taken.`, [option]);
    }
    if (gathering === undefined) return text(codes.requestEntityIncomplete, 'The blocks before this one are not here.');
    const contentFormat = findUint(options, optionNumbers.contentFormat);
    if (
      gathering.size !== blockOffset(block) ||
      (contentFormat ?? gathering.contentFormat) !== gathering.contentFormat
    ) {
      this.#forget(gathering);
      return text(codes.requestEntityIncomplete, `Byte ${gathering.size} should follow.`);
    }
    if (!this.#add(gathering, payload, now)) return text(codes.serviceUnavailable, 'Too many bodies come at once.');
    if (block.more) return continued(block, block.number === 0 ? largest : block.sizeExponent);
    this.#forget(gathering);
    return { body: joined(gathering.parts, gathering.size) };
  }

  expire(now: number): number | undefined {
    const { blockTime } = this.#limits;
    for (let oldest = this.#gatherings[0]; oldest !== undefined; oldest = this.#gatherings[0]) {
      if (now - oldest.heard < blockTime) return oldest.heard + blockTime;
      this.#forget(oldest);
    }
    return undefined;
  }

  /** The connection is over. */
  end(): void {
    for (const gathering of [...this.#gatherings]) this.#forget(gathering);
  }

  #begin(message: Message, now: number): Gathering {
    const resource = resourceKey(message);
    const token = tokenKey(message.token);
    const before = this.#gatherings.find((other) => other.resource === resource && other.token === token);
    if (before !== undefined) this.#forget(before);
    const contentFormat = findUint(message.options, optionNumbers.contentFormat);
    return { resource, token, contentFormat, parts: [], size: 0, heard: now };
  }

  #find(message: Message, now: number): Gathering | undefined {
    const resource = resourceKey(message);
    const token = tokenKey(message.token);
    const found =
      this.#gatherings.findLast((one) => one.resource === resource && one.token === token) ??
      this.#gatherings.findLast((one) => one.resource === resource);
    return found !== undefined && now - found.heard < this.#limits.blockTime ? found : undefined;
  }

  /** The oldest give way. False where there is no room even so; the body is forgotten then. */
  #add(gathering: Gathering, payload: Uint8Array, now: number): boolean {
    const { gatheredBodies, gatheredBytes } = this.#limits;
    if (this.#budget?.take(payload.length) === false) {
      this.#forget(gathering);
      return false;
    }
    const place = this.#gatherings.indexOf(gathering);
    if (place >= 0) this.#gatherings.splice(place, 1);
    for (let oldest = this.#gatherings[0]; oldest !== undefined; oldest = this.#gatherings[0]) {
      if (this.#gatherings.length < gatheredBodies && this.#bytes + payload.length <= gatheredBytes) break;
      this.#forget(oldest);
    }
    this.#gatherings.push(gathering);
    gathering.parts.push(payload);
    gathering.size += payload.length;
    gathering.heard = now;
    this.#bytes += payload.length;
    return true;
  }

  #forget(gathering: Gathering): void {
    const place = this.#gatherings.indexOf(gathering);
    if (place < 0) return;
    this.#gatherings.splice(place, 1);
    this.#bytes -= gathering.size;
    this.#budget?.give(gathering.size);
  }
}

/** Size negotiation: the first block may be answered with a smaller size (RFC 7959 §2.5). */
function continued(block: Block, largest: number): Gathered {
  const sizeExponent = Math.min(block.sizeExponent, largest);
  const option = blockOption(optionNumbers.block1, { ...block, sizeExponent });
  return { answer: { code: codes.continue, options: [option] } };
}
