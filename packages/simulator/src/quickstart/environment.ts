import { delimiter, join } from 'node:path';
import type { RunFolder } from './run-folder.ts';

/** Settings of the user that would lead a command to another service, store or device than those of this run. */
const foreign = /^(?:MBED_CLOUD_|MOORING_|XDG_|SSH_AUTH_SOCK$|NODE_OPTIONS$|MANIFEST_)/;

/** The user's environment with HOME and PATH of this run. */
export function environmentOf(
  folder: RunFolder,
  checkout: string,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(own).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined && !foreign.test(entry[0]);
  });
  return {
    ...Object.fromEntries(kept),
    HOME: folder.home,
    PATH: [join(checkout, 'bin'), own.PATH].filter(Boolean).join(delimiter),
  };
}
