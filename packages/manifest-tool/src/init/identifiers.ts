import { classIdOf, parseUuid, vendorIdOf } from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';

/** The pair of UUIDs by which a device knows that an update is meant for its kind. */
export interface Identifiers {
  vendorId: Uint8Array;
  classId: Uint8Array;
  vendorDomain: string | null;
  modelName: string | null;
}

function given(value: string, option: string, what: string): string {
  if (value !== '') return value;
  throw manifestToolErrors('init.value.empty', {
    message: `${option} was given an empty ${what}.`,
    next: `Give a ${what} after ${option}.`,
    data: { option },
  });
}

function uuid(value: string, option: string): Uint8Array {
  try {
    return parseUuid(given(value, option, 'UUID'));
  } catch (cause) {
    if (!isMooringError(cause) || cause.code === 'init.value.empty') throw cause;
    throw manifestToolErrors('init.uuid.invalid', {
      message: `"${value}", given with ${option}, is not a UUID.`,
      next: 'A UUID has 32 hexadecimal digits, as in fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe.',
      cause,
      data: { option, value },
    });
  }
}

function domain(value: string): string {
  given(value, '-d/--vendor-domain', 'domain name');
  const parts = value.split('.');
  if (parts.length >= 2 && parts.every((part) => part !== '')) return value;
  throw manifestToolErrors('init.domain.invalid', {
    message: `"${value}" is not a valid domain name.`,
    next: 'The vendor id is derived from a domain of yours: two or more parts with dots between them, such as example.com.',
    data: { value },
  });
}

export interface IdentifierOptions {
  vendorId?: string | undefined;
  vendorDomain?: string | undefined;
  classId?: string | undefined;
  modelName?: string | undefined;
}

/**
 * The ids as given, or derived: vendor id = UUIDv5 of the domain as typed, class id = UUIDv5 of the model name with
 * the vendor id as namespace, also when that one was given.
 */
export function identifiersOf(options: IdentifierOptions): Identifiers {
  const { vendorDomain, modelName } = options;
  const vendorId =
    vendorDomain === undefined ? uuid(options.vendorId ?? '', '-V/--vendor-id') : vendorIdOf(domain(vendorDomain));
  const classId =
    modelName === undefined
      ? uuid(options.classId ?? '', '-C/--class-id')
      : classIdOf(vendorId, given(modelName, '-m/--model-name', 'model name'));
  return { vendorId, classId, vendorDomain: vendorDomain ?? null, modelName: modelName ?? null };
}
