import { coapErrors } from '../errors.ts';
import { type DatagramMessage, messageTypes, noBytes, noOptions } from './message.ts';
import { bodyLength, copyBytes, malformed, newBytes, readBody, sortedOptions, writeBody } from './option-codec.ts';

export const longestToken = 8;

export interface DecodeOptions {
  /**
   * Pelion's device clients end every empty ACK with an empty Content-Format option (`60 00 MM MM C0`), which RFC 7252
   * §4.1 forbids. With this, options on an empty ACK are read over.
   */
  readonly emptyAckWithOptions?: boolean;
}

/** RFC 7252 §3. Options are put in order. */
export function encodeMessage(message: DatagramMessage): Uint8Array {
  const { token, payload } = message;
  if (token.length > longestToken)
    throw coapErrors('coap.option.invalid', { message: `A token has at most 8 bytes, not ${token.length}.` });
  const options = sortedOptions(message.options);
  const bytes = newBytes(4 + token.length + bodyLength(options, payload));
  bytes[0] = 0x40 | (messageTypes.indexOf(message.type) << 4) | token.length;
  bytes[1] = message.code;
  bytes[2] = message.id >> 8;
  bytes[3] = message.id;
  copyBytes(bytes, 4, token);
  writeBody(bytes, 4 + token.length, options, payload);
  return bytes;
}

/**
 * RFC 7252 §3. Token, option values and payload are views of `bytes`.
 * Fails with `coap.message.malformed`, which names the first wrong byte (also in `data.offset`).
 */
export function decodeMessage(bytes: Uint8Array, tolerated?: DecodeOptions): DatagramMessage {
  const { length } = bytes;
  if (length < 4) throw malformed(length, `the end of a message that has to have 4 bytes at least`);
  const head = bytes[0] as number;
  if (head >> 6 !== 1) throw malformed(0, `version ${head >> 6}, not 1`);
  const tokenLength = head & 15;
  if (tokenLength > longestToken) throw malformed(0, `a token length of ${tokenLength}, above 8`);
  if (4 + tokenLength > length) throw malformed(4, `a token of ${tokenLength} bytes, and only ${length - 4} are left`);
  const type = messageTypes[(head >> 4) & 3] as DatagramMessage['type'];
  const code = bytes[1] as number;
  const id = ((bytes[2] as number) << 8) | (bytes[3] as number);
  if (code === 0 && length > 4) {
    if (tokenLength > 0) throw malformed(0, 'a token in an empty message');
    if (type !== 'ACK' || tolerated?.emptyAckWithOptions !== true) {
      throw malformed(4, 'something after the four bytes of an empty message');
    }
    const { payload } = readBody(bytes, 4);
    if (payload.length > 0) throw malformed(length - payload.length - 1, 'a payload in an empty message');
    return { type, code, id, token: noBytes, options: noOptions, payload: noBytes };
  }
  const token = tokenLength === 0 ? noBytes : bytes.subarray(4, 4 + tokenLength);
  const { options, payload } = readBody(bytes, 4 + tokenLength);
  return { type, code, id, token, options, payload };
}
