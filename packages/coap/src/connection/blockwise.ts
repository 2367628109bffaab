import { coapErrors } from '../errors.ts';
import { bert, blockOffset, blockOption, findBlock, lastBlockNumber, unitSize } from '../message/block.ts';
import { codes, isSuccess } from '../message/codes.ts';
import { type Message, noBytes, type Option } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findOption, opaqueOption, uintOption } from '../message/option-values.ts';
import { sameBytes } from '../message/token.ts';
import { type Request, type Response, readResponse, requestOptions } from './exchanged.ts';
import type { Sizes } from './message-layer.ts';

/** One request message of an exchange. */
export interface Step {
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  /** The request is whole with it: the answer may take its time. */
  readonly last: boolean;
  /** The block of the response that it asks for; 0 is what any request asks for. */
  readonly block: number;
}

/** Takes responses and gives requests, one after the other. */
export type Steps = Generator<Step, Response, Message>;

export interface ExchangeLimits {
  readonly sizes: Sizes;
  /** Bytes of the whole response. */
  readonly bodySize: number;
  /** Says in the first block how long the whole is (Size1). */
  readonly announceSize: boolean;
  /** Tells bodies apart that go to one resource at the same time (RFC 9175 §3). */
  readonly requestTag?: Uint8Array;
}

/** A representation that changes is read anew so many times. */
const restarts = 2;

/**
 * One exchange in as many messages as it takes (RFC 7959): yields request messages, is given their responses, returns the
 * whole response. Fails with `coap.response.invalid`, `coap.body.too.large` or `coap.body.changed`.
 */
export function* blockwiseExchange(request: Request, limits: ExchangeLimits): Steps {
  const payload = request.payload ?? noBytes;
  const options = requestOptions(request);
  if (limits.requestTag !== undefined && payload.length > limits.sizes.whole)
    options.push(opaqueOption(optionNumbers.requestTag, limits.requestTag));
  for (let attempt = 0; ; attempt++) {
    const first = yield* sendBody(options, payload, limits);
    const response = yield* gatherBody(request, options, first, limits);
    if (response !== 'changed') return response;
    const safe = request.method === 'GET' || request.method === 'FETCH';
    if (!safe || attempt === restarts) {
      throw coapErrors('coap.body.changed', { message: 'What was read in blocks changed while it was read.' });
    }
  }
}

/** The rest of a representation whose first block came as a notification (RFC 7959 §2.6). */
export function* restOfNotification(request: Request, first: Message, limits: ExchangeLimits): Steps {
  const response = yield* gatherBody(request, requestOptions(request), first, limits);
  if (response !== 'changed') return response;
  return yield* blockwiseExchange({ ...request, observe: undefined }, limits);
}

function* sendBody(
  options: readonly Option[],
  payload: Uint8Array,
  limits: ExchangeLimits,
): Generator<Step, Message, Message> {
  const { sizes } = limits;
  let sizeExponent = sizes.sizeExponent;
  if (payload.length <= sizes.whole) {
    const response = yield { options, payload, last: true, block: 0 };
    // RFC 7959 §2.9.3: 4.13 may name the block size that the server could take.
    const hint =
      response.code === codes.requestEntityTooLarge ? findBlock(response.options, optionNumbers.block1) : undefined;
    if (hint === undefined || unitSize(hint.sizeExponent) >= payload.length) return response;
    sizeExponent = hint.sizeExponent;
  }
  let offset = 0;
  for (;;) {
    const number = offset / unitSize(sizeExponent);
    if (number > lastBlockNumber)
      throw coapErrors('coap.body.too.large', { message: `A body of ${payload.length} bytes has too many blocks.` });
    const end = Math.min(payload.length, offset + (sizeExponent === bert ? sizes.block : unitSize(sizeExponent)));
    const more = end < payload.length;
    const blockOptions = [...options, blockOption(optionNumbers.block1, { number, more, sizeExponent })];
    if (offset === 0 && limits.announceSize) blockOptions.push(uintOption(optionNumbers.size1, payload.length));
    const response = yield { options: blockOptions, payload: payload.subarray(offset, end), last: !more, block: 0 };
    if (!more) return response;
    const taken = findBlock(response.options, optionNumbers.block1);
    if (
      offset === 0 &&
      response.code === codes.requestEntityTooLarge &&
      taken !== undefined &&
      taken.sizeExponent < sizeExponent
    ) {
      sizeExponent = taken.sizeExponent;
      continue;
    }
    // Anything but 2.31 without a Block1 of its own is the answer to the whole. With one, and a success, the server took
    // this block by itself (RFC 7959 §2.3) and waits for the next.
    const goesOn = isSuccess(response.code) && taken !== undefined;
    if (!goesOn) {
      if (response.code !== codes.continue) return response;
      throw invalid('said "continue" without saying to which block');
    }
    if (taken.sizeExponent < sizeExponent) sizeExponent = taken.sizeExponent;
    offset = end;
  }
}

function* gatherBody(
  request: Request,
  options: readonly Option[],
  first: Message,
  limits: ExchangeLimits,
): Generator<Step, Response | 'changed', Message> {
  let block = findBlock(first.options, optionNumbers.block2);
  if (block === undefined || (block.number === 0 && !block.more)) return readResponse(first, first.payload);
  if (block.number !== 0) throw invalid(`began its answer with block ${block.number}`);
  const etag = findOption(first.options, optionNumbers.etag);
  const asked = options.filter(({ number }) => number !== optionNumbers.observe);
  const parts: Uint8Array[] = [];
  let size = 0;
  let message = first;
  for (;;) {
    const length = message.payload.length;
    const unit = unitSize(block.sizeExponent);
    if (block.more && (length === 0 || (block.sizeExponent === bert ? length % unit !== 0 : length !== unit)))
      throw invalid(`sent ${length} bytes in a block of ${unit}`);
    size += length;
    if (size > limits.bodySize) {
      throw coapErrors('coap.body.too.large', { message: `The answer is longer than ${limits.bodySize} bytes.` });
    }
    parts.push(message.payload);
    if (!block.more) return readResponse(first, joined(parts, size));
    const number: number = size / unit;
    if (number > lastBlockNumber) throw invalid('has an answer of too many blocks');
    const next = { number, more: false, sizeExponent: block.sizeExponent };
    message = yield {
      options: [...asked, blockOption(optionNumbers.block2, next)],
      // What is fetched is said by the payload (RFC 8132 §2); all else was said in the first message.
      payload:
        request.method === 'FETCH' && (request.payload?.length ?? 0) <= limits.sizes.whole
          ? (request.payload ?? noBytes)
          : noBytes,
      last: true,
      block: number,
    };
    if (!isSuccess(message.code)) return readResponse(message, message.payload);
    const given = findBlock(message.options, optionNumbers.block2);
    if (given === undefined || blockOffset(given) !== size)
      throw invalid(`was asked for block ${number} and sent ${given === undefined ? 'none' : given.number}`);
    const changed = findOption(message.options, optionNumbers.etag);
    if ((etag === undefined) !== (changed === undefined) || (etag && changed && !sameBytes(etag, changed)))
      return 'changed';
    block = given;
  }
}

const invalid = (what: string) => coapErrors('coap.response.invalid', { message: `The other end ${what}.` });

export function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
