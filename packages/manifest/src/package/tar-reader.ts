import type { RandomAccess } from '@mooring/platform';
import { packageErrors } from './errors.ts';
import { checksum, padded, tarBlock, tarNumber } from './tar-header.ts';

export interface TarEntry {
  readonly name: string;
  /** Position of the contents in the archive. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

export interface TarMember extends TarEntry {
  /** A view on the archive. */
  readonly data: Uint8Array;
}

const malformed = (offset: number, reason: string) =>
  packageErrors('package.malformed', {
    message: `Byte ${offset} of the package: ${reason}.`,
    next: 'Check that the file is complete, or make it again with manifest-package-tool create.',
    data: { offset },
  });

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
};

/** The size and name that a pax header gives to the member after it; its other records have no meaning here. */
function paxFields(data: Uint8Array, offset: number): { path?: string; size?: number } {
  const fields: { path?: string; size?: number } = {};
  for (let at = 0; at < data.length; ) {
    const head = /^(\d{1,8}) ([^=\n]+)=/.exec(Buffer.from(data.subarray(at, at + 80)).toString('latin1'));
    const length = Number(head?.[1]);
    if (!head || length < head[0].length + 1 || at + length > data.length || data[at + length - 1] !== 0x0a) {
      throw malformed(offset + at, 'a pax header without sense');
    }
    const value = Buffer.from(data.subarray(at + head[0].length, at + length - 1)).toString('utf8');
    if (head[2] === 'path') fields.path = value;
    if (head[2] === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw malformed(offset + at, 'a size that is no number');
      fields.size = Number(value);
    }
    at += length;
  }
  return fields;
}

/** Whether this could be a tar archive: whether its first block is a header. */
export const looksLikeTar = (bytes: Uint8Array): boolean =>
  bytes.length >= tarBlock && tarNumber(bytes, 148, 8) === checksum(bytes);

/** Bytes of the archive that the reading needs next; answered with exactly these. */
export interface Wanted {
  readonly position: number;
  readonly length: number;
}

/** Blocks that are looked at together behind the end. */
const restPiece = 64 * 1024;

function* checkRest(at: number, archiveSize: number): Generator<Wanted, void, Uint8Array> {
  if (at + 2 * tarBlock > archiveSize) throw malformed(at, 'the archive ends after one empty block of two');
  for (let position = at; position < archiveSize; position += restPiece) {
    const bytes = yield { position, length: Math.min(restPiece, archiveSize - position) };
    const rest = bytes.findIndex((byte) => byte !== 0);
    if (rest >= 0) throw malformed(position + rest, 'something follows the end of the archive');
  }
}

/** A pax header is small; a larger one would only cost memory. */
const largestPax = 1024 * 1024;

/**
 * Walks through a tar archive (ustar and pax, as Python's tarfile writes them) step by step, so that it need not be in
 * memory: only headers are read.
 *
 * @throws MooringError `package.not.tar`, `package.malformed` with the byte offset
 */
export function* walkTar(archiveSize: number): Generator<Wanted, TarEntry[], Uint8Array> {
  const entries: TarEntry[] = [];
  let pax: { path?: string; size?: number } = {};
  for (let at = 0; ; ) {
    const header: Uint8Array =
      at + tarBlock <= archiveSize ? (yield { position: at, length: tarBlock }).slice() : new Uint8Array();
    const isEmpty = header.every((byte) => byte === 0);
    if (at === 0 && !(header.length > 0 && isEmpty) && !looksLikeTar(header)) {
      throw packageErrors('package.not.tar', {
        message: 'The package does not start with the header of a tar archive.',
        next: 'Name a file that manifest-package-tool made.',
      });
    }
    if (header.length === 0) throw malformed(at, 'the archive ends without the two empty blocks that end one');
    if (isEmpty) {
      yield* checkRest(at, archiveSize);
      return entries;
    }
    if (tarNumber(header, 148, 8) !== checksum(header)) throw malformed(at, 'the checksum of a header is wrong');
    const type = String.fromCharCode(header[156] as number);
    const size = (type === 'x' || type === 'g' ? undefined : pax.size) ?? tarNumber(header, 124, 12);
    const offset = at + tarBlock;
    if (size === undefined) throw malformed(at + 124, 'the size of a member is no number');
    if (size > archiveSize - offset) {
      throw malformed(at, `a member of ${size} bytes is cut off: ${archiveSize - offset} are there`);
    }
    if (type === 'x') {
      if (size > largestPax) throw malformed(at, `a pax header of ${size} bytes`);
      pax = size === 0 ? {} : paxFields(yield { position: offset, length: size }, offset);
    } else if (type === '0' || type === '\0' || type === '7') {
      const prefix = text(header.subarray(345, 500));
      const name = pax.path ?? (prefix ? `${prefix}/` : '') + text(header.subarray(0, 100));
      entries.push({ name, offset, size });
      pax = {};
    } else if (type !== 'g') throw malformed(at + 156, 'a member is not a plain file');
    at = offset + padded(size);
  }
}

/**
 * The files of a tar archive in memory, in their order.
 *
 * @throws MooringError `package.not.tar`, `package.malformed` with the byte offset
 */
export function readTar(bytes: Uint8Array): TarMember[] {
  const steps = walkTar(bytes.length);
  let step = steps.next();
  while (!step.done) step = steps.next(bytes.subarray(step.value.position, step.value.position + step.value.length));
  return step.value.map((entry) => ({ ...entry, data: bytes.subarray(entry.offset, entry.offset + entry.size) }));
}

/** The same of a file: what is in memory at a time is a header. */
export async function readTarFrom(source: RandomAccess): Promise<TarEntry[]> {
  const steps = walkTar(source.size);
  let step = steps.next();
  while (!step.done) step = steps.next(await source.read(step.value.position, step.value.length));
  return step.value;
}
