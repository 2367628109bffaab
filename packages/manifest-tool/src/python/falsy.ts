import type { PythonJson } from './json.ts';

/** What Python's `if` takes for no: the old tools looked for a value elsewhere when it was so. */
export function isFalsy(value: PythonJson | undefined): value is undefined | null | false | 0 | 0n | '' {
  if (value === undefined || value === null || value === false || value === '' || value === 0 || value === 0n) {
    return true;
  }
  return typeof value === 'object' && Object.keys(value).length === 0;
}
