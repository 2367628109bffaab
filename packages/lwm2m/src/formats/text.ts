import {
  badValue,
  checkedInteger,
  integerValue,
  linkText,
  parseLink,
  type ResourceType,
  secondsOf,
  timeValue,
  type Value,
} from '../model/value.ts';
import { malformed } from './content-format.ts';
import { utf8Text } from './utf8.ts';

const whole = /^[+-]?[0-9]{1,20}$/;
const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A value as plain text: one resource alone (OMA LwM2M 1.1 §7.4.2), the `v` of a registration's link. */
export function valueText(type: ResourceType, value: Value): string {
  switch (type) {
    case 'string':
    case 'corelnk':
    case 'none':
      return typeof value === 'string' ? value : badValue(type, value);
    case 'integer':
    case 'unsigned':
      return String(checkedInteger(type, value));
    case 'float':
      if (typeof value === 'bigint') return String(value);
      if (typeof value !== 'number' || !Number.isFinite(value)) return badValue(type, value);
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
      return typeof value === 'boolean' ? (value ? '1' : '0') : badValue(type, value);
    case 'opaque':
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : badValue(type, value);
    case 'time':
      return String(secondsOf(value));
    case 'objlnk':
      return linkText(value);
  }
}

/** Reads what {@link valueText} writes. Without a type the text itself is the value. */
export function textValue(type: ResourceType | undefined, text: string): Value {
  switch (type) {
    case undefined:
    case 'string':
    case 'corelnk':
    case 'none':
      return text;
    case 'integer':
    case 'unsigned':
      return whole.test(text)
        ? checkedInteger(type, integerValue(BigInt(text.replace(/^\+/, ''))))
        : badValue(type, text);
    case 'float': {
      const number = decimal.test(text) ? Number(text) : Number.NaN;
      return Number.isFinite(number) ? number : badValue(type, text);
    }
    case 'boolean':
      if (text === '1' || text === 'true') return true;
      return text === '0' || text === 'false' ? false : badValue(type, text);
    case 'opaque': {
      if (!base64.test(text)) badValue(type, text);
      return new Uint8Array(Buffer.from(text, 'base64'));
    }
    case 'time':
      // Some clients give seconds with a fraction.
      return decimal.test(text) ? timeValue(Math.floor(Number(text))) : badValue(type, text);
    case 'objlnk':
      return parseLink(text);
  }
}

export function decodeText(type: ResourceType | undefined, payload: Uint8Array): Value {
  if (type === 'none' && payload.length > 0) malformed('text', 'a resource without a value has none');
  return textValue(type, utf8Text(payload, 'text'));
}
