import { credentialErrors } from './errors.ts';

// The C parser of Arm's mbl-cli cuts the file at ";" and " = ", takes a comma for an array of hexadecimal bytes, deletes
// quotes and spaces, and strips braces, backslashes, spaces and the letter r from both ends of a value.

const unsafe = (field: string, value: string, reason: string) =>
  credentialErrors('credentials.field.unsafe', {
    message: `${field} "${value.slice(0, 80)}" ${reason}, which the C parser of the old mbl-cli does not survive.`,
    next: 'Choose another value.',
    data: { field },
  });

function checkBoth(field: string, value: string): void {
  if (/[\x00-\x1f\x7f\ufffd]/.test(value) || !value.isWellFormed())
    throw unsafe(field, value, 'holds a control character');
  const sign = /[,;"'\\]/.exec(value)?.[0];
  if (sign) throw unsafe(field, value, `holds ${sign === ',' ? 'a comma' : sign}`);
  if (value.includes(' = ')) throw unsafe(field, value, 'holds " = "');
  if (value.includes('sizeof(')) throw unsafe(field, value, 'holds "sizeof("');
  if (value.includes('#include <')) throw unsafe(field, value, 'holds an include line');
}

/** A value that has to arrive unchanged: URI, id, endpoint name. @throws MooringError `credentials.field.unsafe` */
export function checkExact(field: string, value: string): string {
  checkBoth(field, value);
  if (value === '') throw unsafe(field, value, 'is empty');
  if (!/^[\x21-\x7e]+$/.test(value)) throw unsafe(field, value, 'holds a space or a character outside ASCII');
  const edge = /^[r{}]|[r{}]$/.exec(value)?.[0];
  if (edge) throw unsafe(field, value, `begins or ends with ${edge}`);
  return value;
}

/** A description of the device: the old parser may drop spaces and letters at its ends, but nothing else may break. */
export function checkTolerant(field: string, value: string): string {
  checkBoth(field, value);
  return value;
}
