import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError, platformErrors } from '@mooring/platform';
import { argumentError2x } from './logging-2x.ts';

/** An argument that names a file: the program with its command, the argument as argparse names it, and its value. */
export interface FileArgument {
  readonly program: string;
  readonly argument: string;
  readonly value: string;
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      return undefined;
    }
    throw fileError(error, path);
  }
}

/**
 * The path of a file to read, as the 2.x tools check it.
 *
 * @throws MooringError `manifest.argument` (exit status 2)
 */
export async function inputFile({ program, argument, value }: FileArgument, cwd: string): Promise<string> {
  const path = resolve(cwd, value);
  if ((await kindOf(path)) === 'file') return path;
  throw argumentError2x(program, argument, `File "${value}" is not found`);
}

/**
 * The path of a file to write. The 2.x tools opened it, and so emptied it, before they looked at anything else; this
 * only looks whether it can be written without loss of an input.
 *
 * @param inputs paths of files that are read
 * @throws MooringError `manifest.argument` (exit status 2), `file.not.found`
 */
export async function outputFile(
  { program, argument, value }: FileArgument,
  cwd: string,
  inputs: readonly string[],
): Promise<string> {
  const path = resolve(cwd, value);
  const kind = await kindOf(path);
  if (kind === 'folder') throw argumentError2x(program, argument, `"${value}" is a folder`);
  if ((await kindOf(dirname(path))) !== 'folder') {
    throw platformErrors('file.not.found', {
      message: `There is no folder ${dirname(value)} to write ${basename(value)} to.`,
      next: 'Make the folder first, or name another file.',
    });
  }
  const place = kind ? await realpath(path) : join(await realpath(dirname(path)), basename(path));
  for (const input of inputs) {
    if ((await realpath(input)) === place) {
      throw argumentError2x(program, argument, `"${value}" would be written over a file that is read`);
    }
  }
  return path;
}
