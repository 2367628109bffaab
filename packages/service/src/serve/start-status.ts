import { isMooringError, MooringError } from '@mooring/platform';

/** EX_CONFIG of sysexits.h. The unit of the package names it in `RestartPreventExitStatus`. */
const misconfigured = 78;

/** Failures that another start ends in as well, until somebody does something. A token may only be plugged out. */
const lasting = /^(settings\.|master\.key\.(?!token\.)|database\.(newer|damaged|folder\.foreign)$)/;

/** Throws the failure of a start again, with an exit status that says whether another start could help. */
export function withStartStatus(error: unknown): never {
  if (!isMooringError(error) || error.exitCode !== undefined || !lasting.test(error.code)) throw error;
  throw new MooringError(error.code, {
    message: error.message,
    cause: error.cause,
    exitCode: misconfigured,
    ...(error.next === undefined ? {} : { next: error.next }),
    ...(error.data === undefined ? {} : { data: error.data }),
  });
}
