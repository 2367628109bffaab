import { createGunzip, createGzip } from 'node:zlib';
import { ByteReader, type ByteSource } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';
import { throughProgram } from './filter-program.ts';

export type CompressionName = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2';

const programs = {
  xz: { unpack: ['xz', '-dc', '-q'], pack: ['xz', '-zc', '-q', '-6', '-T1'] },
  zstd: { unpack: ['zstd', '-dc', '-q'], pack: ['zstd', '-c', '-q', '-19', '-T1'] },
  bzip2: { unpack: ['bzip2', '-dc'], pack: ['bzip2', '-c'] },
} as const;

const magics: readonly (readonly [Exclude<CompressionName, 'none'>, string])[] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
];

/** By the first six bytes. */
export function compressionOf(start: Uint8Array): CompressionName {
  const hex = Buffer.from(start.subarray(0, 6)).toString('hex');
  return magics.find(([, magic]) => hex.startsWith(magic))?.[0] ?? 'none';
}

async function* copies(source: ByteSource): AsyncGenerator<Buffer> {
  for await (const piece of source) yield Buffer.from(piece);
}

async function* throughZlib(source: ByteSource, stream: NodeJS.ReadWriteStream): AsyncGenerator<Uint8Array> {
  const { Readable, pipeline } = await import('node:stream');
  const from = Readable.from(copies(source), { objectMode: false });
  // Errors of either side end the loop below.
  pipeline(from, stream, () => undefined);
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (error) {
    const { code } = error as { code?: string };
    if (!code?.startsWith('Z_')) throw error;
    throw payloadErrors('payload.compression', {
      message: `A part of the payload that is packed with gzip is damaged: ${(error as Error).message}.`,
      next: 'Get the payload again.',
    });
  } finally {
    from.destroy();
  }
}

/**
 * Unpacks a stream, whatever it is packed with. xz, zstd and bzip2 are left to their programs: Node of the distributions
 * has none of the three.
 *
 * @throws MooringError `payload.compression`
 */
export async function* unpack(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(source, 'the payload');
  try {
    const start = await firstBytes(reader, 6);
    const all = (async function* () {
      yield start;
      yield* reader.rest();
    })();
    yield* unpackAs(compressionOf(start), all);
  } finally {
    await reader.close();
  }
}

async function firstBytes(reader: ByteReader, count: number): Promise<Uint8Array> {
  let start = Buffer.alloc(0);
  while (start.length < count) {
    const piece = await reader.some(count - start.length);
    if (piece.length === 0) break;
    start = Buffer.concat([start, piece]);
  }
  return start;
}

function unpackAs(name: CompressionName, source: ByteSource): AsyncIterable<Uint8Array> {
  if (name === 'none') return copies(source);
  return name === 'gzip' ? throughZlib(source, createGunzip()) : throughProgram(source, programs[name].unpack);
}

/** Packs a stream; the same bytes give the same bytes, with the same release of the program. */
export function pack(name: Exclude<CompressionName, 'none'>, source: ByteSource): AsyncIterable<Uint8Array> {
  return name === 'gzip' ? throughZlib(source, createGzip({ level: 9 })) : throughProgram(source, programs[name].pack);
}
