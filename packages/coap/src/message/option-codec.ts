import { coapErrors } from '../errors.ts';
import { noBytes, noOptions, type Option } from './message.ts';

const payloadMarker = 0xff;
/** 13 stands for one more byte, 14 for two (RFC 7252 §3.1). */
const oneByte = 13;
const twoBytes = 14;
const twoBytesFrom = 269;
const longest = twoBytesFrom + 0xffff;

export const malformed = (offset: number, what: string) =>
  coapErrors('coap.message.malformed', { message: `At byte ${offset}: ${what}.`, data: { offset } });

const extension = (value: number): number => (value < oneByte ? 0 : value < twoBytesFrom ? 1 : 2);

/** Ascending, and for one number in the order given. */
export function sortedOptions(options: readonly Option[]): readonly Option[] {
  for (let index = 1; index < options.length; index++) {
    if ((options[index] as Option).number < (options[index - 1] as Option).number)
      return [...options].sort((a, b) => a.number - b.number);
  }
  return options;
}

/** Bytes of options, payload marker and payload. The options are sorted. */
export function bodyLength(options: readonly Option[], payload: Uint8Array): number {
  let length = payload.length === 0 ? 0 : payload.length + 1;
  let previous = 0;
  for (const { number, value } of options) {
    if (value.length > longest || number > 0xffff)
      throw coapErrors('coap.option.invalid', {
        message: `Option ${number} with ${value.length} bytes cannot be written.`,
      });
    length += 1 + extension(number - previous) + extension(value.length) + value.length;
    previous = number;
  }
  return length;
}

function writeExtension(target: Uint8Array, at: number, value: number): number {
  if (value < oneByte) return at;
  if (value < twoBytesFrom) {
    target[at] = value - oneByte;
    return at + 1;
  }
  target[at] = (value - twoBytesFrom) >> 8;
  target[at + 1] = value - twoBytesFrom;
  return at + 2;
}

const nibble = (value: number): number => (value < oneByte ? value : value < twoBytesFrom ? oneByte : twoBytes);

/** Small ones have their memory within the object; for others it is taken from Node's pool, which is much faster than zeros. */
export function newBytes(length: number): Uint8Array {
  if (length <= 64) return new Uint8Array(length);
  const pooled = Buffer.allocUnsafe(length);
  return new Uint8Array(pooled.buffer, pooled.byteOffset, length);
}

/** A loop is faster than a call of `set` for the few bytes of most options. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length > 48) target.set(source, at);
  else for (let index = 0; index < source.length; index++) target[at + index] = source[index] as number;
}

/** Writes what `bodyLength` measured. */
export function writeBody(target: Uint8Array, start: number, options: readonly Option[], payload: Uint8Array): void {
  let at = start;
  let previous = 0;
  for (const { number, value } of options) {
    const delta = number - previous;
    target[at++] = (nibble(delta) << 4) | nibble(value.length);
    at = writeExtension(target, at, delta);
    at = writeExtension(target, at, value.length);
    copyBytes(target, at, value);
    at += value.length;
    previous = number;
  }
  if (payload.length === 0) return;
  target[at++] = payloadMarker;
  copyBytes(target, at, payload);
}

/** Reads options and payload from `start` to the end; both are views of `bytes`. */
export function readBody(bytes: Uint8Array, start: number): { options: readonly Option[]; payload: Uint8Array } {
  const end = bytes.length;
  if (start === end) return { options: noOptions, payload: noBytes };
  const options: Option[] = [];
  let number = 0;
  let at = start;
  while (at < end) {
    const head = bytes[at] as number;
    if (head === payloadMarker) {
      if (at + 1 === end) throw malformed(at, 'a payload marker with no payload after it');
      return { options, payload: bytes.subarray(at + 1) };
    }
    const optionAt = at++;
    let delta = head >> 4;
    let length = head & 15;
    if (delta === 15 || length === 15) throw malformed(optionAt, 'an option header with the reserved value 15');
    const extra = (delta >= oneByte ? delta - 12 : 0) + (length >= oneByte ? length - 12 : 0);
    if (at + extra > end) throw malformed(optionAt, 'an option header that goes past the end');
    if (delta === oneByte) delta += bytes[at++] as number;
    else if (delta === twoBytes) {
      delta = twoBytesFrom + (bytes[at] as number) * 256 + (bytes[at + 1] as number);
      at += 2;
    }
    if (length === oneByte) length += bytes[at++] as number;
    else if (length === twoBytes) {
      length = twoBytesFrom + (bytes[at] as number) * 256 + (bytes[at + 1] as number);
      at += 2;
    }
    number += delta;
    if (number > 0xffff) throw malformed(optionAt, `option number ${number}, above 65535`);
    if (at + length > end) {
      throw malformed(optionAt, `option ${number} of ${length} bytes, and only ${end - at} are left`);
    }
    options.push({ number, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return { options, payload: noBytes };
}
