import { isMooringError } from '@mooring/platform';
import { decodeManifest } from '../decode.ts';
import { judgeStrictlyV1 } from './strict-v1.ts';
import { judgeStrictlyV3 } from './strict-v3.ts';
import { type StrictOptions, trustedOf } from './trust.ts';
import { Checks, type Verdict } from './verdict.ts';

/**
 * Our own verdict, which our device follows. Over what the fielded clients check: strict DER and nothing after the end,
 * the hash field, every fingerprint, device id, dates of the certificate against the best time known, P-256, and
 * nothing in it that no signature protects. All checks that can be made are made.
 *
 * @throws MooringError where a given certificate cannot be read
 */
export function judgeStrictly(bytes: Uint8Array, options: StrictOptions): Verdict {
  const checks = new Checks();
  const trusted = trustedOf(options);
  try {
    const decoded = decodeManifest(bytes);
    checks.add('form', true, `schema ${decoded.schema}, strict DER, nothing after the end`);
    if (decoded.schema === 'v1') judgeStrictlyV1(decoded, trusted, options, checks);
    else judgeStrictlyV3(decoded, trusted, options, checks);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    checks.add('form', false, error.message);
  }
  return { ok: checks.ok, checks: checks.list };
}
