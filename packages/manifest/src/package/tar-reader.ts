import { packageErrors } from './errors.ts';
import { checksum, padded, tarBlock, tarNumber } from './tar-header.ts';

export interface TarMember {
  readonly name: string;
  /** Position of the contents in the archive. */
  readonly offset: number;
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

/**
 * The files of a tar archive (ustar and pax, as Python's tarfile writes them), in their order.
 *
 * @throws MooringError `package.not.tar`, `package.malformed` with the byte offset
 */
export function readTar(bytes: Uint8Array): TarMember[] {
  const empty = bytes.length >= tarBlock && bytes.subarray(0, tarBlock).every((byte) => byte === 0);
  if (!empty && !looksLikeTar(bytes)) {
    throw packageErrors('package.not.tar', {
      message: 'The package does not start with the header of a tar archive.',
      next: 'Name a file that manifest-package-tool made.',
    });
  }
  const members: TarMember[] = [];
  let pax: { path?: string; size?: number } = {};
  for (let at = 0; ; ) {
    const header = bytes.subarray(at, at + tarBlock);
    if (header.length < tarBlock) throw malformed(at, 'the archive ends without the two empty blocks that end one');
    if (header.every((byte) => byte === 0)) {
      if (at + 2 * tarBlock > bytes.length) throw malformed(at, 'the archive ends after one empty block of two');
      const rest = bytes.subarray(at).findIndex((byte) => byte !== 0);
      if (rest >= 0) throw malformed(at + rest, 'something follows the end of the archive');
      return members;
    }
    if (tarNumber(header, 148, 8) !== checksum(header)) throw malformed(at, 'the checksum of a header is wrong');
    const type = String.fromCharCode(header[156] as number);
    const size = (type === 'x' || type === 'g' ? undefined : pax.size) ?? tarNumber(header, 124, 12);
    const offset = at + tarBlock;
    if (size === undefined) throw malformed(at + 124, 'the size of a member is no number');
    if (size > bytes.length - offset) {
      throw malformed(at, `a member of ${size} bytes is cut off: ${bytes.length - offset} are there`);
    }
    const data = bytes.subarray(offset, offset + size);
    if (type === 'x') pax = paxFields(data, offset);
    else if (type === '0' || type === '\0' || type === '7') {
      const prefix = text(header.subarray(345, 500));
      const name = pax.path ?? (prefix ? `${prefix}/` : '') + text(header.subarray(0, 100));
      members.push({ name, offset, data });
      pax = {};
    } else if (type !== 'g') throw malformed(at + 156, 'a member is not a plain file');
    at = offset + padded(size);
  }
}
