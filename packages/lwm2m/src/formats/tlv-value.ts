import {
  badValue,
  checkedInteger,
  integerValue,
  isObjectLink,
  type ResourceType,
  secondsOf,
  timeValue,
  type Value,
} from '../model/value.ts';
import { malformed } from './content-format.ts';
import { utf8Bytes, utf8Text } from './utf8.ts';

function integerBytes(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && value >= -0x80000000 && value <= 0x7fffffff) {
    if (value >= -0x80 && value <= 0x7f) return Uint8Array.of(value);
    if (value >= -0x8000 && value <= 0x7fff) return Uint8Array.of(value >> 8, value);
    return Uint8Array.of(value >> 24, value >> 16, value >> 8, value);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  return bytes;
}

/** Unsigned numbers take the fewest of 1, 2, 4 and 8 bytes that hold them without a sign. */
function unsignedBytes(value: number | bigint): Uint8Array {
  if (value <= 0xffffffff) {
    const number = Number(value);
    if (number <= 0xff) return Uint8Array.of(number);
    if (number <= 0xffff) return Uint8Array.of(number >> 8, number);
    return Uint8Array.of(number >>> 24, number >> 16, number >> 8, number);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** 4 bytes where they hold the number exactly, else 8. */
function floatBytes(value: number): Uint8Array {
  const single = Math.fround(value) === value;
  const bytes = new Uint8Array(single ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (single) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return bytes;
}

/** A value as TLV and opaque carry it (OMA LwM2M 1.1 Appendix C): numbers big endian, integers as short as may be. */
export function valueBytes(type: ResourceType, value: Value): Uint8Array {
  switch (type) {
    case 'string':
    case 'corelnk':
    case 'none':
      return typeof value === 'string' ? utf8Bytes(value) : badValue(type, value);
    case 'integer':
      return integerBytes(checkedInteger(type, value));
    case 'unsigned':
      return unsignedBytes(checkedInteger(type, value));
    case 'float':
      return typeof value === 'number' || typeof value === 'bigint' ? floatBytes(Number(value)) : badValue(type, value);
    case 'boolean':
      return typeof value === 'boolean' ? Uint8Array.of(value ? 1 : 0) : badValue(type, value);
    case 'opaque':
      return value instanceof Uint8Array ? value : badValue(type, value);
    case 'time':
      return integerBytes(secondsOf(value));
    case 'objlnk': {
      if (!isObjectLink(value)) return badValue(type, value);
      return Uint8Array.of(value.object >> 8, value.object, value.instance >> 8, value.instance);
    }
  }
}

function bytesInteger(bytes: Uint8Array, signed: boolean, offset: number): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (bytes.length) {
    case 1:
      return signed ? view.getInt8(0) : view.getUint8(0);
    case 2:
      return signed ? view.getInt16(0) : view.getUint16(0);
    case 4:
      return signed ? view.getInt32(0) : view.getUint32(0);
    case 8:
      return integerValue(signed ? view.getBigInt64(0) : view.getBigUint64(0));
    default:
      return malformed('TLV', `an integer has 1, 2, 4 or 8 bytes, not ${bytes.length}`, offset);
  }
}

/** Reads what {@link valueBytes} writes. Without a type the bytes are the value. @param offset for errors */
export function bytesValue(type: ResourceType | undefined, bytes: Uint8Array, offset = 0): Value {
  switch (type) {
    case undefined:
    case 'opaque':
      return Uint8Array.from(bytes);
    case 'string':
    case 'corelnk':
    case 'none':
      return utf8Text(bytes, 'TLV');
    case 'integer':
    case 'unsigned':
      return bytesInteger(bytes, type === 'integer', offset);
    case 'time':
      return timeValue(bytesInteger(bytes, true, offset));
    case 'float': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      if (bytes.length === 4) return view.getFloat32(0);
      return bytes.length === 8
        ? view.getFloat64(0)
        : malformed('TLV', `a float has 4 or 8 bytes, not ${bytes.length}`, offset);
    }
    case 'boolean':
      if (bytes.length !== 1 || (bytes[0] as number) > 1) malformed('TLV', 'a boolean is one byte, 0 or 1', offset);
      return bytes[0] === 1;
    case 'objlnk': {
      if (bytes.length !== 4) malformed('TLV', `an object link has 4 bytes, not ${bytes.length}`, offset);
      const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
      return { object: view.getUint16(0), instance: view.getUint16(2) };
    }
  }
}
