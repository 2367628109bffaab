/** A file of an archive. */
export interface TarEntry {
  /** At most 100 bytes, in ASCII. */
  name: string;
  data: Uint8Array;
  /** Permission bits. */
  mode: number;
}

const block = 512;

/** A tar archive in the ustar form (POSIX.1-2008, pax), of plain files that belong to root and have no time. */
export function ustar(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap(({ name, data, mode }) => {
    const padding = (block - (data.length % block)) % block;
    return [header(name, data.length, mode), data, new Uint8Array(padding)];
  });
  // Two empty blocks are the end.
  return Buffer.concat([...parts, new Uint8Array(2 * block)]);
}

function header(name: string, size: number, mode: number): Buffer {
  if (!/^[\x20-\x7e]{1,100}$/.test(name)) throw new RangeError(`${JSON.stringify(name)} does not fit a tar header`);
  const fields = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number) =>
    fields.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  fields.write(name, 0, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  // The checksum is made as if it were eight spaces.
  fields.write('        ', 148, 'latin1');
  fields.write('0', 156, 'latin1');
  fields.write('ustar\x0000', 257, 'latin1');
  const sum = fields.reduce((total, byte) => total + byte, 0);
  fields.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return fields;
}
