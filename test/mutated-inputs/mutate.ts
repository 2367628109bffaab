/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Tags, lengths, and what C and tar take for special: where decoders are hurt. */
const special = [
  ...[0x00, 0x01, 0x02, 0x04, 0x06, 0x0a, 0x0c, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x85, 0x88, 0xa0, 0xfe, 0xff],
  ...Buffer.from('"\'\\/*{}[]=;,#\n\r-9x'),
];

/** One to four changes of one of the seeds: bits, bytes, cuts, insertions, pieces of it or of another one elsewhere. */
export function mutated(seeds: readonly Uint8Array[], random: (below: number) => number): Uint8Array {
  const pick = () => seeds[random(seeds.length)] as Uint8Array;
  let bytes = Buffer.from(pick());
  for (let changes = 1 + random(4); changes > 0; changes--) {
    // Half of them at the start, where headers are.
    const at = random(random(2) === 0 ? Math.min(bytes.length + 1, 64) : bytes.length + 1);
    const size = 1 + random(random(3) === 0 ? 400 : 8);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = special[random(special.length)] as number;
        break;
      case 2:
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 3:
        bytes = Buffer.concat([head, tail.subarray(size)]);
        break;
      case 4:
        bytes = Buffer.concat([head, Buffer.alloc(size, special[random(special.length)]), tail]);
        break;
      case 5:
        bytes = Buffer.concat([head, tail.subarray(0, size), tail]);
        break;
      case 6: {
        const other = pick();
        const from = random(other.length + 1);
        bytes = Buffer.concat([head, other.subarray(from, from + size), tail]);
        break;
      }
      default:
        bytes = Buffer.from(head);
    }
  }
  return bytes;
}
