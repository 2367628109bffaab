import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { pythonJson, recordedUrns } from '../src/settings.ts';

test('JSON as Python writes it: sorted, four spaces, ASCII, no final newline', () => {
  const text = pythonJson({ b: null, a: ['Läppä', '№', '😀', '\u007f"\\\n'], c: [] });
  assert.equal(
    text,
    '{\n    "a": [\n        "L\\u00e4pp\\u00e4",\n        "\\u2116",\n        "\\ud83d\\ude00",\n        "\\u007f\\"\\\\\\n"\n    ],\n    "b": null,\n    "c": []\n}',
  );
});

test('what was written is read back, in ASCII', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
      const text = pythonJson(value);
      assert.match(text, /^[\n -~]*$/);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('any content of the settings file gives URNs or a sentence that names the file', () => {
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ deviceURNs: fc.jsonValue() }).map((v) => JSON.stringify(v)),
  );
  fc.assert(
    fc.property(content, (text) => {
      try {
        assert.ok(recordedUrns(text).every((urn) => typeof urn === 'string'));
      } catch (error) {
        assert.ok(isMooringError(error) && error.message.startsWith('.manifest_tool.json '), String(error));
      }
    }),
  );
});
