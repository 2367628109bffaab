import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A piece of a program: some of its modules, in ASCII, and what V8 made of them. */
export interface Piece {
  /** As the modules require one another. */
  readonly names: readonly string[];
  /** An object of functions by name. */
  readonly source: Uint8Array;
  readonly cache: Uint8Array;
}

interface Place {
  readonly at: number;
  readonly source: number;
  readonly cache: number;
}

/** Writes them one after the other to `pieces`, and to `pieces.json` which modules are where. */
export function writePieces(folder: string, pieces: readonly Piece[]): void {
  const places: Record<string, Place> = {};
  let at = 0;
  for (const { names, source, cache } of pieces) {
    const place = { at, source: source.length, cache: cache.length };
    for (const name of names) places[name] = place;
    at += source.length + cache.length;
  }
  writeFileSync(join(folder, 'pieces'), Buffer.concat(pieces.flatMap(({ source, cache }) => [source, cache])));
  writeFileSync(join(folder, 'pieces.json'), JSON.stringify(places));
}

export function readPieces(folder: string): Piece[] {
  const bytes = readFileSync(join(folder, 'pieces'));
  const places = JSON.parse(readFileSync(join(folder, 'pieces.json'), 'utf8')) as Record<string, Place>;
  const together = Map.groupBy(Object.entries(places), ([, { at }]) => at);
  return [...together].map(([at, members]) => {
    const { source, cache } = (members[0] as [string, Place])[1];
    return {
      names: members.map(([name]) => name),
      source: bytes.subarray(at, at + source),
      cache: bytes.subarray(at + source, at + source + cache),
    };
  });
}
