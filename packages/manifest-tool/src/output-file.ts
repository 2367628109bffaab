import { realpath, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileError, writeFileAtomic } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';

/**
 * Writes what a command has made: whole, or not at all. A pipe or a device such as /dev/stdout is written to as it is,
 * a symbolic link is followed, and a file that is replaced keeps its mode.
 *
 * @param file as typed; undefined and `-` are standard output, where a terminal gets a line end after it
 * @param mode of a new file; `0o600` for a secret holds for a replaced one too
 */
export async function writeOutput(
  context: Pick<CommandContext, 'cwd' | 'io' | 'json'>,
  file: string | undefined,
  data: Uint8Array | string,
  mode = 0o644,
): Promise<void> {
  if (file === undefined || file === '-') {
    // With --json standard output carries the result alone, which holds the data itself.
    if (context.json) return;
    const { stdout } = context.io;
    await new Promise<void>((done, fail) =>
      stdout.write(data, (error) => (error ? fail(fileError(error, 'standard output')) : done())),
    );
    if (stdout.isTTY) stdout.write('\n');
    return;
  }
  const path = await realpath(resolve(context.cwd, file)).catch(() => resolve(context.cwd, file));
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) {
    await writeFile(path, data).catch((error: unknown) => {
      throw fileError(error, file);
    });
    return;
  }
  await writeFileAtomic(path, data, there && mode !== 0o600 ? there.mode & 0o777 : mode);
}
