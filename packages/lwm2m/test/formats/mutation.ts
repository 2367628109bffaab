import fc from 'fast-check';

interface Edit {
  kind: 'flip' | 'set' | 'cut' | 'insert' | 'copy' | 'end';
  at: number;
  value: number;
  size: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'copy', 'end'),
  at: fc.nat(1000),
  value: fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0x08, 0x22, 0x2c, 0x3b, 0x5c, 0x7f, 0x81, 0x9f, 0xbf, 0xc4, 0xff)),
  size: fc.integer({ min: 1, max: 24 }),
});

function edited(input: Uint8Array, { kind, at: anywhere, value, size }: Edit): Uint8Array {
  const at = input.length === 0 ? 0 : anywhere % input.length;
  const [head, tail] = [input.subarray(0, at), input.subarray(at)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([head, Uint8Array.of((tail[0] ?? 0) ^ (1 << (value & 7))), tail.subarray(1)]);
    case 'set':
      return Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)]);
    case 'cut':
      return Buffer.concat([head, tail.subarray(size)]);
    case 'insert':
      return Buffer.concat([head, new Uint8Array(size).fill(value), tail]);
    case 'copy':
      return Buffer.concat([head, tail.subarray(0, size), tail]);
    case 'end':
      return head;
  }
}

/** Samples with one to four small changes, and now and then bytes of no meaning. */
export function mutations(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changed = fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([sample, edits]) => edits.reduce(edited, sample));
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) });
}

/** Runs of one property; a longer search takes MOORING_FUZZ_RUNS. */
export const fuzzRuns = (usual: number): number => Number(process.env.MOORING_FUZZ_RUNS ?? usual);
