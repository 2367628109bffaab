import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDescription, parseDescription, parseLibconfig } from '../src/index.ts';

test("what MBL's writer makes is read, with all that libconfig allows", () => {
  const text = `software = { version = "0.0.0"; # a remark
    images = ( /* and
      another */ { type = "APPSv3";   filename = "APPSv3.tar.xz"; },
      { type : "ROOTFS" "v4", filename = "ROOTFSv4.ext4.gz"; compressed = "zlib" } ); };`;
  assert.deepEqual(parseDescription(text), {
    version: '0.0.0',
    images: [
      { type: 'APPSv3', filename: 'APPSv3.tar.xz' },
      { type: 'ROOTFSv4', filename: 'ROOTFSv4.ext4.gz', compressed: 'zlib' },
    ],
  });
});

test('numbers, truth and escapes of libconfig', () => {
  const found = parseLibconfig(
    'a = 12; b = 0x1FL; c = -1.5e3; d = TRUE; e = [1, 2]; f = "a\\"\\x41\\n"; g = 9007199254740993L;',
  );
  assert.deepEqual({ ...found }, { a: 12, b: 31, c: -1500, d: true, e: [1, 2], f: 'a"A\n', g: 9007199254740993n });
});

for (const [what, text, code] of [
  [
    'a type that is there twice',
    'software = { images = ( { type = "A"; filename = "a"; }, { type = "A"; filename = "b"; } ); };',
    'payload.unsupported',
  ],
  ['a script', 'software = { images = ( { type = "A"; filename = "a"; } ); scripts = ( ); };', 'payload.unsupported'],
  ['no images', 'software = { version = "1"; };', 'payload.unsupported'],
  ['a path as file name', 'software = { images = ( { type = "A"; filename = "../a"; } ); };', 'payload.unsafe'],
  ['a setting without a value', 'software = ;', 'payload.malformed'],
  ['an open group', 'software = { images = (', 'payload.malformed'],
  ['endless nesting', `a = ${'('.repeat(1000)}`, 'payload.malformed'],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => parseDescription(text), { code });
  });
}

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z0-9"\\]{0,10}$/), { minLength: 1 }), (types) => {
      const images = types.map((type, index) => ({ type, filename: `f${index}`, compressed: 'zlib' as const }));
      assert.deepEqual(parseDescription(formatDescription({ version: '0.0.0', images })).images, images);
    }),
  );
});

test('any text is read or refused in words', () => {
  const words = fc.constantFrom(
    'software',
    '=',
    '{',
    '}',
    '(',
    ')',
    ';',
    '"a"',
    'images',
    ',',
    '1',
    '#',
    '/*',
    '\\',
    '"',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((all) => all.join(' ')),
      ),
      (text) => {
        try {
          parseDescription(text);
        } catch (error) {
          assert.match((error as { code?: string }).code ?? String(error), /^payload\./);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
