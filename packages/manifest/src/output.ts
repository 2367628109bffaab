/** Lower-case hex without a newline, as `create -x` writes it. */
export const hexOutput = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const perLine = 19;

/** C source as `create -C` writes it: 19 bytes a line, 120 columns. With `-x` as well, give it the bytes of the hex text. */
export function cOutput(bytes: Uint8Array): string {
  const elements = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const lines: string[] = [];
  for (let at = 0; at < elements.length; at += perLine)
    lines.push(`    ${elements.slice(at, at + perLine).join(', ')}`);
  return `#include <stdint.h>\nuint8_t manifest[] = {\n${lines.join(',\n')}\n};\n`;
}
