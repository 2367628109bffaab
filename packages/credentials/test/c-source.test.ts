import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCSource } from '@mooring/credentials';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const one = (source: string) => {
  const [variable, ...more] = parseCSource(source, 'x.c');
  assert.equal(more.length, 0);
  assert.ok(variable, 'no variable was found');
  return variable;
};

describe('byte arrays in every spelling', () => {
  const cases: [string, string, string][] = [
    ['lower case', 'const uint8_t a[] = { 0x30, 0x82 };', '3082'],
    ['upper case, no const', 'uint8_t a[]={0X30,0XaB};', '30ab'],
    ['not padded', 'const uint8_t a[] = {0x0, 0xd};', '000d'],
    ['decimal', 'const uint8_t a[] = {0, 48, 255};', '0030ff'],
    ['octal', 'const uint8_t a[] = {010, 0377};', '08ff'],
    ['binary', 'const uint8_t a[] = {0b101};', '05'],
    ['characters', "const uint8_t a[] = {'A', '\\n', '\\'', '\\x7f', '\\0', ','};", '410a277f002c'],
    ['suffixes', 'const uint8_t a[] = {1u, 2UL, 3l, 4ull};', '01020304'],
    ['a cast and parentheses', 'const uint8_t a[] = {(uint8_t)1, (2), +3};', '010203'],
    ['a trailing comma', 'const uint8_t a[] = {1, 2,};', '0102'],
    ['one byte', 'const uint8_t a[] = {0x41};', '41'],
    ['none', 'const uint8_t a[] = {\n    \n};', ''],
    ['a size', 'const uint8_t a[4] = {1, 2};', '01020000'],
    ['a hexadecimal size', 'const uint8_t a[0x2] = {1, 2};', '0102'],
    ['unsigned char', 'static const unsigned char a[] = {1};', '01'],
    ['an attribute', 'const uint8_t a[] __attribute__((section(".rodata"), aligned(4))) = {1};', '01'],
    ['an attribute before the name', '__attribute__((used)) const uint8_t a[] = {1};', '01'],
    ['comments everywhere', 'const /* a = 1; */ uint8_t a[] // {2}\n= {1, /* 3, */ 2};', '0102'],
    ['two spaces around =', 'const uint8_t a[]  =  {\n 1\n};', '01'],
    ['CRLF', 'const uint8_t a[] = \r\n{ 0x01,\r\n 0x02 };\r\n', '0102'],
    ['CR alone', '// x\rconst uint8_t a[] = {1};\r', '01'],
    ['a byte order mark', '\ufeffconst uint8_t a[] = {1};', '01'],
    ['a line continued', 'const uint8_t a[] = {1, \\\n2};', '0102'],
    ['extern "C" as a block', 'extern "C" {\nconst uint8_t a[] = {1};\n}\n', '01'],
    ['extern "C" alone', 'extern "C" const uint8_t a[] = {1};', '01'],
  ];
  for (const [name, source, expected] of cases) {
    test(name, () => {
      const { kind, value } = one(source);
      assert.equal(kind, 'bytes');
      assert.equal(hex(value), expected);
    });
  }
});

describe('texts in every spelling', () => {
  const cases: [string, string, string][] = [
    ['plain', 'const char a[] = "dev_manufacturer";', 'dev_manufacturer'],
    ['empty', 'const char a[] = "";', ''],
    ['spaces, commas, semicolons, equals', 'const char a[] = " a, b; c = {d} ";', ' a, b; c = {d} '],
    ['a URI', 'const char a[] = "coaps://h:5684?aid=1";', 'coaps://h:5684?aid=1'],
    ['comments that are none', 'const char a[] = "/* x */ // y";', '/* x */ // y'],
    ['adjacent literals', 'const char a[] = "one " /* and */ "two"\n  "!";', 'one two!'],
    ['escapes', 'const char a[] = "\\"\\\\\\t\\101\\x42\\u00e9\\U0001F600\\?";', '"\\\tABé\u{1f600}?'],
    ['UTF-8', 'const char a[] = "Ωr";', 'Ωr'],
    ['u8', 'const char a[] = u8"x";', 'x'],
    ['a line continued', 'const char a[] = "a\\\nb";', 'ab'],
    ['a pointer', 'const char *const a = "x";', 'x'],
    ['in braces', 'const char a[] = {"x"};', 'x'],
    ['characters with their terminator', "const char a[] = {'a', 'b', 0};", 'ab'],
    ['characters without', "const char a[] = {'a', 'b'};", 'ab'],
    ['a size', 'const char a[8] = "ab";', 'ab'],
  ];
  for (const [name, source, expected] of cases) {
    test(name, () => {
      const { kind, value } = one(source);
      assert.equal(kind, 'text');
      assert.equal(Buffer.from(value).toString('utf8'), expected);
    });
  }
});

