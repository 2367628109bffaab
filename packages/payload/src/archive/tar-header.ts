export const tarBlock = 512;

export const tarPadding = (size: number): number => (tarBlock - (size % tarBlock)) % tarBlock;

/** Sum of all bytes of a header, its checksum field taken as spaces (POSIX.1-1988, ustar). */
export function tarChecksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < tarBlock; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] as number);
  return sum;
}

/** An octal number of a header, or GNU's binary form for large ones; undefined where it is neither. */
export function tarNumber(header: Uint8Array, at: number, length: number): number | undefined {
  const field = Buffer.from(header.subarray(at, at + length));
  if (((field[0] as number) & 0x80) !== 0) {
    let value = (field[0] as number) & 0x7f;
    for (const octet of field.subarray(1)) value = value * 256 + octet;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]*)[\0 ]*$/.exec(field.toString('latin1'));
  return digits ? Number.parseInt(digits[1] || '0', 8) : undefined;
}

/** Text of a header's field, up to its first zero. */
export function tarText(header: Uint8Array, at: number, length: number): string {
  const field = Buffer.from(header.subarray(at, at + length));
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

/** Records `LENGTH KEY=VALUE` of a pax header; undefined where it makes no sense. */
export function paxRecords(data: Uint8Array): Map<string, string> | undefined {
  const found = new Map<string, string>();
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; ) {
    const head = /^(\d{1,8}) ([^=\n]+)=/.exec(bytes.subarray(at, at + 120).toString('latin1'));
    const length = Number(head?.[1]);
    const fits = head && length > head[0].length && at + length <= bytes.length && bytes[at + length - 1] === 0x0a;
    if (!fits) return undefined;
    found.set(head[2] as string, bytes.subarray(at + head[0].length, at + length - 1).toString('utf8'));
    at += length;
  }
  return found;
}
