import { coapErrors } from '../errors.ts';
import { longestToken } from './datagram.ts';
import { type Message, noBytes } from './message.ts';
import { bodyLength, copyBytes, malformed, newBytes, readBody, sortedOptions, writeBody } from './option-codec.ts';

const oneByteFrom = 13;
const twoBytesFrom = 269;
const fourBytesFrom = 65_805;

/** RFC 8323 §3.2. Options are put in order. */
export function encodeFrame(message: Message): Uint8Array {
  const { token, payload } = message;
  if (token.length > longestToken)
    throw coapErrors('coap.option.invalid', { message: `A token has at most 8 bytes, not ${token.length}.` });
  const options = sortedOptions(message.options);
  const length = bodyLength(options, payload);
  const extra = length < oneByteFrom ? 0 : length < twoBytesFrom ? 1 : length < fourBytesFrom ? 2 : 4;
  const head = 2 + extra + token.length;
  const bytes = newBytes(head + length);
  const nibble = extra === 0 ? length : extra === 4 ? 15 : 12 + extra;
  bytes[0] = (nibble << 4) | token.length;
  const base = extra === 1 ? oneByteFrom : extra === 2 ? twoBytesFrom : fourBytesFrom;
  for (let index = 0; index < extra; index++) bytes[1 + index] = (length - base) >>> (8 * (extra - 1 - index));
  bytes[1 + extra] = message.code;
  copyBytes(bytes, 2 + extra, token);
  writeBody(bytes, head, options, payload);
  return bytes;
}

/**
 * Takes a byte stream apart into the messages of RFC 8323 §3.2, however it is cut into pieces. After an error, which is
 * `coap.message.malformed` with the offset counted from the start of the message, nothing more can be read.
 */
export class FrameReader {
  readonly #largest: number;
  #kept: Uint8Array = noBytes;
  #keptLength = 0;
  /** Bytes that `#kept` must hold before another look is worth it. */
  #wanted = 0;

  /** `largest`: bytes of a whole message, as announced by Max-Message-Size. */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** Bytes of a message whose end has not come. */
  get buffered(): number {
    return this.#keptLength;
  }

  /** The messages that are whole now; their parts may be views of `data`. */
  *push(data: Uint8Array): Generator<Message, void> {
    let bytes = data;
    if (this.#keptLength > 0) {
      this.#keep(data);
      if (this.#keptLength < this.#wanted) return;
      bytes = this.#kept.subarray(0, this.#keptLength);
      this.#kept = noBytes;
      this.#keptLength = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const size = this.#messageSize(bytes, at);
      if (size === undefined || at + size > bytes.length) {
        this.#wanted = size ?? 0;
        this.#keep(bytes.subarray(at));
        return;
      }
      const message = decodeFrame(bytes.subarray(at, at + size));
      at += size;
      yield message;
    }
  }

  #keep(data: Uint8Array): void {
    const length = this.#keptLength + data.length;
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(length, this.#kept.length * 2));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(data, this.#keptLength);
    this.#keptLength = length;
  }

  /** Undefined while the length is not whole. */
  #messageSize(bytes: Uint8Array, at: number): number | undefined {
    const { extra, length, tokenLength } = readHead(bytes.subarray(at));
    if (tokenLength > longestToken) throw malformed(0, `a token length of ${tokenLength}, above 8`);
    if (length === undefined) return undefined;
    const size = 2 + extra + tokenLength + length;
    if (size > this.#largest) throw malformed(0, `a message of ${size} bytes, above the ${this.#largest} announced`);
    return size;
  }
}

function readHead(bytes: Uint8Array): { extra: number; length: number | undefined; tokenLength: number } {
  const head = bytes[0] as number;
  const nibble = head >> 4;
  const tokenLength = head & 15;
  const extra = nibble < 13 ? 0 : nibble === 15 ? 4 : nibble - 12;
  if (bytes.length < 1 + extra) return { extra, length: undefined, tokenLength };
  let value = 0;
  for (let index = 1; index <= extra; index++) value = value * 256 + (bytes[index] as number);
  const base = extra === 0 ? nibble : extra === 1 ? oneByteFrom : extra === 2 ? twoBytesFrom : fourBytesFrom;
  return { extra, length: base + value, tokenLength };
}

/** One whole message. */
function decodeFrame(bytes: Uint8Array): Message {
  const { extra, tokenLength } = readHead(bytes);
  const tokenAt = 2 + extra;
  const { options, payload } = readBody(bytes, tokenAt + tokenLength);
  const token = tokenLength === 0 ? noBytes : bytes.subarray(tokenAt, tokenAt + tokenLength);
  return { code: bytes[1 + extra] as number, token, options, payload };
}
