import assert from 'node:assert/strict';
import { isMooringError, type MooringError } from '@mooring/platform';

/** Waits for the expected failure with this code and gives it. */
export async function failure(code: string, work: () => unknown): Promise<MooringError> {
  try {
    await work();
  } catch (error) {
    if (!isMooringError(error)) throw error;
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`${code} was expected, and nothing failed`);
}
