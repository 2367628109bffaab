import { writeIpk } from '../src/index.ts';

export const bytes = async (source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part.slice());
  return Buffer.concat(parts);
};

/** In pieces of this many bytes, of one buffer that is used again and again, as files are read. */
export function* pieces(whole: Uint8Array, size: number): Generator<Uint8Array> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < whole.length; at += size) {
    const part = whole.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
}

export const bundle = (program: string) => {
  const config = Buffer.from(JSON.stringify({ ociVersion: '1.0.0', root: { path: 'rootfs' }, program }));
  const file = Buffer.from(program);
  return [
    { path: 'config.json', size: config.length, content: [config] },
    { path: 'rootfs', kind: 'folder' },
    { path: 'rootfs/bin', kind: 'folder' },
    { path: 'rootfs/bin/run', mode: 0o755, size: file.length, content: [file] },
    { path: 'rootfs/run', kind: 'symbolic link', target: 'bin/run' },
  ] as const;
};

export const ipk = (name: string, program = name): Promise<Uint8Array> =>
  writeIpk(
    { Package: name, Version: '1.0', Architecture: 'any', Description: 'see https://example.com: it says more' },
    bundle(program),
  );
