import { payloadErrors } from '../errors.ts';

/** What a package says of itself. */
export interface Control {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** All fields, by their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
}

const fail = (reason: string) =>
  payloadErrors('payload.malformed', {
    message: `The control file of a package ${reason}.`,
    next: 'Make the package again.',
  });

/**
 * `Field: value` lines, a value may have colons of its own; lines that start with a space go on with the field before.
 *
 * @throws MooringError `payload.malformed`
 */
export function parseControl(text: string): Control {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    if (/^[ \t]/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last)}\n${line.trim()}`);
      continue;
    }
    const found = /^([A-Za-z0-9][A-Za-z0-9_-]*):[ \t]*(.*)$/.exec(line);
    if (!found) throw fail(`has the line ${JSON.stringify(line)}, which is no field`);
    last = (found[1] as string).toLowerCase();
    if (fields.has(last)) throw fail(`has the field ${found[1]} twice`);
    fields.set(last, (found[2] as string).trimEnd());
  }
  const name = fields.get('package') ?? '';
  // Becomes the name of a folder and of a container.
  if (!/^[A-Za-z0-9][A-Za-z0-9+._-]{0,99}$/.test(name))
    throw fail(`names no package that could be one: ${JSON.stringify(name)}`);
  return { name, version: fields.get('version') ?? '', architecture: fields.get('architecture') ?? '', fields };
}

export const formatControl = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value.replaceAll('\n', '\n ')}\n`)
    .join('');
