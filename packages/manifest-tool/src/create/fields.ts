import { parseUuid } from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import { isFalsy } from '../python/falsy.ts';
import { isObject, type PythonJson, type PythonObject } from '../python/json.ts';
import { invalid } from './inputs.ts';

export function text(name: string, value: PythonJson | undefined): string | undefined {
  if (isFalsy(value)) return undefined;
  if (typeof value !== 'string') throw invalid(name, 'has to be a text');
  if (!value.isWellFormed()) throw invalid(name, 'holds half of a character');
  return value;
}

export function hex(name: string, value: PythonJson | undefined, size?: number): Uint8Array | undefined {
  const digits = text(name, value);
  if (digits === undefined) return undefined;
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) throw invalid(name, 'has to be hexadecimal digits, two for each byte');
  const bytes = new Uint8Array(Buffer.from(digits, 'hex'));
  if (size !== undefined && bytes.length !== size) throw invalid(name, `has to be ${size} bytes, not ${bytes.length}`);
  return bytes;
}

/** Empty where there is no value, as absent ids stand in a manifest. */
export function uuid(name: string, value: PythonJson | undefined): Uint8Array {
  const digits = text(name, value);
  if (digits === undefined) return new Uint8Array();
  try {
    return parseUuid(digits);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw invalid(name, `is not a UUID: ${JSON.stringify(digits.slice(0, 60))}`);
  }
}

export function whole(name: string, value: PythonJson | undefined): bigint | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return BigInt(value);
  throw invalid(name, 'has to be a whole number');
}

/** Sizes and priorities: a whole number that is not negative and that JavaScript holds exactly. */
export function count(name: string, value: PythonJson | undefined): number | undefined {
  const number = whole(name, value);
  if (number === undefined) return undefined;
  if (number < 0n) throw invalid(name, 'must not be negative');
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(name, 'is too large');
  return Number(number);
}

export function objects(name: string, value: PythonJson | undefined): readonly PythonObject[] {
  if (isFalsy(value)) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalid(name, 'has to be a list of objects');
  return value as readonly PythonObject[];
}

/** The text as ISO-8859-1, which is how 1.4.8 stores vendorInfo. */
export function latin1(name: string, value: PythonJson | undefined): Uint8Array {
  const letters = text(name, value) ?? '';
  const outside = [...letters].find((letter) => (letter.codePointAt(0) as number) > 0xff);
  if (outside !== undefined) {
    throw invalid(
      name,
      `holds ${JSON.stringify(outside)}, which its form (ISO-8859-1) does not have; "${name}Hex" takes any bytes`,
    );
  }
  return new Uint8Array(Buffer.from(letters, 'latin1'));
}
