import { ByteReader, type ByteSource } from '../byte-reader.ts';
import { memberPath, Placement } from './member-name.ts';
import { paxRecords, tarBlock, tarChecksum, tarNumber, tarPadding, tarText } from './tar-header.ts';

export interface TarEntry {
  /** Below the folder where the archive is unpacked, without `./` before and `/` behind; empty for that folder. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symbolic link' | 'hard link' | 'device';
  /** Permission bits. */
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
  /** Of links: the text of a symbolic one, the path of a hard one's file. */
  readonly target?: string;
  /** Bytes; 0 for what is no file. */
  readonly size: number;
  /** Once; what is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'folder',
  '2': 'symbolic link',
  '1': 'hard link',
  '3': 'device',
  '4': 'device',
  '6': 'device',
};

/** Names and their like; what is longer is no archive of files. */
const largestExtension = 64 * 1024;

interface Extension {
  path?: string | undefined;
  target?: string | undefined;
  size?: number | undefined;
}

/**
 * The entries of a tar archive (ustar, pax, GNU's long names) one after the other, none of them in memory. Every name is
 * below the archive's folder, none is there twice, nothing lies below a link, and no relative link leads out.
 *
 * @throws MooringError `payload.malformed`, `payload.unsafe`
 */
export async function* readTar(source: ByteSource, what: string): AsyncGenerator<TarEntry, void, undefined> {
  const reader = new ByteReader(source, what);
  const placement = new Placement(what);
  let extension: Extension = {};
  try {
    for (;;) {
      const start = reader.offset;
      const header = Buffer.from(await reader.exactly(tarBlock, 'a header'));
      if (header.every((byte) => byte === 0)) break;
      if (tarNumber(header, 148, 8) !== tarChecksum(header))
        throw reader.malformed('a header with a wrong checksum', start);
      const said = tarNumber(header, 124, 12);
      const type = String.fromCharCode(header[156] as number);
      if (said === undefined || said < 0) throw reader.malformed('a size without sense', start);
      if ('xgLK'.includes(type)) {
        if (said > largestExtension) throw reader.malformed(`a header of ${said} bytes`, start);
        const data = (await reader.exactly(said, 'a header')).slice();
        await reader.skip(tarPadding(said), 'a header');
        if (type !== 'g') extension = { ...extension, ...extensionOf(reader, start, type, data) };
        continue;
      }
      const kind = kinds[type];
      if (!kind) throw reader.malformed(`a member of the unknown type ${JSON.stringify(type)}`, start);
      const entry = entryOf(reader, start, header, kind, extension, extension.size ?? said);
      extension = {};
      const { path, target } = entry;
      if (kind === 'hard link' && !placement.hasFile(target ?? '')) {
        throw reader.malformed(
          `${JSON.stringify(path)} is a link to ${JSON.stringify(target)}, which did not come before`,
          start,
        );
      }
      placement.add(path, placeOf(kind), kind === 'symbolic link' ? (target ?? '') : undefined);
      const from = reader.offset;
      yield { ...entry, content: reader.pieces(entry.size, path) };
      await reader.skip(from + entry.size + tarPadding(entry.size) - reader.offset, path);
    }
    for await (const _ of reader.rest());
  } finally {
    await reader.close();
  }
}

const placeOf = (kind: TarEntry['kind']): 'folder' | 'file' | 'link' =>
  kind === 'folder' ? 'folder' : kind === 'symbolic link' ? 'link' : 'file';

function extensionOf(reader: ByteReader, start: number, type: string, data: Uint8Array): Extension {
  const text = tarText(data, 0, data.length);
  if (type === 'L') return { path: text };
  if (type === 'K') return { target: text };
  const records = paxRecords(data);
  if (!records) throw reader.malformed('a pax header without sense', start);
  const size = records.get('size');
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw reader.malformed('a size that is no number', start);
  return {
    ...(records.has('path') ? { path: records.get('path') } : {}),
    ...(records.has('linkpath') ? { target: records.get('linkpath') } : {}),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

function entryOf(
  reader: ByteReader,
  start: number,
  header: Buffer,
  kind: TarEntry['kind'],
  extension: Extension,
  size: number,
): Omit<TarEntry, 'content'> {
  const isUstar = header.subarray(257, 262).toString('latin1') === 'ustar' && header[262] === 0;
  const prefix = isUstar ? tarText(header, 345, 155) : '';
  const name = extension.path ?? (prefix ? `${prefix}/${tarText(header, 0, 100)}` : tarText(header, 0, 100));
  const link = extension.target ?? tarText(header, 157, 100);
  const [mode, owner, group] = [tarNumber(header, 100, 8), tarNumber(header, 108, 8), tarNumber(header, 116, 8)];
  if (mode === undefined || owner === undefined || group === undefined) {
    throw reader.malformed('a mode or an owner without sense', start);
  }
  const isLink = kind === 'symbolic link' || kind === 'hard link';
  return {
    path: memberPath(reader.what, name),
    kind,
    mode: mode & 0o7777,
    owner,
    group,
    ...(isLink ? { target: kind === 'hard link' ? memberPath(reader.what, link) : link } : {}),
    size: kind === 'file' ? size : 0,
  };
}
