import { resolve } from 'node:path';
import { readFileIfExists } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { manifestToolErrors } from './errors.ts';
import { projectFiles } from './project-folder.ts';
import { isObject, JsonDecodeError, type PythonJson, type PythonObject, readJson } from './python/json.ts';

/**
 * @param file for messages
 * @throws MooringError `manifest.json.malformed` with 1.4.8's words for what is wrong and where
 */
export function jsonObject(text: string, file: string): PythonObject {
  let value: PythonJson;
  try {
    value = readJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonDecodeError)) throw cause;
    throw manifestToolErrors('manifest.json.malformed', {
      message: `JSON Decode Error: ${cause.message}`,
      next: `Mend ${file}.`,
      cause,
      data: { path: file },
    });
  }
  if (isObject(value)) return value;
  throw manifestToolErrors('manifest.json.malformed', {
    message: `${file} does not hold a JSON object.`,
    next: 'Give the values by name: {"vendorId": "…", …}',
    data: { path: file },
  });
}

/** All that `.manifest_tool.json` of the current folder says; nothing where there is none. */
export async function projectValues(context: Pick<CommandContext, 'cwd'>): Promise<PythonObject> {
  const data = await readFileIfExists(resolve(context.cwd, projectFiles.settings));
  return data ? jsonObject(data.toString('utf8'), projectFiles.settings) : {};
}
