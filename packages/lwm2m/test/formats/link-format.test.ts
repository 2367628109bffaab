import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLinks, parseLinks } from '../../src/index.ts';
import { textOf, utf8 } from '../bytes.ts';

const parsed = (text: string) =>
  parseLinks(utf8(text)).map(({ target, attributes }) => [target, Object.fromEntries(attributes)]);

test('attributes with and without values, quoted and bare', () => {
  assert.deepEqual(parsed('</3/0>;ver=1.1;pmin=10;gt=-1.5,</a,b>;title="a,b;<c>";obs , <http://x/?a=b>;v="q\\"\\\\"'), [
    ['/3/0', { ver: '1.1', pmin: '10', gt: '-1.5' }],
    ['/a,b', { title: 'a,b;<c>', obs: true }],
    ['http://x/?a=b', { v: 'q"\\' }],
  ]);
  assert.deepEqual(parsed(''), []);
  assert.deepEqual(parsed('</>;v="Ö"'), [['/', { v: 'Ö' }]]);
  assert.deepEqual(parsed('</1>;a=1;a=2'), [['/1', { a: '1' }]]);
});

test('what is written is read again', () => {
  const links = [
    {
      target: '/3/0/0',
      attributes: new Map<string, string | true>([
        ['rt', '1'],
        ['v', 'a"b\\c,;<>'],
        ['obs', true],
      ]),
    },
    {
      target: '/',
      attributes: new Map<string, string | true>([
        ['ct', '110 112'],
        ['pmin', '5'],
      ]),
    },
  ];
  const text = formatLinks(links);
  assert.equal(textOf(text), '</3/0/0>;rt="1";v="a\\"b\\\\c,;<>";obs,</>;ct="110 112";pmin=5');
  assert.deepEqual(parseLinks(text), links);
});

test('what is no link format is refused with its place', () => {
  const cases: [string, RegExp][] = [
    ['/3', /a link begins with < at character 0/],
    ['</3', /a link is not closed at character 1/],
    ['</3>;', /an attribute has no name at character 5/],
    ['</3>;v=', /"v" has no value/],
    ['</3>;v="a', /a quotation mark is not closed/],
    ['</3>;v="a\\', /a quotation mark is not closed/],
    ['</3>,', /a link begins with < at character 5/],
    ['</3></4>', /something stands between two links/],
  ];
  for (const [text, message] of cases) assert.throws(() => parsed(text), { message }, text);
});
