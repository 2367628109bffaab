import type { ManifestV1 } from '@mooring/manifest';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput, openArgument } from '../argument-file.ts';
import { writeOutput } from '../output-file.ts';
import { type PythonJson, writeJson } from '../python/json.ts';
import { decodeForTool } from './decode.ts';
import { parseErrors } from './errors.ts';
import { jsonOf, treeOfV1 } from './tree.ts';

const command = 'manifest-tool parse';

function checkIds(manifest: ManifestV1): void {
  for (const name of ['vendorId', 'classId', 'deviceId'] as const) {
    const { length } = manifest[name];
    if (length === 0 || length === 16) continue;
    throw parseErrors('parse.malformed', {
      message: `The ${name} has ${length} bytes; a UUID has 16.`,
      next: 'No device takes such a manifest.',
      data: { path: `resource.resource.manifest.${name}` },
    });
  }
}

/** Python writes integers of any size; JSON.stringify does so for those that are told to be raw. */
function forJsonMode(value: PythonJson): unknown {
  if (typeof value === 'bigint') return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
  if (Array.isArray(value)) return value.map(forJsonMode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, forJsonMode(inner)]));
}

/** @throws MooringError `parse.*`, `manifest.argument` */
export async function parse(context: CommandContext, values: Values): Promise<unknown> {
  const outputFile = values.output_file as string | undefined;
  const { data } = await openArgument(context, command, '-i/--input-file', (values.input_file as string) ?? '-');
  await checkOutput(context, command, '-o/--output-file', outputFile);
  const { value } = decodeForTool(data, values.accept_like !== undefined);
  if (!(value.resource.resource instanceof Uint8Array)) checkIds(value.resource.resource);
  const json = jsonOf(treeOfV1(value));
  await writeOutput(context, outputFile, writeJson(json, values.pretty_json ? 4 : undefined));
  return forJsonMode(json);
}
