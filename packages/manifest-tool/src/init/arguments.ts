import { getSystemErrorMessage } from 'node:util';
import { isMooringError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';
import type { ProjectFolder } from '../project-folder.ts';

/** The files that options name, each with its path as typed. */
export interface NamedFile {
  file: string;
  data: Uint8Array;
}

function systemReason(cause: unknown): string {
  const { errno = -2 } = (isMooringError(cause) ? cause.cause : cause) as NodeJS.ErrnoException | { errno?: number };
  const text = getSystemErrorMessage(errno) ?? 'unknown error';
  return `[Errno ${-errno}] ${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/**
 * Opens a file that an option names, as argparse did while it read the command line: a file that cannot be opened is
 * wrong usage, with its line and exit status 2.
 *
 * @param command as in the usage, `manifest-tool init`
 * @throws MooringError `manifest.argument`
 */
export async function openArgument(
  folder: ProjectFolder,
  command: string,
  option: string,
  file: unknown,
): Promise<NamedFile | undefined> {
  if (typeof file !== 'string') return undefined;
  let cause: unknown;
  try {
    const data = await folder.read(file);
    if (data !== undefined) return { file, data };
  } catch (error) {
    cause = error;
  }
  throw manifestToolErrors('manifest.argument', {
    message: `${command}: error: argument ${option}: can't open '${file}': ${systemReason(cause ?? {})}: '${file}'`,
    cause,
    exitCode: 2,
    data: { path: file, option },
  });
}
