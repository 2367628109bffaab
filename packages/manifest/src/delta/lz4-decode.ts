import { deltaErrors } from './errors.ts';

const malformed = (at: number, reason: string) =>
  deltaErrors('delta.block.malformed', {
    message: `Byte ${at} of an LZ4 block: ${reason}.`,
    next: 'Check that the file is complete and was not changed on its way.',
    data: { offset: at },
  });

/**
 * Decodes one raw LZ4 block (lz4_Block_format.md) of any encoder.
 *
 * @param out takes the bytes; a block that holds more is refused
 * @returns how many bytes the block held
 * @throws MooringError `delta.block.malformed`
 */
export function lz4Decode(block: Uint8Array, out: Uint8Array): number {
  const end = block.length;
  let at = 0;
  let to = 0;
  for (;;) {
    if (at >= end) throw malformed(at, 'it ends where a token should be');
    const token = block[at++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) throw malformed(at, 'it ends within a length');
        more = block[at++] as number;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - at) throw malformed(at, `${literals} literals announced, ${end - at} bytes there`);
    if (literals > out.length - to) throw malformed(at, `it holds more than ${out.length} bytes`);
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    // The last sequence has no match.
    if (at === end) return to;

    if (end - at < 2) throw malformed(at, 'it ends within an offset');
    const offset = (block[at] as number) | ((block[at + 1] as number) << 8);
    if (offset === 0 || offset > to) throw malformed(at, `offset ${offset} where ${to} bytes came before`);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: number;
      do {
        if (at >= end) throw malformed(at, 'it ends within a length');
        more = block[at++] as number;
        length += more;
      } while (more === 255);
    }
    if (length > out.length - to) throw malformed(at, `it holds more than ${out.length} bytes`);
    // A match may reach into what it writes, byte by byte.
    for (let i = 0; i < length; i++) out[to + i] = out[to + i - offset] as number;
    to += length;
  }
}