describe('numbers', () => {
  for (const [source, expected] of [
    ['const uint32_t a = 0;', '00000000'],
    ['const uint32_t a = 262144;', '00000400'],
    ['const uint32_t a = 0xFFFFFFFFu;', 'ffffffff'],
    ['const uint32_t a = (uint32_t)(64);', '40000000'],
    ["const char a = 'A';", '41000000'],
  ] as const) {
    test(source, () => {
      const { kind, value } = one(source);
      assert.equal(kind, 'number');
      assert.equal(hex(value), expected);
    });
  }
});

test('what says nothing is passed over', () => {
  const source = `#ifndef X_H
#define X_H "a;b" /* a comment that
goes on */
#define LONG a = \\
  5;
#error don't panic = 1;
#include <inttypes.h>
   #  include "x/*y.h"
extern const uint8_t a[];
typedef unsigned char byte;
enum { one = 1, two };
const uint32_t a_SIZE = sizeof(a);
const uint16_t b_bits = sizeof(b)*8;
const uint16_t c_size =
    sizeof ( c );
;;
const uint8_t a[] = {1};
#endif //X_H = 1;
`;
  assert.deepEqual(
    parseCSource(source, 'x.c').map(({ name, line }) => [name, line]),
    [['a', 17]],
  );
});

test('variables come in the order of the file, with the line of their name', () => {
  const found = parseCSource('const char b[] = "1";\n\nconst\nchar\na[] = "2";', 'x.c');
  assert.deepEqual(
    found.map(({ name, line }) => [name, line]),
    [
      ['b', 1],
      ['a', 5],
    ],
  );
});

