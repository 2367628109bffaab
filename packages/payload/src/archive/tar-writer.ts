import type { ByteSource } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';
import { tarBlock, tarChecksum, tarPadding } from './tar-header.ts';

export interface TarInput {
  readonly path: string;
  readonly kind?: 'file' | 'folder' | 'symbolic link';
  /** Permission bits; 0644, of folders 0755. */
  readonly mode?: number;
  readonly target?: string;
  /** Bytes of the content. */
  readonly size?: number;
  readonly content?: ByteSource;
}

const types = { file: '0', folder: '5', 'symbolic link': '2' } as const;

function header(path: string, type: string, mode: number, size: number, target: string): Uint8Array {
  const block = Buffer.alloc(tarBlock);
  block.write(path, 0, 100, 'utf8');
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(target, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${tarChecksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`, 'utf8');
}

const fits = (text: string): boolean => Buffer.byteLength(text) <= 100;
/** Where octal digits end. */
const largestPlain = 0o77777777777;

/** A tar archive (ustar, pax where it has to be) without time or owner: the same content gives the same bytes. */
export async function* writeTar(
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { path, kind = 'file', target = '', size = 0, content = [], ...more } of entries) {
    const mode = more.mode ?? (kind === 'folder' ? 0o755 : kind === 'file' ? 0o644 : 0o777);
    const name = kind === 'folder' ? `${path}/` : path;
    const records = [
      ...(fits(name) ? [] : [paxRecord('path', name)]),
      ...(fits(target) ? [] : [paxRecord('linkpath', target)]),
      ...(size <= largestPlain ? [] : [paxRecord('size', String(size))]),
    ];
    if (records.length > 0) {
      const data = Buffer.concat(records);
      yield header('PaxHeader', 'x', 0o644, data.length, '');
      yield Buffer.concat([data, Buffer.alloc(tarPadding(data.length))]);
    }
    yield header(name, types[kind], mode, size <= largestPlain ? size : 0, target);
    let written = 0;
    for await (const piece of content) {
      written += piece.length;
      yield piece;
    }
    if (written !== size) {
      throw payloadErrors('payload.input', {
        message: `${path} has changed while it was read: ${written} bytes in place of ${size}.`,
        next: 'Repeat once nothing else changes it.',
      });
    }
    if (tarPadding(size) > 0) yield new Uint8Array(tarPadding(size));
  }
  yield new Uint8Array(2 * tarBlock);
}
