import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ensureDirectory } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput } from '../argument-file.ts';
import { manifestToolErrors } from '../errors.ts';
import { projectFiles } from '../project-folder.ts';
import { renewErrors } from './errors.ts';

const command = 'manifest-tool cert renew';

/** What renewing writes in a project unless told otherwise. */
export const successorFiles = {
  certificate: `${projectFiles.certificates}/next.der`,
  privateKey: `${projectFiles.certificates}/next.key.pem`,
  resources: 'update_default_resources.next.c',
} as const;

export interface Places {
  certificate: string;
  key: string | undefined;
  resources: string | undefined;
}

const options = { certificate: '-o/--output-file', key: '-K/--key-output', resources: '-r/--resources' } as const;

/** Where to write: in a project beside what is there, elsewhere where the command line says. */
export function placesOf(values: Values, inProject: boolean, hasIds: boolean, makesKey: boolean): Places {
  const text = (name: string) => values[name] as string | undefined;
  const missing = (what: string, option: string): never => {
    throw renewErrors('renew.place.missing', {
      message: `Where to write ${what} is not said, and this is not a project of \`manifest-tool init\` with that certificate.`,
      next: `Name the file with ${option}.`,
    });
  };
  const place = (option: string, name: keyof typeof successorFiles, flags: string, what: string) =>
    text(option) ?? (inProject ? successorFiles[name] : missing(what, flags));
  const resources = text('resources');
  if (resources !== undefined && !hasIds) {
    throw renewErrors('renew.place.missing', {
      message: `The C file needs vendor and class id, which ${projectFiles.settings} of this folder does not have.`,
      next: 'Leave -r out, or go to the folder in which `manifest-tool init` ran.',
    });
  }
  return {
    certificate: place('output_file', 'certificate', '-o', 'the successor'),
    key: makesKey ? place('key_output', 'privateKey', '-K', 'its key') : undefined,
    resources: resources ?? (inProject && hasIds ? successorFiles.resources : undefined),
  };
}

/**
 * Looks at the places before anything is made.
 *
 * @param reads files that are read, which are never written over
 * @throws MooringError `manifest.argument`, `renew.exists`
 */
export async function checkPlaces(
  context: CommandContext,
  places: Places,
  reads: readonly string[],
  force: boolean,
): Promise<void> {
  const real = async (file: string) =>
    await realpath(resolve(context.cwd, file)).catch(() => resolve(context.cwd, file));
  const seen = new Set(await Promise.all(reads.map(real)));
  for (const [name, option] of Object.entries(options) as [keyof Places, string][]) {
    const file = places[name];
    if (file === undefined) continue;
    if (file === '-') throw standardOutput(option);
    if (!isUsual(file)) await checkOutput(context, command, option, file);
    const path = await real(file);
    if (seen.has(path))
      throw taken(file, 'is a file that is read here, or written twice.', `Name another one with ${option}.`);
    seen.add(path);
    if (force || !existsSync(path)) continue;
    throw taken(
      file,
      'exists. If it is a successor that devices were given, it must not be lost.',
      'Use that one, move it away, or say -f to write over it.',
    );
  }
}

/** Places whose folder is made where it is missing: a project may keep its certificate elsewhere. */
const isUsual = (file: string): boolean => (Object.values(successorFiles) as string[]).includes(file);

/** Makes the folder of the usual places, if one of them is used. */
export async function makeFolder({ cwd }: CommandContext, places: Places): Promise<void> {
  const used = Object.values(places).some((file: string | undefined) => file !== undefined && isUsual(file));
  if (used) await ensureDirectory(resolve(cwd, projectFiles.certificates), 0o700);
}

const taken = (file: string, what: string, next: string): Error =>
  renewErrors('renew.exists', { message: `${file} ${what}`, next, data: { path: file } });

const standardOutput = (option: string): Error =>
  manifestToolErrors('manifest.argument', {
    message: `${command}: error: argument ${option}: the successor is written to a file; standard output has the steps`,
    exitCode: 2,
  });
