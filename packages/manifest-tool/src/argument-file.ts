import { open, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { getSystemErrorMessage } from 'node:util';
import type { CommandContext } from '@mooring/terminal';
import { manifestToolErrors } from './errors.ts';

/** A file that the command line names, with its path as typed (`<stdin>` for standard input). */
export interface ArgumentFile {
  file: string;
  data: Uint8Array;
}

/** `[Errno 2] No such file or directory: 'fw.bin'`, as Python puts a failed system call. */
export function pythonReason(cause: unknown, file: string): string {
  const { errno = -2 } = cause as { errno?: number };
  const text = getSystemErrorMessage(errno) ?? 'unknown error';
  return `[Errno ${-errno}] ${text.charAt(0).toUpperCase()}${text.slice(1)}: '${file}'`;
}

function cannotOpen(command: string, option: string, file: string, cause: unknown): Error {
  return manifestToolErrors('manifest.argument', {
    message: `${command}: error: argument ${option}: can't open '${file}': ${pythonReason(cause, file)}`,
    cause,
    exitCode: 2,
    data: { path: file, option },
  });
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** All of standard input. */
export const readStandardInput = (context: Pick<CommandContext, 'io'>): Promise<Buffer> => readAll(context.io.stdin);

/**
 * Reads the file of an option, `-` for standard input. One that cannot be opened is wrong usage with exit status 2,
 * as it was where argparse opened it.
 *
 * @param command such as `manifest-tool create`
 * @param option as argparse names it: `-p/--payload`
 * @throws MooringError `manifest.argument`
 */
export async function openArgument(
  context: Pick<CommandContext, 'cwd' | 'io'>,
  command: string,
  option: string,
  file: string,
): Promise<ArgumentFile> {
  if (file === '-') return { file: '<stdin>', data: await readStandardInput(context) };
  try {
    return { file, data: await readFile(resolve(context.cwd, file)) };
  } catch (cause) {
    throw cannotOpen(command, option, file, cause);
  }
}

/**
 * The same for a file that is read later, and may be large.
 *
 * @throws MooringError `manifest.argument`
 */
export async function requireReadable(
  context: Pick<CommandContext, 'cwd'>,
  command: string,
  option: string,
  file: string,
): Promise<void> {
  try {
    const handle = await open(resolve(context.cwd, file), 'r');
    const isFolder = (await handle.stat()).isDirectory();
    await handle.close();
    if (isFolder) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
  } catch (cause) {
    throw cannotOpen(command, option, file, cause);
  }
}

/**
 * Finds out early that an output file cannot be written there; nothing is opened or changed.
 *
 * @throws MooringError `manifest.argument`
 */
export async function checkOutput(
  context: Pick<CommandContext, 'cwd'>,
  command: string,
  option: string,
  file: string | undefined,
): Promise<void> {
  if (file === undefined || file === '-') return;
  const path = resolve(context.cwd, file);
  const refuse = (code: string, errno: number) =>
    cannotOpen(command, option, file, Object.assign(new Error(code), { code, errno }));
  const folder = await stat(dirname(path)).catch((cause: unknown) => {
    throw cannotOpen(command, option, file, cause);
  });
  if (!folder.isDirectory()) throw refuse('ENOTDIR', -20);
  if ((await stat(path).catch(() => undefined))?.isDirectory()) throw refuse('EISDIR', -21);
}
