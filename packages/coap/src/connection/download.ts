import { coapErrors } from '../errors.ts';
import { bert, blockOffset, blockOption, findBlock, unitSize } from '../message/block.ts';
import { codeText, isSuccess } from '../message/codes.ts';
import { noBytes } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findOption, findUint } from '../message/option-values.ts';
import { sameBytes } from '../message/token.ts';
import type { Steps } from './blockwise.ts';
import { type Request, readResponse, requestOptions } from './exchanged.ts';
import type { RequestOptions, Requests } from './requests.ts';

export interface DownloadOptions extends Omit<RequestOptions, 'bodySize'> {
  /** Where to go on, in bytes. */
  readonly offset?: number;
}

export interface Download {
  readonly offset: number;
  readonly data: Uint8Array;
  /** Of the whole, where the peer has said. */
  readonly size: number | undefined;
}

/** One block as its response carries it. */
interface Fetched {
  readonly payload: Uint8Array;
  readonly offset: number;
  readonly more: boolean;
  readonly sizeExponent: number;
  readonly size: number | undefined;
  readonly etag: Uint8Array | undefined;
}

/** Asks for one block. `keep` is given what it was. */
function* oneBlock(request: Request, number: number, sizeExponent: number, keep: (block: Fetched) => void): Steps {
  const options = [
    ...requestOptions(request),
    blockOption(optionNumbers.block2, { number, more: false, sizeExponent }),
  ];
  const message = yield { options, payload: request.payload ?? noBytes, last: true, block: number };
  const block = findBlock(message.options, optionNumbers.block2) ?? { number: 0, more: false, sizeExponent };
  keep({
    payload: message.payload,
    offset: blockOffset(block),
    more: block.more,
    sizeExponent: block.sizeExponent,
    size: findUint(message.options, optionNumbers.size2),
    etag: findOption(message.options, optionNumbers.etag),
  });
  return readResponse(message, message.payload, block.more);
}

export async function* downloadBlocks(
  requests: Requests,
  request: Request,
  options: DownloadOptions = {},
): AsyncGenerator<Download, void> {
  let { sizeExponent } = requests.layer.sizes;
  let offset = options.offset ?? 0;
  let size: number | undefined;
  let etag: Uint8Array | undefined;
  for (;;) {
    const number = Math.floor(offset / unitSize(sizeExponent));
    let block: Fetched | undefined;
    const steps = oneBlock(request, number, sizeExponent, (fetched) => {
      block = fetched;
    });
    const response = await requests.exchange(request, steps, options);
    if (!isSuccess(response.code) || block === undefined) {
      const message = `The other end answered ${codeText(response.code)} at byte ${offset}.`;
      throw coapErrors('coap.refused', { message, data: { code: codeText(response.code), offset } });
    }
    const { payload } = block;
    const skipped = offset - block.offset;
    const unit = unitSize(block.sizeExponent);
    const full =
      block.sizeExponent === bert ? payload.length > 0 && payload.length % unit === 0 : payload.length === unit;
    if (skipped < 0 || (block.more && (!full || skipped >= payload.length))) {
      const message = `The other end sent ${payload.length} bytes at ${block.offset} where ${offset} was asked for.`;
      throw coapErrors('coap.response.invalid', { message });
    }
    if (etag && block.etag && !sameBytes(etag, block.etag))
      throw coapErrors('coap.body.changed', { message: `What is downloaded changed before byte ${offset}.` });
    etag ??= block.etag && new Uint8Array(block.etag);
    size ??= block.size;
    sizeExponent = block.sizeExponent;
    if (payload.length > skipped) yield { offset, data: payload.subarray(skipped), size };
    offset = block.offset + payload.length;
    if (!block.more) return;
  }
}
