// The C parser of Arm's mbl-cli 2.0.1, rebuilt from what it was seen doing, as a judge of the files that we write.

export interface OldKind {
  marker: string;
  prefix: string;
}

export const oldDeveloperKind: OldKind = { marker: '#include <inttypes.h>', prefix: 'MBED_CLOUD_DEV_' };
export const oldUpdateKind: OldKind = { marker: '#include <stdint.h>', prefix: 'arm_uc_' };

export class OldParserFailure extends Error {}

const lost = new Set(['{', '}', ' ', '\\', 'r']);

function stripped(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && lost.has(text[from] as string)) from++;
  while (to > from && lost.has(text[to - 1] as string)) to--;
  return text.slice(from, to);
}

function hexByte(text: string): number {
  if (!/^(0[xX])?[0-9a-fA-F]+$/.test(text)) throw new OldParserFailure(`invalid literal: ${text}`);
  const value = Number.parseInt(text.replace(/^0[xX]/, ''), 16);
  if (value > 0xff) throw new OldParserFailure('unsigned byte integer is greater than maximum');
  return value;
}

function oldValue(written: string): Uint8Array {
  const values = stripped(written.replaceAll(" '", '').replaceAll('"', '').replaceAll(' ', '')).split(',');
  if (values.length > 1) return Uint8Array.from(values, hexByte);
  return new Uint8Array(Buffer.from(values[0] ?? '', 'utf8'));
}

/** Variable names and what would go into their .bin files. */
export function oldParse(source: string, { marker, prefix }: OldKind): Map<string, Uint8Array> {
  const parts = source.trim().split(marker);
  if (parts.length !== 2) throw new OldParserFailure(`${parts.length} parts around the marker`);
  const found = new Map<string, Uint8Array>();
  for (const piece of (parts[1] as string).split(';')) {
    const statement = piece.replaceAll('\n', '');
    if (!statement.includes('=')) continue;
    const sides = statement.split(' = ');
    if (sides.length !== 2) throw new OldParserFailure(`${sides.length} parts around " = "`);
    const [left, right] = sides as [string, string];
    if (right.includes('sizeof(')) continue;
    const begin = left.indexOf(prefix);
    if (begin < 0) throw new OldParserFailure('var match not found');
    found.set(left.slice(begin).replaceAll('[]', '').trim(), oldValue(right));
  }
  return found;
}
