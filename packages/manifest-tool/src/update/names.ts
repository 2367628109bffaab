import { basename } from 'node:path';
import type { Values } from '@mooring/terminal';
import { localTime } from '../log.ts';
import { updateErrors } from './errors.ts';

/** The update service takes no longer ones. */
export const longestName = 128;

/**
 * @param what `Payload`, as 1.4.8 puts it
 * @throws MooringError `update.name.long`
 */
export function checkedName(what: string, name: string): string {
  if (name.length <= longestName) return name;
  const [base, overflow] = [name.slice(0, longestName), name.slice(longestName)];
  throw updateErrors('update.name.long', {
    message: `${what} name is too long. Maximum length is ${longestName}. ("${base}" <- ${longestName}. overflow -> "${overflow}")`,
    next: 'Nothing was sent. Give a shorter name, or rename the file.',
    data: { name },
  });
}

export interface UpdateNames {
  payload: string;
  manifest: string;
  campaign: string;
}

/**
 * The names of 1.4.8: those given, or the file with the local time.
 *
 * @param using told of each that was made up
 * @throws MooringError `update.name.long`
 */
export function namesOf(values: Values, now: Date, using: (line: string) => void): UpdateNames {
  const file = values.payload as string;
  const time = localTime(now).replace(' ', 'T');
  const named = (option: string, what: string, made: string) => {
    const given = values[option] as string | undefined;
    if (!given) using(`Using ${made} as ${what.toLowerCase()} name.`);
    return checkedName(what, given || made);
  };
  return {
    payload: named('payload_name', 'Payload', `${basename(file)}-${time}`),
    manifest: named('manifest_name', 'Manifest', `${basename(file)}-${time}-manifest`),
    campaign: checkedName('Campaign', `${file}-${time}-campaign`),
  };
}
