import { formatUuid, parseUuid } from '@mooring/credentials';
import type { ManifestV1 } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { Log } from '../log.ts';
import { projectFiles } from '../project-folder.ts';
import type { PythonJson } from '../python/json.ts';
import { refuse } from './check.ts';
import { verifyErrors } from './errors.ts';

export interface ExpectedIds {
  vendorId: string | undefined;
  classId: string | undefined;
}

const names = ['vendorId', 'classId', 'deviceId'] as const;

function uuid(value: string, source: string): Uint8Array {
  try {
    return parseUuid(value);
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw verifyErrors('verify.option.invalid', {
      message: `"${value}", given ${source}, is not a UUID.`,
      next: 'A UUID has 32 hexadecimal digits, as in fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe.',
      cause,
    });
  }
}

/**
 * Compares the ids in the manifest with those of the options, else of the settings.
 *
 * @throws MooringError `verify.refused`
 */
export function checkIdentifiers(
  manifest: ManifestV1,
  options: ExpectedIds,
  settings: Readonly<Record<string, PythonJson>>,
  log: Log,
): void {
  for (const name of names) {
    const actual = manifest[name];
    const option = name === 'deviceId' ? undefined : options[name];
    const setting = settings[name];
    const source = option ? 'on the command line' : `in ${projectFiles.settings}`;
    const wanted = option || (typeof setting === 'string' ? setting : undefined);
    const expected = wanted ? uuid(wanted, source) : undefined;
    if (actual.length === 0) {
      if (name !== 'deviceId' && expected) {
        log.warning(`UUID ${name} is not in the manifest; devices take it whatever theirs is`);
      }
      continue;
    }
    if (actual.length !== 16) {
      throw refuse('ids', `UUIDs (${name}) must be 0 or 128 bits`, `It has ${actual.length} bytes.`);
    }
    if (!expected) {
      log.warning(`UUID ${name} not specified; ignoring`);
      continue;
    }
    if (Buffer.compare(expected, actual) !== 0) {
      throw refuse(
        'ids',
        `UUID mismatch for ${name}\nExpected: ${formatUuid(expected)}\nActual:   ${formatUuid(actual)}`,
        'The manifest is for other devices.',
      );
    }
    log.info(`UUID ${name}: OK`);
  }
}
