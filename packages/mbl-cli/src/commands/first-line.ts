import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileError } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';

/** The first line of a file, which holds a secret; `-` is standard input. */
export async function firstLineOf({ cwd, prompt }: CommandContext, file: string): Promise<string> {
  if (file === '-') return prompt.ask('');
  const path = resolve(cwd, file);
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  return content.split(/\r?\n/)[0] as string;
}
