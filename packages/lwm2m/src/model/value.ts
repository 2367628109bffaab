import { lwm2mErrors } from '../errors.ts';

/** The data types of resources (OMA LwM2M 1.1 Appendix C). `none` is what an executable resource has. */
export type ResourceType =
  | 'string'
  | 'integer'
  | 'unsigned'
  | 'float'
  | 'boolean'
  | 'opaque'
  | 'time'
  | 'objlnk'
  | 'corelnk'
  | 'none';

/** An object instance that is pointed to; 65535:65535 points nowhere. */
export interface ObjectLink {
  readonly object: number;
  readonly instance: number;
}

/**
 * A value of a resource: `string` and `corelnk` as string, `integer` and `unsigned` as number or, past 2^53, as bigint,
 * `float` as number, `boolean`, `opaque` as bytes, `time` as Date (whole seconds travel), `objlnk` as ObjectLink.
 */
export type Value = string | number | bigint | boolean | Uint8Array | Date | ObjectLink;

export const isObjectLink = (value: Value): value is ObjectLink =>
  typeof value === 'object' && !(value instanceof Uint8Array) && !(value instanceof Date);

/** A number where it is exact, else a bigint: how integers are handed out. */
export function integerValue(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const bounds = {
  integer: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  unsigned: { min: 0n, max: 2n ** 64n - 1n },
} as const;

export function badValue(type: ResourceType, value: unknown): never {
  const shown = value instanceof Uint8Array ? `${value.length} bytes` : `"${String(value).slice(0, 60)}"`;
  throw lwm2mErrors('lwm2m.value.invalid', {
    message: `${shown} is not a value of type ${type}.`,
    next: 'Give a value of the type that the definition of the object names.',
    data: { type },
  });
}

const isWhole = (value: Value): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));

/** Refuses what is out of range of `integer` (64 bit, signed) or `unsigned` (64 bit). */
export function checkedInteger(type: 'integer' | 'unsigned', value: Value): number | bigint {
  if (!isWhole(value)) badValue(type, value);
  const { min, max } = bounds[type];
  if (value < min || value > max) badValue(type, value);
  return Object.is(value, -0) ? 0 : value;
}

/** @param seconds since 1970 */
export function timeValue(seconds: number | bigint): Date {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? badValue('time', seconds) : time;
}

/** Whole seconds since 1970. */
export function secondsOf(value: Value): number {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return Math.floor(value.getTime() / 1000);
  return badValue('time', value);
}

export function linkText(value: Value): string {
  return isObjectLink(value) ? `${value.object}:${value.instance}` : badValue('objlnk', value);
}

export function parseLink(text: string): ObjectLink {
  const match = /^([0-9]{1,5}):([0-9]{1,5})$/.exec(text);
  const [object, instance] = [Number(match?.[1]), Number(match?.[2])];
  return object <= 0xffff && instance <= 0xffff ? { object, instance } : badValue('objlnk', text);
}

/** The type that a value has by itself, for resources that no definition describes. */
export function naturalType(value: Value): ResourceType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return value > bounds.integer.max ? 'unsigned' : 'integer';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'float';
    case 'boolean':
      return 'boolean';
    default:
      if (value instanceof Uint8Array) return 'opaque';
      return value instanceof Date ? 'time' : 'objlnk';
  }
}
