import { getSystemErrorMessage } from 'node:util';
import { isMooringError } from '@mooring/platform';
import { manifestToolErrors } from '../errors.ts';
import type { ProjectFolder } from '../project-folder.ts';
import type { InitOptions } from './options.ts';

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
 * @throws MooringError `manifest.argument`
 */
async function openArgument(
  folder: ProjectFolder,
  option: string,
  file: string | undefined,
): Promise<NamedFile | undefined> {
  if (file === undefined) return undefined;
  let cause: unknown;
  try {
    const data = await folder.read(file);
    if (data !== undefined) return { file, data };
  } catch (error) {
    cause = error;
  }
  throw manifestToolErrors('manifest.argument', {
    message: `manifest-tool init: error: argument ${option}: can't open '${file}': ${systemReason(cause ?? {})}: '${file}'`,
    cause,
    exitCode: 2,
    data: { path: file, option },
  });
}

export interface OpenedFiles {
  certificate: NamedFile | undefined;
  privateKey: NamedFile | undefined;
  signingTool: NamedFile | undefined;
}

export async function openFiles(folder: ProjectFolder, options: InitOptions): Promise<OpenedFiles> {
  return {
    certificate: await openArgument(folder, '-c/--certificate', options.certificateFile),
    privateKey: await openArgument(folder, '-k/--private-key', options.privateKeyFile),
    signingTool: await openArgument(folder, '-s/--signing-tool', options.signingTool),
  };
}
