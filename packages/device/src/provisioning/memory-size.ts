/**
 * The memory size in KiB as 4 bytes little endian. It comes so, or as the text of a number, since the Python mbl-cli
 * copies the text of the C file; four digits are text, for as a number they would be 770 GiB and more.
 *
 * @returns undefined for anything else
 */
export function memorySize(data: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(data).toString('latin1').trim();
  const isText = /^(0x[0-9a-f]{1,8}|[0-9]{1,10})u?l?$/i.test(text);
  if (!isText) return data.length === 4 ? data : undefined;
  const value = Number(text.replace(/[ul]+$/i, ''));
  if (value > 0xffff_ffff) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
