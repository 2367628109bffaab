import { dirname, resolve } from 'node:path';
import type { CommandContext } from '@mooring/terminal';
import { openArgument, readStandardInput } from '../argument-file.ts';
import { jsonObject, projectValues } from '../project-values.ts';
import { isFalsy } from '../python/falsy.ts';
import { isObject, type PythonJson, type PythonObject } from '../python/json.ts';
import { createErrors } from './errors.ts';

const manifestPath = ['resource', 'resource', 'manifest'];

/**
 * The values that a manifest is made of. Later ones replace earlier ones, name by name and as a whole: the default,
 * the settings of the project, then the input.
 */
export class ManifestInputs {
  readonly values: PythonObject;
  /** Of the file that `-i` named; paths in the input and in the settings, and that of `-p`, are relative to it. */
  readonly folder: string;

  constructor(values: PythonObject, folder: string) {
    this.values = values;
    this.folder = folder;
  }

  at(path: string): string {
    return resolve(this.folder, path);
  }

  #walk(names: readonly string[]): PythonJson | undefined {
    let value: PythonJson | undefined = this.values;
    for (const [index, name] of names.entries()) {
      if (isFalsy(value)) return value;
      if (!isObject(value)) throw invalid(names.slice(0, index).join('.'), 'has to be an object');
      value = Object.hasOwn(value, name) ? value[name] : undefined;
    }
    return value;
  }

  /** A value by its path below `resource.resource.manifest`. */
  long(path: string): PythonJson | undefined {
    return this.#walk([...manifestPath, ...path.split('.')]);
  }

  top(path: string): PythonJson | undefined {
    return this.#walk(path.split('.'));
  }

  /** The value under its short name or, where that is missing or Python takes it for no, under its long path. */
  find(short: string, long: string = short): PythonJson | undefined {
    const value = this.top(short);
    return isFalsy(value) ? this.long(long) : value;
  }
}

export const invalid = (name: string, reason: string): Error =>
  createErrors('create.value.invalid', {
    message: `"${name}" ${reason}.`,
    next: 'Mend it in the JSON input or in .manifest_tool.json.',
    data: { name },
  });

/**
 * The default, `.manifest_tool.json` of the current folder, then the file of `-i` or, where none is named, standard
 * input unless that is a terminal.
 *
 * @throws MooringError `manifest.json.malformed`, `manifest.argument`
 */
export async function manifestInputs(context: CommandContext, inputFile: string | undefined): Promise<ManifestInputs> {
  const settings = await projectValues(context);
  const given =
    inputFile !== undefined
      ? await openArgument(context, 'manifest-tool create', '-i/--input-file', inputFile)
      : context.io.stdin.isTTY
        ? undefined
        : { file: '<stdin>', data: await readStandardInput(context) };
  const text = given ? Buffer.from(given.data).toString('utf8') : '';
  const values: PythonObject = {
    applyImmediately: true,
    ...settings,
    // Less than {} is no JSON; an empty pipe says nothing.
    ...(text.length >= 2 ? jsonObject(text, given?.file ?? '') : {}),
  };
  const named = inputFile !== undefined && inputFile !== '-';
  return new ManifestInputs(values, named ? dirname(resolve(context.cwd, inputFile)) : context.cwd);
}
