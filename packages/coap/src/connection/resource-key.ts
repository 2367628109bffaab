import type { Message } from '../message/message.ts';
import { isNoCacheKey, optionNumbers } from '../message/option-registry.ts';
import { tokenKey } from '../message/token.ts';

/** What a request says beside what it is for, or what belongs to one of its messages alone. */
const notOfTheResource = new Set<number>([
  optionNumbers.observe,
  optionNumbers.contentFormat,
  optionNumbers.maxAge,
  optionNumbers.block1,
  optionNumbers.block2,
  optionNumbers.size2,
]);

/**
 * Messages with the same key belong to one block-wise transfer (RFC 7959 §2.5, RFC 9175 §3.3): method and the options that
 * name what is asked for. The token is not in it, as some clients keep it and others change it from block to block; nor is
 * Content-Format, which some leave out of the later ones.
 */
export function resourceKey(message: Message): string {
  let key = String.fromCharCode(message.code);
  for (const { number, value } of message.options) {
    if (notOfTheResource.has(number) || isNoCacheKey(number)) continue;
    key += String.fromCharCode(number, value.length) + tokenKey(value);
  }
  return key;
}