describe('errors say file, line, variable and reason', () => {
  const cases: [string, string, string, RegExp][] = [
    ['an empty file', '', 'credentials.source.empty', /^x\.c is empty\.$/],
    ['blanks only', ' \r\n\t', 'credentials.source.empty', /empty/],
    ['a NUL', 'const char a[] = "\0";', 'credentials.source.binary', /not a C source file/],
    ['bytes that were not UTF-8', 'const \ufffd', 'credentials.source.binary', /not a C source file/],
    ['a flood', `//${'x'.repeat(1_000_001)}`, 'credentials.source.kind', /1000003 characters/],
    [
      'not hexadecimal',
      '\nuint8_t a[] = {\n0x1,\n0xzz};',
      'credentials.variable.invalid',
      /^x\.c, line 4, a: 0xzz is not a number\.$/,
    ],
    ['a word', 'uint8_t a[] = {zz};', 'credentials.variable.invalid', /line 1, a: a number is needed, not zz/],
    ['256', 'uint8_t a[] = {0x100};', 'credentials.variable.invalid', /line 1, a: 0x100 does not fit in a byte/],
    ['a negative byte', 'int8_t a[] = {-1};', 'credentials.variable.invalid', /line 1, a: the number is negative/],
    ['9 as octal', 'uint8_t a[] = {09};', 'credentials.variable.invalid', /09 is not a number/],
    ['no comma', 'uint8_t a[] = {1 2};', 'credentials.variable.invalid', /"2" follows 1/],
    ['two commas', 'uint8_t a[] = {1,,2};', 'credentials.variable.invalid', /a comma without a value/],
    ['a comma first', 'uint8_t a[] = {,1};', 'credentials.variable.invalid', /a comma without a value/],
    ['a sum', 'uint8_t a[] = {1+2};', 'credentials.variable.invalid', /"\+" follows 1/],
    ['braces in braces', 'uint8_t a[] = {{1}};', 'credentials.variable.invalid', /line 1, a/],
    ['two characters', "uint8_t a[] = {'ab'};", 'credentials.variable.invalid', /'ab' is not one byte/],
    [
      'more than the size',
      'uint8_t a[1] = {1, 2};',
      'credentials.variable.invalid',
      /2 bytes are given for an array of 1/,
    ],
    ['wide elements', 'uint16_t a[] = {1};', 'credentials.variable.invalid', /array of uint16_t/],
    ['braces for no array', 'uint8_t a = {1};', 'credentials.variable.invalid', /not an array/],
    [
      'a number for an array',
      'uint8_t a[] = 1;',
      'credentials.variable.invalid',
      /needs a text in quotes or bytes in braces/,
    ],
    ['no value', 'uint8_t a[] = ;', 'credentials.variable.invalid', /no value after the "="/],
    ['a number of 33 bits', 'uint32_t a = 0x100000000;', 'credentials.variable.invalid', /32 bits/],
    ['a name as value', 'uint32_t a = MAX;', 'credentials.variable.invalid', /a number is needed, not MAX/],
    ['a zero byte in a text', 'char a[] = "a\\0b";', 'credentials.variable.invalid', /a zero byte/],
    ['a zero byte at the end of a text', 'char a[] = "ab\\0";', 'credentials.variable.invalid', /a zero byte/],
    ['a text that is not UTF-8', 'char a[] = "\\xff";', 'credentials.variable.invalid', /not valid UTF-8/],
    ['something behind a text', 'char a[] = "a" 1;', 'credentials.variable.invalid', /"1" follows a text/],
    [
      'something behind the brace',
      'uint8_t a[] = {1} 2;',
      'credentials.variable.invalid',
      /"2" follows the closing brace/,
    ],
    [
      'defined twice',
      'char a[] = "1";\nchar a[] = "1";',
      'credentials.variable.twice',
      /line 2, a: it is already defined in line 1/,
    ],
    ['no semicolon', 'char a[] = "1"', 'credentials.source.malformed', /line 1, a: the statement has no semicolon/],
    [
      'no semicolon between two',
      'char a[] = "1"\nchar b[] = "1";',
      'credentials.source.malformed',
      /line 1, a: no semicolon .* line 2/,
    ],
    [
      'no closing brace',
      'uint8_t a[] = {1,\n2',
      'credentials.source.malformed',
      /line 1, a: the "\{" of line 1 is not closed/,
    ],
    [
      'a semicolon in the braces',
      'uint8_t a[] = {1;',
      'credentials.source.malformed',
      /the "\{" of line 1 is not closed before/,
    ],
    ['a brace too many', 'uint8_t a[] = {1}};', 'credentials.source.malformed', /"\}" closes nothing/],
    ['brackets crossed', 'uint8_t a[) = {1};', 'credentials.source.malformed', /"\)" closes nothing/],
    ['no closing quote', 'char a[] = "abc\n;', 'credentials.source.malformed', /line 1: a text has no closing "/],
    ['no closing quote at the end', 'char a[] = "abc', 'credentials.source.malformed', /a text has no closing "/],
    ['an endless comment', '\n/* x', 'credentials.source.malformed', /line 2: the comment that begins here has no end/],
    ['an unknown escape', 'char a[] = "\\q";', 'credentials.source.malformed', /\\q is not an escape/],
    ['a large escape', 'char a[] = "\\x100";', 'credentials.source.malformed', /\\x100 does not fit/],
    ['half a character', 'char a[] = "\\ud800";', 'credentials.source.malformed', /is not a character/],
    ['a wide text', 'char a[] = L"x";', 'credentials.source.malformed', /prefix L/],
    ['a raw text', 'char a[] = R"(x)";', 'credentials.source.malformed', /prefix R/],
    ['a function', 'int f(void) { return 1; }', 'credentials.source.malformed', /is not closed before the semicolon/],
    ['two variables in one statement', 'int a, b = 1;', 'credentials.source.malformed', /not a list of constants/],
    ['an array of arrays', 'char a[2][3] = "x";', 'credentials.source.malformed', /array of arrays/],
    [
      'a brace too many after extern',
      'extern "C" {\n}\n}',
      'credentials.source.malformed',
      /line 3: "\}" closes nothing/,
    ],
    ['a directive within a line', 'char a[] = #"x";', 'credentials.variable.invalid', /needs a text in quotes/],
    ['no name', '= 1;', 'credentials.source.malformed', /without the name/],
    ['signs of no language', 'a \\ b;', 'credentials.source.malformed', /has no place here/],
  ];
  for (const [name, source, code, message] of cases) {
    test(name, () =>
      assert.throws(
        () => parseCSource(source, 'x.c'),
        (error: { code: string; message: string; next?: string }) => {
          assert.equal(error.code, code);
          assert.match(error.message, message);
          assert.ok(error.next);
          return true;
        },
      ),
    );
  }
});

describe('sizes that a file can have do not exhaust anything', () => {
  for (const [name, source] of [
    ['parentheses', `char a = ${'('.repeat(300_000)}`],
    ['parentheses that are closed', `char a = ${'('.repeat(100_000)}1${')'.repeat(100_000)};`],
    ['one long text', `char a[] = "${'x'.repeat(900_000)}";`],
    ['many elements', `uint8_t a[] = {${'1,'.repeat(400_000)}};`],
    ['a long comment', `/*${' *'.repeat(400_000)}*/ char a[] = "x";`],
    ['a long line comment', `//${'\\\n'.repeat(300_000)}\nchar a[] = "x";`],
    ['blanks', `${' \n'.repeat(450_000)}char a[] = "x";`],
    ['a huge array', 'uint8_t a[4000000000] = {1};'],
  ] as const) {
    test(name, () => {
      try {
        parseCSource(source, 'x.c');
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^credentials\./);
      }
    });
  }
});
