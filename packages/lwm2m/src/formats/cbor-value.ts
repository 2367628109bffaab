import {
  badValue,
  checkedInteger,
  linkText,
  parseLink,
  type ResourceType,
  secondsOf,
  timeValue,
  type Value,
} from '../model/value.ts';
import { type Cbor, decodeCbor, isCborTag } from './cbor-reader.ts';
import { CborFloat, type CborInput, encodeCbor } from './cbor-writer.ts';
import { malformed } from './content-format.ts';

/** One value in CBOR, content format 60 (OMA LwM2M 1.1 §7.4.7, Appendix C). Times go as bare seconds. */
export function encodeCborValue(type: ResourceType, value: Value): Uint8Array {
  return encodeCbor(itemOf(type, value));
}

function itemOf(type: ResourceType, value: Value): CborInput {
  switch (type) {
    case 'string':
    case 'corelnk':
    case 'none':
      return typeof value === 'string' ? value : badValue(type, value);
    case 'integer':
    case 'unsigned':
      return checkedInteger(type, value);
    case 'float':
      return typeof value === 'number' || typeof value === 'bigint'
        ? new CborFloat(Number(value))
        : badValue(type, value);
    case 'boolean':
      return typeof value === 'boolean' ? value : badValue(type, value);
    case 'opaque':
      return value instanceof Uint8Array ? value : badValue(type, value);
    case 'time':
      return secondsOf(value);
    case 'objlnk':
      return linkText(value);
  }
}

const isNumber = (item: Cbor): item is number | bigint => typeof item === 'number' || typeof item === 'bigint';

/** Reads what {@link encodeCborValue} writes, and times with tag 0 (text) or 1 (seconds), as other implementations send. */
export function decodeCborValue(type: ResourceType | undefined, payload: Uint8Array): Value {
  const item = decodeCbor(payload);
  if (isCborTag(item)) {
    if (type !== undefined && type !== 'time') badValue(type, `tag ${item.tag}`);
    if (item.tag === 1 && isNumber(item.item)) return timeValue(Math.floor(Number(item.item)));
    if (item.tag === 0 && typeof item.item === 'string') {
      const time = new Date(item.item);
      return Number.isNaN(time.getTime()) ? badValue('time', item.item) : time;
    }
    return malformed('CBOR', `tag ${item.tag} means nothing here`);
  }
  switch (type) {
    case undefined:
      if (isNumber(item) || typeof item === 'string' || typeof item === 'boolean') return item;
      return item instanceof Uint8Array ? item : malformed('CBOR', 'this is not a value of a resource');
    case 'string':
    case 'corelnk':
    case 'none':
      return typeof item === 'string' ? item : badValue(type, item);
    case 'integer':
    case 'unsigned':
      return isNumber(item) ? checkedInteger(type, item) : badValue(type, item);
    case 'float':
      return isNumber(item) ? Number(item) : badValue(type, item);
    case 'boolean':
      return typeof item === 'boolean' ? item : badValue(type, item);
    case 'opaque':
      return item instanceof Uint8Array ? item : badValue(type, item);
    case 'time':
      return isNumber(item) ? timeValue(Math.floor(Number(item))) : badValue(type, item);
    case 'objlnk':
      return typeof item === 'string' ? parseLink(item) : badValue(type, item);
  }
}
