import { type ManifestV1, versionText } from '@mooring/manifest';
import type { Clock } from '@mooring/platform';
import type { Log } from '../log.ts';
import { ctime, firstRelease } from '../python/time.ts';
import { refuse } from './check.ts';

function misplaced(rule: string, sign: '<' | '>', limit: number, timestamp: bigint): string {
  return `Manifests MUST not be timestamped ${rule}.\nExpected timestamp ${sign} ${limit} (${ctime(limit)})\nActual timestamp:    ${timestamp} (${ctime(timestamp)})`;
}

/**
 * The timestamp lies between the first release of manifest-tool and now. 1.4.8 said so and went on to say OK. A
 * timestamp that codes a firmware version, as tools write it for devices that move to schema v3, is no time.
 *
 * @param report what is done about a timestamp out of bounds
 */
export function checkTimestamp(
  { timestamp }: ManifestV1,
  clock: Clock,
  log: Log,
  report: (refusal: Error) => void,
): void {
  const now = Math.floor(clock.now().getTime() / 1000);
  const release = firstRelease();
  const version = versionText(timestamp);
  if (version !== undefined) {
    log.info(`Timestamp ${timestamp} is firmware version ${version}: OK`);
    return;
  }
  if (timestamp > now) {
    report(
      refuse(
        'timestamp',
        misplaced('in the future', '<', now, timestamp),
        'Devices that take it refuse every update with an earlier timestamp after it. Check the clock of the machine that made it.',
      ),
    );
  }
  if (timestamp < release) {
    report(
      refuse(
        'timestamp',
        misplaced('before 2017', '>', release, timestamp),
        'Devices take only a timestamp above that of the firmware they run.',
      ),
    );
  }
  log.info(`Timestamp ${release} < ${timestamp} < ${now}: OK`);
}

/**
 * The apply period makes sense. 1.4.8 refused one that has not ended yet, which is just the one that can be used.
 *
 * @param like whether to judge as 1.4.8 did
 * @throws MooringError `verify.refused`
 */
export function checkApplyPeriod({ applyPeriod }: ManifestV1, clock: Clock, log: Log, like: boolean): void {
  if (!applyPeriod) return;
  const { validFrom, validTo } = applyPeriod;
  const now = Math.floor(clock.now().getTime() / 1000);
  const release = firstRelease();
  if (release > validFrom || validFrom > validTo || (like && validTo > now)) {
    throw refuse(
      'apply period',
      `Apply perion outside expected bounds: Expected:\n${release}.0 <= ${validFrom} <= ${validTo}${like ? ` <= ${now}` : ''}`,
      'It begins after it ends, or before there were manifests.',
    );
  }
  log.info(`Apply period ${validFrom} to ${validTo} OK`);
}
