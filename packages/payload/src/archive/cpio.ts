import { ByteReader, type ByteSource } from '../byte-reader.ts';
import { payloadErrors } from '../errors.ts';
import { bareName } from './member-name.ts';

/** SVR4 "new" format with checksums, `cpio -H crc`; without, `-H newc`, is read too. */
const magicWithSum = '070702';
const magic = '070701';
const headerSize = 110;
const end = 'TRAILER!!!';
/** Names of a payload's members are those of image types. */
const longestName = 255;
const blockSize = 512;

export interface CpioMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Once; a checksum that does not fit is an error at its end. What is not read is skipped and its checksum not looked at. */
  readonly content: AsyncIterable<Uint8Array>;
}

const padding = (size: number): number => (4 - (size % 4)) % 4;
const upTo = (pieces: number, unit: number): number => (unit - (pieces % unit)) % unit;

/** The plain sum of all bytes, 32 bits. */
export function byteSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i++) sum = (sum + (bytes[i] as number)) >>> 0;
  return sum;
}

/**
 * The members of a cpio archive one after the other, none of them in memory.
 *
 * @throws MooringError `payload.malformed`, `payload.unsafe`
 */
export async function* readCpio(source: ByteSource, what: string): AsyncGenerator<CpioMember, void, undefined> {
  const reader = new ByteReader(source, what);
  const names = new Set<string>();
  try {
    for (;;) {
      const start = reader.offset;
      const header = Buffer.from(await reader.exactly(headerSize, 'the header of a member')).toString('latin1');
      const kind = header.slice(0, 6);
      if (kind !== magicWithSum && kind !== magic) throw reader.malformed(`${magicWithSum} expected`, start);
      if (!/^[0-9a-fA-F]+$/.test(header)) throw reader.malformed('a header that is not hexadecimal', start);
      const field = (index: number) => Number.parseInt(header.slice(6 + 8 * index, 14 + 8 * index), 16);
      const [mode, size, nameSize, sum] = [field(1), field(6), field(11), field(12)];
      if (nameSize < 2 || nameSize > longestName + 1) throw reader.malformed(`a name of ${nameSize} bytes`, start);
      const nameField = Buffer.from(await reader.exactly(nameSize, 'the name of a member'));
      if (nameField.indexOf(0) !== nameSize - 1)
        throw reader.malformed('a name that does not end where it should', start);
      const name = nameField.subarray(0, -1).toString('utf8');
      await reader.skip(padding(headerSize + nameSize), 'the name of a member');
      if (name === end) break;
      if ((mode & 0o170000) !== 0o100000) throw reader.malformed(`${JSON.stringify(name)} is not a file`, start);
      bareName(what, name);
      if (names.has(name)) throw reader.malformed(`${JSON.stringify(name)} is there twice`, start);
      names.add(name);
      const from = reader.offset;
      yield { name, size, content: checkedContent(reader, name, size, kind === magicWithSum ? sum : undefined) };
      await reader.skip(from + size - reader.offset, name);
      await reader.skip(padding(size), name);
    }
    for await (const piece of reader.rest()) {
      if (piece.some((byte) => byte !== 0)) throw reader.malformed('something after the end of the archive');
    }
  } finally {
    await reader.close();
  }
}

async function* checkedContent(reader: ByteReader, name: string, size: number, expected: number | undefined) {
  let sum = 0;
  for await (const piece of reader.pieces(size, name)) {
    if (expected !== undefined) sum = byteSum(piece, sum);
    yield piece;
  }
  if (expected !== undefined && sum !== expected)
    throw reader.malformed(`the checksum of ${name} is not that of its bytes`);
}

export interface CpioInput {
  readonly name: string;
  readonly size: number;
  /** `byteSum` of the content. */
  readonly sum: number;
  readonly content: ByteSource;
}

/** What 8 hexadecimal digits hold. */
const largestMember = 0xffff_ffff;

/**
 * A cpio archive with checksums as `cpio -o -H crc` writes it, padded to 512 bytes, with no time, owner or inode of this
 * machine in it: the same content gives the same bytes.
 *
 * @throws MooringError `payload.too.large`
 */
export async function* writeCpio(members: Iterable<CpioInput>): AsyncGenerator<Uint8Array, void, undefined> {
  let written = 0;
  let inode = 0;
  function* head(name: string, size: number, sum: number, mode: number) {
    const nameSize = Buffer.byteLength(name) + 1;
    // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
    const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, nameSize, sum];
    const text = magicWithSum + fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('');
    yield Buffer.concat([Buffer.from(`${text}${name}\0`), Buffer.alloc(padding(headerSize + nameSize))]);
  }
  for (const { name, size, sum, content } of members) {
    if (size > largestMember) {
      throw payloadErrors('payload.too.large', {
        message: `${name} has ${size} bytes; a payload holds ${largestMember} at most.`,
        next: 'Send what is so large in parts.',
      });
    }
    inode += 1;
    for (const part of head(name, size, sum, 0o100644)) {
      written += part.length;
      yield part;
    }
    for await (const piece of content) yield piece;
    written += size;
    const gap = padding(size);
    if (gap > 0) yield new Uint8Array(gap);
    written += gap;
  }
  inode = 0;
  for (const part of head(end, 0, 0, 0)) {
    written += part.length;
    yield part;
  }
  const rest = upTo(written, blockSize);
  if (rest > 0) yield new Uint8Array(rest);
}
