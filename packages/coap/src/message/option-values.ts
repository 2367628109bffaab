import { coapErrors } from '../errors.ts';
import { noBytes, type Option } from './message.ts';
import { optionKinds, optionName } from './option-registry.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Big endian without leading zeros; 0 is no byte at all (RFC 7252 §3.2). */
export function uintBytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw coapErrors('coap.option.invalid', { message: `${value} is not an unsigned number of at most 32 bits.` });
  if (value === 0) return noBytes;
  if (value < 0x100) return Uint8Array.of(value);
  if (value < 0x1_0000) return Uint8Array.of(value >> 8, value);
  if (value < 0x100_0000) return Uint8Array.of(value >> 16, value >> 8, value);
  return Uint8Array.of(value >>> 24, value >> 16, value >> 8, value);
}

/** Leading zeros are allowed. */
export function uintValue(bytes: Uint8Array): number {
  let value = 0;
  for (let index = 0; index < bytes.length; index++) value = value * 256 + (bytes[index] as number);
  return value;
}

/** Most texts are short and ASCII, for which a loop is several times faster than an encoder. */
function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return encoder.encode(text);
    bytes[index] = unit;
  }
  return bytes;
}

/** Undefined where the bytes are not UTF-8. */
export function textValue(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte >= 0x80) {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

function checked(number: number, value: Uint8Array): Option {
  const known = optionKinds.get(number);
  if (known !== undefined && (value.length < known.shortest || value.length > known.longest)) {
    throw coapErrors('coap.option.invalid', {
      message: `${optionName(number)} carries ${known.shortest} to ${known.longest} bytes, not ${value.length}.`,
    });
  }
  return { number, value };
}

export const uintOption = (number: number, value: number): Option => checked(number, uintBytes(value));
export const textOption = (number: number, value: string): Option => checked(number, utf8(value));
export const opaqueOption = (number: number, value: Uint8Array): Option => checked(number, value);

export function findOption(options: readonly Option[], number: number): Uint8Array | undefined {
  for (const option of options) if (option.number === number) return option.value;
  return undefined;
}

export function findUint(options: readonly Option[], number: number): number | undefined {
  const value = findOption(options, number);
  return value === undefined ? undefined : uintValue(value);
}
