// What Python's json and PyYAML write and say, taken from the real ones (3.11, 6.0.3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { JsonDecodeError, type PythonJson, readJson, writeJson } from '../src/python/json.ts';
import { dumpYaml } from '../src/python/yaml.ts';
import { pyYamlTypes } from '../src/python/yaml-types.ts';

const refusals: [text: string, message: string][] = [
  ['{bad', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
  ['', 'Expecting value: line 1 column 1 (char 0)'],
  ['{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"],
  ['[1\n 2]', "Expecting ',' delimiter: line 2 column 2 (char 4)"],
  ['"a', 'Unterminated string starting at: line 1 column 1 (char 0)'],
  ['"\\x"', 'Invalid \\escape: line 1 column 2 (char 1)'],
  ['{} x', 'Extra data: line 1 column 4 (char 3)'],
  ['"a\nb"', 'Invalid control character at: line 1 column 3 (char 2)'],
];
for (const [text, message] of refusals) {
  test(`JSON ${JSON.stringify(text)} is refused with Python's words`, () => {
    assert.throws(() => readJson(text), { message });
  });
}

test('JSON keeps integers of any size', () => {
  assert.equal(writeJson(readJson('{"t": 36029896530722828}')), '{"t": 36029896530722828}');
});

test('JSON that is written is read back the same, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
      fc.constantFrom(undefined, 4),
      (value, indent) => {
        const text = writeJson(value as PythonJson, indent);
        assert.match(text, /^[\x20-\x7e\n]*$/);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(writeJson(readJson(text), indent), text);
      },
    ),
  );
});

test('JSON: any text is read or refused in a sentence', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      try {
        readJson(text);
      } catch (error) {
        assert.ok(error instanceof JsonDecodeError);
      }
    }),
  );
});

const scalars: [text: string, yaml: string][] = [
  ['', "''"],
  ['plain', 'plain'],
  ['123', "'123'"],
  ['1.2.3', '1.2.3'],
  ['1.5', "'1.5'"],
  ['yes', "'yes'"],
  ['2001-01-01', "'2001-01-01'"],
  ['http://a.b/c?d=1', 'http://a.b/c?d=1'],
  ['a: b', "'a: b'"],
  ["it's #1", "'it''s #1'"],
  ["it's", "it's"],
  ['- a', "'- a'"],
  [' a', "' a'"],
  ['a\nb\n', "'a\n\n    b\n\n    '"],
  ['héllo {"a":1}\n', '"h\\xE9llo {\\"a\\":1}\\n"'],
  ['\u0000\u0085\u2028😀', '"\\0\\N\\L\\U0001F600"'],
  ['\u0002'.repeat(32), `"${'\\x02'.repeat(17)}\\\n    ${'\\x02'.repeat(15)}"`],
];
for (const [text, yaml] of scalars) {
  test(`YAML ${JSON.stringify(text)} has the style that PyYAML chooses`, () => {
    assert.equal(dumpYaml({ manifest: { 'vendor-data': text } }), `manifest:\n  vendor-data: ${yaml}\n`);
  });
}

test('YAML that is written is read back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.bigInt(), (text, number) => {
      fc.pre(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff]/.test(text));
      const back = parseYaml(dumpYaml({ a: { text, list: [{ text }], none: [] }, number }), {
        version: '1.1',
        customTags: pyYamlTypes,
        intAsBigInt: true,
      });
      assert.deepEqual(back, { a: { text, list: [{ text }], none: [] }, number });
    }),
  );
});

const types: [yaml: string, value: unknown][] = [
  ['y', 'y'],
  ['n', 'n'],
  ['yes', true],
  ['off', false],
  ['.', '.'],
  ['12345678901234567890123456789e12', '12345678901234567890123456789e12'],
  ['1.5', 1.5],
  ['1.5e3', '1.5e3'],
  ['1.5e+3', 1500],
  ['0x10', 16],
  ['1:30', 90],
  ['~', null],
  ['!!binary YWI=', Buffer.from('ab')],
];
for (const [yaml, value] of types) {
  test(`YAML ${yaml} is read as PyYAML reads it`, () => {
    const found = parseYaml(`a: ${yaml}`, { version: '1.1', customTags: pyYamlTypes }).a;
    assert.deepEqual(found instanceof Uint8Array ? Buffer.from(found) : found, value);
  });
}
