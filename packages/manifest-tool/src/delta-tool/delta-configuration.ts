import { createHash } from 'node:crypto';
import { join, parse } from 'node:path';

/** Beside the delta, under its name with `.yaml` for what follows the last dot: manifest-tool reads it from there. */
export function configurationPath(deltaPath: string): string {
  const { dir, name } = parse(deltaPath);
  return join(dir, `${name}.yaml`);
}

/** The text of a digest as the 2.x tools have it: base64 of its base64, and each of their readers undoes both. */
function digestText(image: Uint8Array): string {
  const once = createHash('sha256').update(image).digest('base64');
  return Buffer.from(once, 'latin1').toString('base64');
}

/** What manifest-tool has to know of a delta: the installed image it makes, and the one it can be applied to. */
export function deltaConfiguration(old: Uint8Array, image: Uint8Array): string {
  return `installed-digest: !!binary |
  ${digestText(image)}
installed-size: ${image.length}
precursor-digest: !!binary |
  ${digestText(old)}
`;
}
