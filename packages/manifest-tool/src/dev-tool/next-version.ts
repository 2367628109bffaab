import { manifestToolErrors } from '../errors.ts';

/** Where nothing was given out yet, this counts as the last one. */
export const beforeFirst = '0.0.1';

/**
 * The version after one: the last part goes up, and 999 carries.
 *
 * @throws MooringError `version.exhausted` after 999.999.999
 */
export function nextVersion(version: string): string {
  const parts = version.split('.').map(Number);
  for (let index = parts.length - 1; index >= 0; index--) {
    const value = (parts[index] as number) + 1;
    parts[index] = value > 999 ? 0 : value;
    if (value <= 999) return parts.join('.');
  }
  throw manifestToolErrors('version.exhausted', {
    message: 'There is no firmware version after 999.999.999.',
    next: 'Devices take only a greater version than the one they run; give the component another name.',
  });
}
