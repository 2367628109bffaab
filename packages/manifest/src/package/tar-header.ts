export const tarBlock = 512;

const zero = Buffer.alloc(tarBlock);

export const padded = (size: number): number => Math.ceil(size / tarBlock) * tarBlock;

/** Sum of all bytes of a header, its checksum field taken as spaces (POSIX.1-1988, ustar). */
export function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < tarBlock; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] as number);
  return sum;
}

/** The header of a member: ustar, with nothing in it that depends on the machine or the time. */
export function tarHeader(name: Uint8Array, size: number, type: '0' | 'x'): Uint8Array {
  const header = Buffer.from(zero);
  header.set(name, 0);
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** One record of a pax header: `LENGTH KEY=VALUE`, where the length counts itself. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`, 'utf8');
}

/** An octal number of a header, or GNU's binary form for large ones; undefined where it is neither. */
export function tarNumber(header: Uint8Array, at: number, length: number): number | undefined {
  const field = Buffer.from(header.subarray(at, at + length));
  if (((field[0] as number) & 0x80) !== 0) {
    let value = (field[0] as number) & 0x7f;
    for (const octet of field.subarray(1)) value = value * 256 + octet;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]+)[\0 ]*$/.exec(field.toString('latin1'));
  return digits ? Number.parseInt(digits[1] as string, 8) : undefined;
}
