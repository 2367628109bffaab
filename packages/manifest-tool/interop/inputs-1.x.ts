import fc from 'fast-check';

const id = fc.stringMatching(/^[0-9a-f]{32}$/);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((value) => value.trim() !== '');
const seconds = fc.integer({ min: 1_480_000_000, max: 1_700_000_000 });

const short = {
  vendorId: id,
  classId: id,
  deviceId: id,
  description: text,
  applyImmediately: fc.boolean(),
  payloadUri: fc.webUrl(),
  storageIdentifier: text,
  encryptionMode: fc.constantFrom('none-ecc-secp256r1-sha256', 'none-none-sha256'),
};

const long = fc.record(
  {
    applyPeriod: fc.tuple(seconds, seconds).map(([a, b]) => ({ validFrom: Math.min(a, b), validTo: Math.max(a, b) })),
    aliases: fc.array(
      fc.webUrl().map((uri) => ({ file: 'fw.bin', uri })),
      { maxLength: 3 },
    ),
    dependencies: fc.array(
      fc.oneof(
        fc.constant({ file: 'fw.bin' }),
        fc.webUrl().map((uri) => ({ file: 'fw.bin', uri })),
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

/** JSON inputs of `create`, any of the values there or not; nonce and time are given, so that two tools can make one manifest. */
export const inputsWith = (more: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  fc
    .tuple(fc.record({ ...short, ...more }, { requiredKeys: [] }), long, fc.record({ nonce: id, timestamp: seconds }))
    .map(([values, longer, fixed]) => ({ ...values, resource: { resource: { manifest: { ...longer, ...fixed } } } }));

/** Options of `create` beside `-p` and `-i`. */
export const options = fc
  .record({
    url: fc.option(fc.webUrl()),
    key: fc.boolean(),
    form: fc.constantFrom([], ['-x'], ['-C'], ['-x', '-C'], ['-c', 'der'], ['-v', '1']),
  })
  .map(({ url, key, form }) => ({
    argv: [...(url === null ? [] : ['-u', url]), ...(key ? ['-k', 'update.key.pem'] : []), ...form],
    form,
  }));

/** The manifest in an output of `create`: as it is, hexadecimal, or as C. */
export function manifestIn(output: Uint8Array, form: readonly string[]): Uint8Array {
  const bytes = form.includes('-C')
    ? Buffer.from(
        (
          Buffer.from(output)
            .toString('latin1')
            .match(/0x[0-9a-f]{2}/g) ?? []
        ).map(Number),
      )
    : output;
  return form.includes('-x') ? Buffer.from(Buffer.from(bytes).toString('latin1'), 'hex') : bytes;
}
