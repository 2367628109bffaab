import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A piece of a program: its source in ASCII, and what V8 made of it. */
export interface Piece {
  readonly source: Uint8Array;
  readonly cache: Uint8Array;
}

interface Place {
  readonly at: number;
  readonly source: number;
  readonly cache: number;
}

/** Writes them one after the other to `pieces`, and where each is to `pieces.json`. */
export function writePieces(folder: string, pieces: ReadonlyMap<string, Piece>): void {
  const places: Record<string, Place> = {};
  let at = 0;
  for (const [name, { source, cache }] of pieces) {
    places[name] = { at, source: source.length, cache: cache.length };
    at += source.length + cache.length;
  }
  writeFileSync(
    join(folder, 'pieces'),
    Buffer.concat([...pieces.values()].flatMap(({ source, cache }) => [source, cache])),
  );
  writeFileSync(join(folder, 'pieces.json'), JSON.stringify(places));
}

export function readPieces(folder: string): Map<string, Piece> {
  const bytes = readFileSync(join(folder, 'pieces'));
  const places = JSON.parse(readFileSync(join(folder, 'pieces.json'), 'utf8')) as Record<string, Place>;
  return new Map(
    Object.entries(places).map(([name, { at, source, cache }]) => [
      name,
      { source: bytes.subarray(at, at + source), cache: bytes.subarray(at + source, at + source + cache) },
    ]),
  );
}
